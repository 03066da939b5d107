"""The WebSocket of a session: all that happens in it, and a way to speak."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.messages import CLIENT_ID_MAX_CHARS, MessageOut
from chat_app.api.schemas.sessions import AfterEventIn, AfterMessageIn, CancelIn, SayIn
from chat_app.auth import csrf, limits
from chat_app.errors import HoldfastError, InternalError, InvalidRequest, RateLimited
from chat_app.services import sessions
from chat_app.services.live_sessions import Item, LiveSession, Returning
from chat_app.services.sessions import Question
from chat_app.streaming import websocket, ws
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.websocket import Gone, WebSocket

FIRST_FRAME_S = 10.0
LOOK_EVERY_S = 0.5
# So many frames that we cannot take, in so long: a client that has run wild.
REFUSALS_MAX = 100
REFUSALS_WINDOW_S = 60.0
RESTARTING = "The server restarts."

Frame = str | bytes

bp = Blueprint("session_socket", __name__)
log = structlog.get_logger()


@bp.get("/ws/chat/<session_id>", websocket=True)
def open_socket(session_id: str) -> ResponseReturnValue:
    csrf.check_own_origin()
    rt, who = current.runtime(), current.who()
    live = LiveSession(rt, who, session_id)
    websocket.check(request.environ)
    talk = Talk(
        live,
        ask=lambda question: sessions.ask(rt, who(), question),
        cancel=lambda: sessions.cancel(rt, who(), live.session_id),
        count=limits.counter("sessions.stream"),
    )
    return Upgraded(talk.run)


class Upgraded(Response):
    """The response whose connection becomes a WebSocket; its status is for the log."""

    def __init__(self, run: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(status=101)
        self._run = run

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self._run(environ)
        # Here gunicorn's worker writes nothing more, and closes the connection.
        raise StopIteration


@dataclass
class Talk:
    """One socket's life. It has ids and services, never the request."""

    live: LiveSession
    ask: Callable[[Question], RunRef]
    cancel: Callable[[], None]
    count: Callable[[], None]
    first_frame_s: float = FIRST_FRAME_S
    _refusals: list[float] = field(default_factory=list)

    def run(self, environ: dict[str, Any]) -> None:
        """Until one of both sides ends it. What runs here is stopped by neither."""
        try:
            with self.live, websocket.opened(environ) as socket:
                self._guarded(socket)
        except Gone:
            pass

    def _guarded(self, socket: WebSocket) -> None:
        try:
            self._talk(socket)
        except Gone:
            raise
        except HoldfastError as error:
            socket.send(_refusal(error))
            code = ws.TRY_AGAIN_LATER if error.retryable else ws.POLICY_VIOLATION
            socket.close(code, error.error_code)
        except Exception:
            broken = InternalError(incident=secrets.token_hex(6))
            log.exception("socket_broke", **broken.fields)
            socket.send(_refusal(broken))
            socket.close(ws.INTERNAL_ERROR, broken.error_code)

    def _talk(self, socket: WebSocket) -> None:
        for item in self.live.begin(self._first(socket)):
            socket.send(_shown(item))
        while socket.is_open and not self.live.is_closing:
            # One at a time, so that who talks a lot hears as well.
            if (frame := socket.take()) is not None:
                self._obey(socket, frame)
            for item in self.live.news():
                socket.send(_shown(item))
            self.live.wait(socket)
        socket.close(ws.GOING_AWAY, RESTARTING)

    def _first(self, socket: WebSocket) -> Returning:
        """What the client has already. Raises `InvalidRequest` when it does not say in time."""
        deadline = time.monotonic() + self.first_frame_s
        while socket.is_open and not self.live.is_closing:
            if (frame := socket.take()) is not None:
                try:
                    return _read_first(frame)
                except HoldfastError as error:
                    self._refuse(socket, error)
            elif time.monotonic() > deadline:
                raise InvalidRequest("The first frame did not come in time.")
            socket.wait([], LOOK_EVERY_S)
        socket.close(ws.GOING_AWAY, RESTARTING)
        raise Gone

    def _obey(self, socket: WebSocket, frame: Frame) -> None:
        data: dict[str, Any] = {}
        try:
            self.count()
            data = _object(frame)
            if "cancel" in data:
                reading.checked(CancelIn, data)
                self.cancel()
            else:
                said = reading.checked(SayIn, data)
                question = Question(said.message, self.live.session_id, said.client_id)
                self.live.expect(self.ask(question))
        except HoldfastError as error:
            self._refuse(socket, error, data.get("client_id"))

    def _refuse(self, socket: WebSocket, error: HoldfastError, client_id: Any = None) -> None:
        """Tell the client what was wrong with a frame. Raises `RateLimited` at the end of all
        patience.
        """
        now = time.monotonic()
        self._refusals = [at for at in self._refusals if at > now - REFUSALS_WINDOW_S] + [now]
        if len(self._refusals) > REFUSALS_MAX:
            raise RateLimited(retry_after=int(REFUSALS_WINDOW_S))
        is_name = isinstance(client_id, str) and len(client_id) <= CLIENT_ID_MAX_CHARS
        named = {"client_id": client_id} if is_name else {}
        socket.send(_refusal(error, **named))


def _read_first(frame: Frame) -> Returning:
    data = _object(frame)
    if "last_event_id" in data:
        return Returning(last_event_id=reading.checked(AfterEventIn, data).last_event_id)
    return Returning(last_message_id=reading.checked(AfterMessageIn, data).last_message_id)


def _object(frame: Frame) -> dict[str, Any]:
    if isinstance(frame, bytes):
        raise InvalidRequest("Frames are text.")
    return reading.document(frame, "frame")


def _shown(item: Item) -> bytes:
    if isinstance(item, bytes):
        return item
    if not item.is_shown:
        return ws.frame({"type": "message_removed", "message_id": item.id})
    return ws.frame({"type": "message", "message": show(MessageOut, item)})


def _refusal(error: HoldfastError, **more: str) -> bytes:
    """Without an id and without `done`: it is about a frame or the socket, not about a run."""
    return ws.frame({"type": "error", **error.as_dict(), **more})
