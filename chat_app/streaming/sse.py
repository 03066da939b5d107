"""Server-Sent Events on the wire: frames, headers, cursors. Pure.

Source: WHATWG HTML, "Server-sent events".
"""

import re
from typing import NamedTuple
from uuid import UUID

HEARTBEAT_S = 15.0
RETRY = b"retry: 2000\n\n"
PING = b": ping\n\n"
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
# Every digit beyond these is past what any run or database can hold.
_LINES = re.compile(r"\r\n|\r|\n")
_CURSOR = re.compile(r"([0-9a-f-]{36}):([0-9]{1,15})", re.ASCII)


class Cursor(NamedTuple):
    """Where a client stopped: the run's public id and the number of the last event it has."""

    run_id: str
    seq: int


def position(run_id: str, last_event_id: str | None) -> int | None:
    """How many events of this run the client has: 0 without a cursor, None for a strange one."""
    if not last_event_id:
        return 0
    cursor = parse_cursor(last_event_id)
    return cursor.seq if cursor is not None and cursor.run_id == run_id else None


def frame(data: str, event_id: str | None = None) -> bytes:
    """One event. `data` is a single line: JSON never holds a raw line break."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}data: {data}\n\n".encode()


def named(event: str, data: str, event_id: str | None = None) -> bytes:
    """One event with a name; each line of `data` is a line of its own."""
    head = f"id: {event_id}\n" if event_id else ""
    lines = "".join(f"data: {line}\n" for line in _LINES.split(data))
    return f"{head}event: {event}\n{lines}\n".encode()


def cursor_only(event_id: str) -> bytes:
    """No event at all, but where to come back to: without data nothing is dispatched."""
    return f"id: {event_id}\n\n".encode()


def parse_cursor(text: str | None) -> Cursor | None:
    """The cursor that a client sent; None for none and for anything that is not ours."""
    match = _CURSOR.fullmatch(text or "")
    if match is None:
        return None
    try:
        return Cursor(str(UUID(match[1])), int(match[2]))
    except ValueError:
        return None
