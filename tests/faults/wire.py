"""One event stream over a real socket, down to its bytes: where to cut is the caller's choice."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

TIMEOUT_S = 30.0
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Frame:
    """One whole event as it came: its id, and the bytes of its data."""

    id: str
    data: bytes

    @property
    def seq(self) -> int:
        return int(self.id.rpartition(":")[2] or 0)

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = orjson.loads(self.data)
        return payload


@dataclass
class Frames:
    """Takes bytes, gives whole events; the half of one is kept for what comes next."""

    _rest: bytes = b""

    def feed(self, data: bytes) -> list[Frame]:
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        return [frame for block in blocks if (frame := _frame(block))]


def _frame(block: bytes) -> Frame | None:
    fields = dict(
        line.split(b": ", 1) for line in block.split(b"\n") if line[:1] not in (b"", b":")
    )
    return Frame(fields.get(b"id", b"").decode(), fields[b"data"]) if b"data" in fields else None


@dataclass(frozen=True)
class Door:
    """A stream's address at one server, and who asks."""

    port: int
    path: str
    token: str = field(repr=False)
    by_query: bool = False

    def ask(self, cursor: str | None, receive_bytes: int | None = None) -> socket.socket:
        """A connection on which the request is out. Raises OSError."""
        path, header = self.path, ""
        if cursor is not None and self.by_query:
            path += f"{'&' if '?' in path else '?'}last_event_id={quote(cursor)}"
        elif cursor is not None:
            header = f"Last-Event-ID: {cursor}\r\n"
        connection = socket.socket()
        connection.settimeout(TIMEOUT_S)
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.connect(("127.0.0.1", self.port))
        head = (
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n{header}\r\n"
        )
        connection.sendall(head.encode())
        return connection

    @contextmanager
    def open(self, cursor: str | None = None) -> Iterator[Iterator[bytes]]:
        """The body's bytes as they come. Raises OSError for whatever breaks the connection."""
        connection = self.ask(cursor)
        try:
            yield _body(connection)
        finally:
            connection.close()


class Refused(OSError):
    """The server answered with another status than 200."""


def _body(connection: socket.socket) -> Iterator[bytes]:
    """The payload of a chunked response. A cut connection raises, a clean end ends."""
    with connection.makefile("rb") as stream:
        status = stream.readline()
        if not status.startswith(b"HTTP/1.1 200"):
            raise Refused(status)
        headers = list(iter(stream.readline, b"\r\n"))
        if not any(b"chunked" in header.lower() for header in headers):
            yield stream.read()  # a refusal, which is whole
            return
        while size := int(_line(stream), 16):
            data = stream.read(size + 2)
            if len(data) < size + 2:
                raise ConnectionResetError
            yield data[:-2]


def _line(stream: Any) -> bytes:
    line: bytes = stream.readline()
    if not line.endswith(b"\n"):
        raise ConnectionResetError
    return line


def reset(connection: socket.socket) -> None:
    """Close with an RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    connection.close()
