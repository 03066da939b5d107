"""WebSockets on the wire: text frames and what is in them. Pure.

Source: RFC 6455, section 5.2. A server's frames are not masked, and without an extension they are
the same on every connection: so one is made once, however many sockets get it.
"""

from typing import Any

import orjson

from chat_app.store.run_events import StoredEvent
from chat_app.streaming import task_events
from chat_app.streaming.dialects import RunRef

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013

_WHOLE_TEXT = b"\x81"


def text(data: bytes) -> bytes:
    """UTF-8 as one whole text frame."""
    size = len(data)
    if size < 126:
        return _WHOLE_TEXT + size.to_bytes(1, "big") + data
    if size < 2**16:
        return _WHOLE_TEXT + b"\x7e" + size.to_bytes(2, "big") + data
    return _WHOLE_TEXT + b"\x7f" + size.to_bytes(8, "big") + data


def frame(payload: dict[str, Any]) -> bytes:
    """A JSON object as one text frame."""
    return text(orjson.dumps(payload))


def event(run: RunRef, event: StoredEvent) -> bytes:
    """The dialect of sockets: the journal's own JSON, with the id that a client comes back with."""
    data = task_events.shown(event)
    return text(f'{{"id":"{run.public_id}:{event.seq}",{data[1:]}'.encode())
