"""One journal, told to two kinds of clients."""

from typing import Any

import orjson

from chat_app.store.run_events import StoredEvent
from chat_app.streaming import dialects, events
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.events import Event

RUN = RunRef(7, "0190-run", "0190-session", "0190-question", "0190-reply")
KEYS = [
    "type",
    "content",
    "session_id",
    "message_id",
    "reply_id",
    "metadata",
    "finish_reason",
    "error",
]


def told(event: Event) -> dict[str, Any]:
    frame = dialects.agent_chat(RUN, StoredEvent(7, 3, *events.encode(event)))
    head, _, data = frame.decode().removesuffix("\n\n").partition("\ndata: ")
    assert head == "id: 0190-run:3"
    payload: dict[str, Any] = orjson.loads(data)
    assert list(payload)[: len(KEYS)] == KEYS
    return {key: value for key, value in payload.items() if value is not None}


IDS = {"session_id": "0190-session", "message_id": "0190-question"}


def test_the_channel_dialect_is_the_journal_with_an_id() -> None:
    event = StoredEvent(7, 3, "chunk", '{"type":"chunk","content":"世","done":false}')
    frame = dialects.channel(RUN, event)
    assert frame.decode() == f"id: 0190-run:3\ndata: {event.data}\n\n"


def test_text_is_content() -> None:
    assert told(Event("chunk", "Hi")) == {"type": "content", "content": "Hi", **IDS}


def test_what_has_no_type_of_its_own_is_empty_content_with_metadata() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    shown = told(events.usage(usage, "fake"))
    assert shown["type"] == "content"
    assert shown["content"] == ""
    assert shown["metadata"] == {"usage": {**usage, "model": "fake"}}


def test_done_names_the_reply_and_what_it_cost() -> None:
    shown = told(events.done(9, "length", {"total_tokens": 8}, "fake"))
    metadata = {"model": "fake", "tokens_used": 8, "finish_reason": "Length"}
    assert shown == {
        "type": "done",
        "reply_id": "0190-reply",
        "metadata": metadata,
        "finish_reason": "Length",
        **IDS,
    }


def test_a_reason_that_is_not_in_the_contract_is_a_stop() -> None:
    assert told(events.done(9, "eos", None, None))["finish_reason"] == "Stop"


def test_a_cancelled_answer_says_so() -> None:
    error = {"error": "Stopped.", "error_code": "run_cancelled", "retryable": False}
    shown = told(events.failure(error, 9))
    assert shown == {"type": "error", **error, "finish_reason": "Cancelled", **IDS}


def test_tool_events_keep_their_fields() -> None:
    fields = {"tool": "add", "args": {"a": 1}, "call_id": "c1", "server": "s"}
    shown = told(Event("tool_call", fields=fields))
    assert shown == {"type": "tool_call", "metadata": fields, **IDS}
