"""From a journalled event to what one kind of client reads. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from chat_app.errors import HoldfastError, RunCancelled, TaskFailed
from chat_app.store.run_events import StoredEvent
from chat_app.streaming import sse, task_events

FINISH_REASONS = {
    "stop": "Stop",
    "length": "Length",
    "tool_calls": "ToolCalls",
    "content_filter": "ContentFilter",
}

# All keys that an event of the agent-chat dialect has.
NOTHING: dict[str, Any] = {
    "type": None,
    "content": None,
    "session_id": None,
    "message_id": None,
    "reply_id": None,
    "metadata": None,
    "finish_reason": None,
    "error": None,
}


@dataclass(frozen=True, slots=True)
class RunRef:
    """The ids that a run is known by; `question` and `reply` are public ids of messages."""

    id: int
    public_id: str
    session_id: str
    question: str
    reply: str


Dialect = Callable[[RunRef, StoredEvent], bytes]


def channel(run: RunRef, event: StoredEvent) -> bytes:
    """The journal's own form, with the id that a client comes back with."""
    return sse.frame(task_events.shown(event), f"{run.public_id}:{event.seq}")


def log(run: RunRef, event: StoredEvent) -> bytes:
    """A remote run's log: named events as the AI server sent them, and at the end `status`.

    What is not of the log only moves the client's cursor on.
    """
    cursor, told = f"{run.public_id}:{event.seq}", orjson.loads(event.data)
    match event.type:
        case "log":
            return sse.named("log", told["content"], cursor)
        case "progress":
            return sse.named("progress", told["data"], cursor)
        case "sent":
            return sse.named(told["event"], told["data"], cursor)
        case "task_error":
            return sse.named("error", _as_error(told["content"]), cursor)
        case "gap":
            return sse.named("gap", _without_type(task_events.shown(event)), cursor)
        case "done":
            return sse.named("status", "Task success", cursor)
        case "error":
            return _log_failure(told, cursor)
        case "start" if "reset" in told:
            return sse.named("start", event.data, cursor)
    return sse.cursor_only(cursor)


def _as_error(content: str) -> str:
    """What an AI server says went wrong in its task, in the form of our errors."""
    return orjson.dumps(TaskFailed(content).as_dict()).decode()


def _without_type(data: str) -> str:
    told = orjson.loads(data)
    del told["type"]
    return orjson.dumps(told).decode()


def _log_failure(told: dict[str, Any], cursor: str) -> bytes:
    sentence = " ".join(told["error"].split())
    status = sse.named("status", f"Task failed: {sentence}", cursor)
    if told["error_code"] in (TaskFailed.error_code, RunCancelled.error_code):
        return status
    kept = {key: value for key, value in told.items() if key not in ("type", "message_id", "done")}
    return sse.named("error", orjson.dumps(kept).decode()) + status


def agent_chat(run: RunRef, event: StoredEvent) -> bytes:
    """The agent-chat dialect: every event one object with all of its keys."""
    payload = agent_chat_payload(run, orjson.loads(task_events.shown(event)))
    return sse.frame(orjson.dumps(payload).decode(), f"{run.public_id}:{event.seq}")


def agent_chat_refusal(error: HoldfastError) -> bytes:
    """The one event of a question that got no run."""
    payload = NOTHING | {"type": "error", **error.as_dict(), "done": True}
    return sse.frame(orjson.dumps(payload).decode())


def agent_chat_payload(run: RunRef, event: dict[str, Any]) -> dict[str, Any]:
    """An event of the channel dialect as this one has it.

    What has no type of its own here (the start, reasoning, usage, a notice) is an empty `content`
    whose `metadata` carries it: so the ids stay without gaps.
    """
    kind = event.pop("type")
    about = {"type": kind, "session_id": run.session_id, "message_id": run.question}
    payload = NOTHING | about
    if kind == "chunk":
        return payload | {"type": "content", "content": event["content"]}
    if kind == "done":
        return payload | {"reply_id": run.reply} | _ending(event)
    if kind == "error":
        return payload | _failure(event)
    if kind in ("tool_call", "tool_result"):
        return payload | {"metadata": event}
    return payload | {"type": "content", "content": "", "metadata": {kind: event}}


def _ending(event: dict[str, Any]) -> dict[str, Any]:
    reason = FINISH_REASONS.get(event["finish_reason"], "Stop")
    tokens = (event["usage"] or {}).get("total_tokens")
    metadata = {"model": event.get("model"), "tokens_used": tokens, "finish_reason": reason}
    return {"metadata": metadata, "finish_reason": reason}


def _failure(event: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in event.items() if key not in ("message_id", "done")}
    cancelled = event["error_code"] == "run_cancelled"
    return kept | {"finish_reason": "Cancelled" if cancelled else None}
