"""What happens in a run, as values, and the JSON that goes into the journal. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from chat_app.store.agents import AgentRow
from chat_app.store.run_events import StoredEvent

TEXT_TYPES = frozenset({"chunk", "reasoning"})
TERMINAL_TYPES = frozenset({"done", "error"})
# No text before one of these is ever withdrawn (again).
ENDS_TEXT = frozenset({"start", "restart", "tool_approval", "tool_call", "tool_result"})
MERGED_MAX_CHARS = 65_536


class Event(NamedTuple):
    """One event before it has a number. Text types use `content`, the others `fields`."""

    type: str
    content: str = ""
    fields: dict[str, Any] | None = None


class Encoded(NamedTuple):
    """An event as the journal keeps it: its type, and its JSON in the channel dialect."""

    type: str
    data: str


def encode(event: Event) -> Encoded:
    """The event's JSON on one line, UTF-8 unescaped (CONTRACT: stream basics)."""
    if event.type in TEXT_TYPES:
        payload = {"type": event.type, "content": event.content, "done": False}
    else:
        payload = {"type": event.type, **(event.fields or {})}
    return Encoded(event.type, orjson.dumps(payload).decode())


def fold(events: Iterable[Event]) -> list[Encoded]:
    """Encode `events`, neighbouring text of one type joined: under load a batch is one event."""
    folded: list[Encoded] = []
    held: list[str] = []
    held_type, held_chars = "", 0
    for event in events:
        if held and (event.type != held_type or held_chars > MERGED_MAX_CHARS):
            folded.append(encode(Event(held_type, "".join(held))))
            held, held_chars = [], 0
        if event.type in TEXT_TYPES:
            held.append(event.content)
            held_type, held_chars = event.type, held_chars + len(event.content)
        else:
            folded.append(encode(event))
    if held:
        folded.append(encode(Event(held_type, "".join(held))))
    return folded


def start(
    run_id: str, channel_id: int, session_id: str, agent: dict[str, Any], message_id: int
) -> Event:
    """The first event. `run_id` and `session_id` are public ids, `message_id` is the question's."""
    fields = {
        "run_id": run_id,
        "channel_id": channel_id,
        "session_id": session_id,
        "agent": agent,
        "message_id": message_id,
    }
    return Event("start", fields=fields)


def about(agent: AgentRow | None) -> dict[str, Any]:
    """The agent as a `start` event names it."""
    if agent is None:
        return {"id": None, "public_id": None, "name": ""}
    return {"id": agent.id, "public_id": agent.public_id, "name": agent.name}


def as_reset(first: StoredEvent) -> StoredEvent:
    """A run's first event, telling the client to forget what it has: all comes again."""
    return first._replace(data=orjson.dumps({**orjson.loads(first.data), "reset": True}).decode())


def usage(tokens: dict[str, int], model: str) -> Event:
    return Event("usage", fields={**tokens, "model": model})


def done(
    message_id: int, finish_reason: str, tokens: dict[str, int] | None, model: str | None
) -> Event:
    """The end of a whole answer; `message_id` is the reply, which is committed with it."""
    fields = {
        "message_id": message_id,
        "done": True,
        "finish_reason": finish_reason,
        "usage": tokens,
        "model": model,
    }
    return Event("done", fields=fields)


def restart(from_seq: int) -> Event:
    """Text from `from_seq` on is withdrawn and comes anew: the process that wrote it died."""
    return Event("restart", fields={"from_seq": from_seq})


def tool_approval(
    call_id: str, tool: str, server: str, args: dict[str, Any], expires_at: datetime, **form: Any
) -> Event:
    """A call waits for a person; a form that its server wants has `message` and `schema`."""
    told = {"call_id": call_id, "tool": tool, "server": server, "args": args}
    expires = expires_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Event("tool_approval", fields={**told, "expires_at": expires, **form})


def tool_call(call_id: str, tool: str, server: str, args: dict[str, Any]) -> Event:
    fields = {"call_id": call_id, "tool": tool, "server": server, "args": args}
    return Event("tool_call", fields=fields)


def tool_progress(call_id: str, progress: float, total: float | None, message: str | None) -> Event:
    fields = {"call_id": call_id, "progress": progress, "total": total, "message": message}
    return Event("tool_progress", fields=fields)


def notice(message: str, error_code: str) -> Event:
    """Something is amiss, and the answer goes on."""
    return Event("notice", fields={"message": message, "error_code": error_code})


def unfinished_text(events: Sequence[StoredEvent]) -> int | None:
    """The number from which on text belongs to a round that broke off; None when there is none.

    A round's text is whole once the calls after it are written.
    """
    whole = max((e.seq for e in events if e.type in ENDS_TEXT), default=0)
    broken = [e.seq for e in events if e.type in TEXT_TYPES and e.seq > whole]
    return broken[0] if broken else None


def failure(error: dict[str, Any], message_id: int | None) -> Event:
    """The end of an answer that broke; `message_id` is the partial reply, where one is kept."""
    return Event("error", fields={**error, "message_id": message_id, "done": True})
