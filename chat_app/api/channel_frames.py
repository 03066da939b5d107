"""A channel's news as Server-Sent Events."""

from collections.abc import Iterator
from typing import Any

import orjson

from chat_app.api import doors
from chat_app.api.schemas.base import show
from chat_app.api.schemas.messages import MessageOut
from chat_app.api.schemas.runs import RunOut
from chat_app.errors import HoldfastError
from chat_app.services.channel_events import Change, Here, News, Opened
from chat_app.streaming import sse


def channel_frames(news: Iterator[News]) -> Iterator[bytes]:
    """The frames of a channel's own stream; ids are `<channel public id>:<seq>`.

    `start`, then `message`, `message_removed` and `run`, each with the thing as it is now. Who is
    here is told without an id: it is not kept, and comes anew to who comes back.
    """
    opened = None
    try:
        for item in news:
            if isinstance(item, Opened):
                opened = item
                yield sse.RETRY + _frame(opened, opened.seq, _start(opened))
            elif item is None or opened is None:
                yield sse.PING
            elif isinstance(item, Here):
                yield sse.frame(orjson.dumps(_presence(item)).decode())
            else:
                yield b"".join(_frame(opened, change.seq, _payload(change)) for change in item)
    except HoldfastError as error:
        yield doors.refusal_frame(error)


def _frame(opened: Opened, seq: int, payload: dict[str, Any]) -> bytes:
    return sse.frame(orjson.dumps(payload).decode(), f"{opened.public_id}:{seq}")


def _start(opened: Opened) -> dict[str, Any]:
    start = {"type": "start", "channel_id": opened.channel_id}
    return start | ({"reset": True} if opened.is_reset else {})


def _presence(here: Here) -> dict[str, Any]:
    people = [{"id": id, "name": name, "typing": typing} for id, name, typing in here.people]
    return {"type": "presence", "people": people}


def _payload(change: Change) -> dict[str, Any]:
    if change.kind == "run":
        return {"type": "run", "run": show(RunOut, change.row) if change.row else None}
    message = change.row
    if message is None or not message.is_shown:
        return {"type": "message_removed", "message_id": change.ref_id}
    return {"type": "message", "message": show(MessageOut, message)}
