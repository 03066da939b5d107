"""What happens in a remote task, as events, and what of them a watcher reads. Pure.

Events that came from the AI server carry `at`, our position in its stream after them: so event and
position are one write. No client is shown it.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from chat_app.remote.position import Gap, New, Position
from chat_app.store.run_events import StoredEvent
from chat_app.streaming.events import Event

FOLLOWED = frozenset({"log", "progress", "sent", "status", "task_error", "gap"})
# What an event without a name is called (WHATWG HTML, section 9.2.6).
UNNAMED = "message"
_AT = ',"at":'


def task(task_id: str) -> Event:
    """The AI server has begun: `task_id` is what it calls the task."""
    return Event("task", fields={"task_id": task_id})


def of(found: New | Gap) -> Event:
    """An event of the AI server as the journal keeps it, or the gap before one.

    One without a name is a line of the log. A `status` is kept to know that we had it, and shown
    to nobody: how the task ended is asked for, and told by us.
    """
    if isinstance(found, Gap):
        return gap(found.reason, found.at)
    sent, at = found.sent, found.at
    if sent.event == "progress":
        return Event("progress", fields={"data": sent.data, "at": at.to_dict()})
    if sent.event == "status":
        return Event("status", fields={"data": sent.data, "at": at.to_dict()})
    if sent.event == "error":
        return Event("task_error", fields={"content": sent.data, "at": at.to_dict()})
    if sent.event in ("log", UNNAMED):
        return Event("log", fields={"content": sent.data, "at": at.to_dict()})
    return Event("sent", fields={"event": sent.event, "data": sent.data, "at": at.to_dict()})


def gap(reason: str, at: Position, **more: Any) -> Event:
    """Something is missing here, or may be. Reasons: those of `position.Gap`, `flood` (with
    `events`, how many), `cut` (the end of the log could not be had).
    """
    return Event("gap", fields={"reason": reason, **more, "at": at.to_dict()})


def dropped(run_id: int, from_seq: int, to_seq: int) -> StoredEvent:
    """What stands for events that are no longer kept, for a reader who has not had them."""
    told = {"type": "gap", "from_seq": from_seq, "to_seq": to_seq, "reason": "log_too_long"}
    return StoredEvent(run_id, to_seq, "gap", orjson.dumps(told).decode())


def forgotten() -> Event:
    """What stands for a log that was kept as long as logs are."""
    return Event("gap", fields={"reason": "log_expired"})


def shown(event: StoredEvent) -> str:
    """The event's JSON as clients see it."""
    if event.type not in FOLLOWED:
        return event.data
    # It is the last field, and inside of a string the quotes would have backslashes before them.
    before, mark, _ = event.data.rpartition(_AT)
    return f"{before}}}" if mark else event.data


def positions(journal: Iterable[StoredEvent]) -> list[Position]:
    """Where we were in the AI server's stream after each of these events that came from there."""
    told = [orjson.loads(event.data) for event in journal if event.type in FOLLOWED]
    return [Position.from_dict(event["at"]) for event in told]
