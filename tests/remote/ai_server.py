"""An AI server for tests that says byte for byte what it is told to, over real sockets."""

import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

from gevent.server import StreamServer

from chat_app.remote.values import Address
from tests.certificates import server_context

TOKEN = "s3cret-token"
# What it says: bytes are sent, and what can be called gets the connection.
Step = bytes | Callable[[socket.socket], Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


class AiServer:
    """`says` maps `GET /health` to what is said then; `asked` are all requests so far; `is_open`
    tells of each connection, in their order, whether it still is."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.says: dict[str, list[Step]] = {}
        self.asked: list[Asked] = []
        self.is_open: list[bool] = []
        options = {"ssl_context": tls} if tls else {}
        self.server = StreamServer(("127.0.0.1", 0), self._serve, **options)
        self.server.start()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_port}"

    def address(self, **more: Any) -> Address:
        """Of the operator, with a token, unless told otherwise."""
        return Address(**{"url": self.url, "token": TOKEN, "is_free": True, **more})

    def _serve(self, connection: socket.socket, _: Any) -> None:
        number = len(self.is_open)
        self.is_open.append(True)
        try:
            while asked := _request(connection, number):
                self.asked.append(asked)
                for step in self.says.get(asked.line, [answer({}, "404 Not Found")]):
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        step(connection)
        except OSError:
            pass  # the client hung up, or we did
        finally:
            self.is_open[number] = False
            connection.close()


@contextmanager
def ai_server(tls: bool = False) -> Iterator[AiServer]:
    """One that runs, over TLS with a certificate that nobody signed."""
    server = AiServer(server_context() if tls else None)
    try:
        yield server
    finally:
        server.server.stop(timeout=0.1)


def answer(body: Any, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; what is no bytes goes as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    every = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    return _head(status, every) + content


def opened(kind: str = "text/event-stream", **headers: str) -> bytes:
    """The head of a stream in chunks."""
    return _head("200 OK", {"Content-Type": kind, "Transfer-Encoding": "chunked", **headers})


def chunk(data: bytes) -> bytes:
    """A piece of it; of no bytes its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stall(connection: socket.socket) -> None:
    """Says nothing until the client hangs up."""
    connection.recv(1)
    connection.close()


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def half_close(connection: socket.socket) -> None:
    """Says nothing more, but listens."""
    connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _head(status: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _request(connection: socket.socket, number: int) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
        if not data[:1].isalpha():  # no HTTP: TLS, say
            connection.sendall(_head("400 Bad Request", {"Connection": "close"}))
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("utf-8").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Asked(line.removesuffix(" HTTP/1.1"), headers, body, number)
