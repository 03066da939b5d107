"""Events of remote tasks: what is kept, what is shown, and how the log dialect says it."""

import orjson
import pytest

from chat_app.errors import AIServerUnavailable, HoldfastError, RunCancelled, TaskFailed
from chat_app.remote.position import New, Position
from chat_app.remote.values import Sent
from chat_app.store.run_events import StoredEvent
from chat_app.streaming import dialects, events, task_events, ws
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.events import Event

RUN = RunRef(7, "0190-run", "session", "question", "reply")
AT = Position(count=3, last_id='3","at":')
START = events.start("0190-run", 1, "s", {}, 1)


def stored(event: Event, seq: int = 5) -> StoredEvent:
    return StoredEvent(7, seq, *events.encode(event))


def sent(name: str, data: str) -> StoredEvent:
    return stored(task_events.of(New(Sent(name, data), AT)))


@pytest.mark.parametrize(
    ("event", "frame"),
    [
        (
            sent("log", "2026-11-20T12:00:00Z a\nb"),
            "event: log\ndata: 2026-11-20T12:00:00Z a\ndata: b",
        ),
        (sent("message", "no name"), "event: log\ndata: no name"),
        (sent("progress", '{"n": 1}'), 'event: progress\ndata: {"n": 1}'),
        (sent("metric", "1"), "event: metric\ndata: 1"),
        (sent("log", ""), "event: log\ndata: "),
        (stored(events.done(1, "stop", None, None)), "event: status\ndata: Task success"),
        (
            stored(task_events.gap("flood", AT, events=9)),
            'event: gap\ndata: {"reason":"flood","events":9}',
        ),
        (
            task_events.dropped(7, 2, 5),
            'event: gap\ndata: {"from_seq":2,"to_seq":5,"reason":"log_too_long"}',
        ),
        (
            sent("error", "out of disk"),
            "event: error\ndata: "
            '{"error":"out of disk","error_code":"task_failed","retryable":false}',
        ),
    ],
)
def test_the_log_dialect_has_named_events_as_they_were_sent(event: StoredEvent, frame: str) -> None:
    assert dialects.log(RUN, event).decode() == f"id: 0190-run:5\n{frame}\n\n"


@pytest.mark.parametrize(
    "event",
    [
        stored(START),
        stored(task_events.task("t")),
        stored(Event("chunk", "the result")),
        stored(events.restart(4)),
        stored(events.notice("n", "c")),
        sent("status", "Task success"),  # how it ended we say ourselves
    ],
)
def test_what_is_not_of_the_log_only_moves_the_cursor_on(event: StoredEvent) -> None:
    assert dialects.log(RUN, event) == b"id: 0190-run:5\n\n"


@pytest.mark.parametrize("error", [TaskFailed("No\nway."), RunCancelled("Stopped.")])
def test_the_end_of_the_task_itself_is_no_error_of_ours(error: HoldfastError) -> None:
    frame = dialects.log(RUN, stored(events.failure(error.as_dict(), None))).decode()
    sentence = " ".join(error.message.split())
    assert frame == f"id: 0190-run:5\nevent: status\ndata: Task failed: {sentence}\n\n"


def test_an_end_that_is_ours_is_told_as_an_error_as_well() -> None:
    event = stored(events.failure(AIServerUnavailable().as_dict(), 9))
    error, status, _ = dialects.log(RUN, event).decode().split("\n\n")
    name, data = error.split("\n")
    assert name == "event: error"  # without an id: whoever comes back gets both again
    assert orjson.loads(data.removeprefix("data: ")) == AIServerUnavailable().as_dict()
    assert status.startswith("id: 0190-run:5\nevent: status\ndata: Task failed: ")


def test_a_reset_is_told_by_the_start() -> None:
    frame = dialects.log(RUN, events.as_reset(stored(START, 1))).decode()
    assert frame.startswith("id: 0190-run:1\nevent: start\ndata: {")
    assert '"reset":true' in frame


def test_no_client_is_shown_our_position() -> None:
    event = sent("log", 'tricky ,"at":{} text')
    assert "count" in event.data
    shown = orjson.loads(task_events.shown(event))
    assert shown == {"type": "log", "content": 'tricky ,"at":{} text'}
    for dialect in (dialects.channel, dialects.agent_chat, dialects.log, ws.event):
        assert b"count" not in dialect(RUN, event)
    other = stored(events.tool_call("c", "t", "s", {"x": 1, "at": {"y": 2}}))
    assert task_events.shown(other) == other.data


def test_positions_are_read_back_from_the_journal() -> None:
    kept = [stored(START), sent("log", "a"), stored(task_events.gap("missed", Position(4)))]
    assert task_events.positions(kept) == [AT, Position(4)]
