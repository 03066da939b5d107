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


def parse_cursor(text: str | None) -> Cursor | None:
    """The cursor that a client sent; None for none and for anything that is not ours."""
    match = _CURSOR.fullmatch(text or "")
    if match is None:
        return None
    try:
        return Cursor(str(UUID(match[1])), int(match[2]))
    except ValueError:
        return None
