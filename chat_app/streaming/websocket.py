"""One client's WebSocket (RFC 6455), on the socket that gunicorn hands over.

simple-websocket speaks the protocol: it opens, reads, and pings. What it lacks is here. Its sends
may be cut short and may interleave; it reads without an end what nobody has taken yet; and it
grants every connection a compressor of about 300 KiB.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, SHUT_WR, socket
from typing import Any, cast

import gevent
from gevent.event import Event as Bell
from gevent.lock import RLock
from simple_websocket import Server
from simple_websocket.errors import ConnectionClosed, ConnectionError
from wsproto.frame_protocol import CloseReason

from chat_app.errors import InvalidRequest
from chat_app.streaming.sse import HEARTBEAT_S

# The longest message there can be, each of its characters escaped: 64,000 times `\ud83d\ude00`.
FRAME_MAX_BYTES = 800_000
INBOX_MAX = 32
SEND_MAX_S = 30.0
LINGER_S = 1.0

_HANDSHAKE = (
    "HTTP_UPGRADE",
    "HTTP_CONNECTION",
    "HTTP_SEC_WEBSOCKET_KEY",
    "HTTP_SEC_WEBSOCKET_VERSION",
)


class Gone(Exception):
    """The client left, or has read nothing for `SEND_MAX_S`."""


def check(environ: dict[str, Any]) -> None:
    """Raises `InvalidRequest` unless this request can become a WebSocket (RFC 6455, 4.2.1)."""
    if environ["REQUEST_METHOD"] != "GET" or not all(map(environ.get, _HANDSHAKE)):
        raise InvalidRequest("This address speaks WebSocket.")
    if environ["HTTP_SEC_WEBSOCKET_VERSION"] != "13":
        raise InvalidRequest("This is not version 13 of WebSocket.")
    try:
        key = b64decode(environ["HTTP_SEC_WEBSOCKET_KEY"], validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 16 or "gunicorn.socket" not in environ:
        raise InvalidRequest("This cannot become a WebSocket.")


class WebSocket:
    """An open socket. Only one greenlet uses it; a second one, inside, reads."""

    def __init__(
        self,
        environ: dict[str, Any],
        ping_every_s: float = HEARTBEAT_S,
        send_max_s: float = SEND_MAX_S,
    ) -> None:
        """Shake hands. Raises `Gone`. `check` has been called."""
        self._wire = _Wire(environ["gunicorn.socket"], send_max_s)
        # Only what a handshake needs: no extension, and not what a client calls its host.
        asked = {name: environ[name] for name in _HANDSHAKE}
        try:
            self._server = Server.accept(
                asked | {"HTTP_HOST": "localhost", "gunicorn.socket": self._wire},
                ping_interval=ping_every_s,
                max_message_size=FRAME_MAX_BYTES,
                event_class=cast(Any, Bell),
            )
        except (OSError, ConnectionError) as error:
            raise Gone from error
        self._wire.inbox = self._server.input_buffer
        self._bell = cast(Bell, self._server.event)

    @property
    def is_open(self) -> bool:
        return bool(self._server.connected)

    def take(self) -> str | bytes | None:
        """The next message that has come, None when there is none."""
        if not self._server.input_buffer:
            return None
        message: str | bytes | None = self._server.receive(timeout=0)
        self._wire.make_room()
        return message

    def wait(self, bells: Sequence[Bell], timeout_s: float) -> None:
        """Wait until a message came, the client went or one of the bells rang."""
        if self.is_open and not self._server.input_buffer:
            gevent.wait([self._bell, *bells], timeout_s, count=1)
        self._bell.clear()

    def send(self, frames: bytes) -> None:
        """Send whole frames, made by `ws`. Raises `Gone`."""
        if not self.is_open:
            raise Gone
        try:
            self._wire.send(frames)
        except OSError as error:
            self._server.connected = False
            raise Gone from error

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, unless the client is gone."""
        with suppress(ConnectionClosed, OSError):
            self._server.close(CloseReason(code), reason)

    def leave(self) -> None:
        """Let go of the connection, which gunicorn closes next."""
        self._server.connected = False
        self._wire.linger()


@contextmanager
def opened(environ: dict[str, Any]) -> Iterator[WebSocket]:
    """A WebSocket for the time of the block. Raises `Gone`."""
    web_socket = WebSocket(environ)
    try:
        yield web_socket
    finally:
        web_socket.leave()


class _Wire:
    """The connection as simple-websocket sees it: whole sends, one after another; no reading
    while many messages wait to be taken, so that the client has to wait as well.
    """

    def __init__(self, connection: socket, send_max_s: float) -> None:
        self.inbox: Sequence[object] = ()
        self._connection = connection
        self._send_max_s = send_max_s
        self._turn = RLock()
        self._room = Bell()
        self._is_left = False

    def fileno(self) -> int:
        return self._connection.fileno()

    def send(self, data: bytes) -> int:
        too_slow = TimeoutError("The client reads nothing.")
        with self._turn, gevent.Timeout(self._send_max_s, too_slow):
            self._connection.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        while len(self.inbox) >= INBOX_MAX and not self._is_left:
            self._room.clear()
            self._room.wait()
        return b"" if self._is_left else self._connection.recv(size)

    def make_room(self) -> None:
        self._room.set()

    def close(self) -> None:
        """gunicorn closes it: a number closed twice may be somebody else's by then."""

    def linger(self) -> None:
        """Read what still comes: closed with bytes unread, the kernel resets the connection, and
        the client may lose the last frames. Then wake who waits to read.
        """
        self._is_left = True
        self.make_room()
        with suppress(OSError, gevent.Timeout), gevent.Timeout(LINGER_S):
            self._connection.shutdown(SHUT_WR)
            while self._connection.recv(65_536):
                pass
        with suppress(OSError):
            self._connection.shutdown(SHUT_RDWR)
