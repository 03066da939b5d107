"""How answers leave: JSON, event streams, and refusals in the form that a door's clients read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any

import orjson
from flask import Response, request
from flask.json.provider import JSONProvider
from flask.typing import ResponseReturnValue

from chat_app import sentences
from chat_app.errors import HoldfastError
from chat_app.streaming import sse
from chat_app.streaming.follow import Listener
from chat_app.streaming.hangup import Hangup

View = Callable[..., ResponseReturnValue]


class Json(JSONProvider):
    """JSON as UTF-8, unescaped."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


def event_stream(frames: Iterator[bytes]) -> Response:
    """A stream of Server-Sent Events. It has ids and a runtime, never the request.

    It is begun here: what goes wrong before its first bytes is still a refusal.
    """
    return Response(_going_on(next(frames, b""), frames), headers=sse.HEADERS)


def _going_on(first: bytes, frames: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from frames


def event_source(view: View) -> View:
    """Mark a door that browsers open with EventSource: its refusals are events, status 200.

    Asked for nothing but the head, it starts nothing.
    """

    @wraps(view)
    def door(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        return event_stream(iter(())) if request.method == "HEAD" else view(*args, **kwargs)

    door.is_event_source = True  # type: ignore[attr-defined]
    return door


def refusing_as(frame: Callable[[HoldfastError], bytes]) -> Callable[[View], View]:
    """Mark an event source whose refusals have a form of their own."""

    def mark(view: View) -> View:
        door = event_source(view)
        door.refusal_frame = frame  # type: ignore[attr-defined]
        return door

    return mark


def refuse(error: HoldfastError, view: View | None) -> Response:
    """The refusal as this door's clients can read it, in the language that they ask for."""
    error = sentences.translated(error)
    if getattr(view, "is_event_source", False):
        frame = getattr(view, "refusal_frame", refusal_frame)
        return event_stream(iter([sse.RETRY + frame(error)]))
    answer = Response(orjson.dumps(error.as_dict()), error.http_status, mimetype="application/json")
    if (seconds := error.fields.get("retry_after")) is not None:
        answer.headers["Retry-After"] = str(seconds)
    if allowed := error.fields.get("allowed"):
        answer.headers["Allow"] = ", ".join(allowed)
    if error.http_status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def refusal_frame(error: HoldfastError) -> bytes:
    payload = {"type": "error", **error.as_dict(), "done": True}
    return sse.frame(orjson.dumps(payload).decode())


def listener() -> Listener:
    """The client of a stream: the cursor it comes back with, and its socket."""
    cursor = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    return Listener(cursor, Hangup(request.environ.get("gunicorn.socket")))


def viewer() -> Listener:
    """The client of a stream that also gives HTML, if it is asked to with `?html=1`."""
    return replace(listener(), wants_html=request.args.get("html") == "1")
