"""A model provider for tests: a real HTTP server on 127.0.0.1 that plays scripts.

    with FakeProvider() as fake:
        fake.enqueue(says("Hel", "lo"), [Chunk("Hel"), Cut()], [Status(429, {"Retry-After": "7"})])
        ... ask fake.base_url ...
        assert fake.requests[0].json["model"] == "m"

Each POST to /v1/chat/completions plays the next script; with none left it plays DEFAULT. Works
patched by gevent or not, and for other processes. Nothing sleeps for a test: `Hold` waits for the
test's own event, `wait_until` for what the fake sees.
"""

import json
import select
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.certificates import server_context
from tests.scripts import (
    DEFAULT,
    Chunk,
    Cut,
    Delta,
    Done,
    FinishChunk,
    Hold,
    Json,
    Open,
    Raw,
    ReasoningChunk,
    Stall,
    Status,
    Step,
    ToolCallChunk,
    UsageChunk,
    calls,
    says,
)

__all__ = [
    "DEFAULT",
    "Chunk",
    "Cut",
    "Delta",
    "Done",
    "FakeProvider",
    "FinishChunk",
    "Hold",
    "Json",
    "Open",
    "Raw",
    "ReasoningChunk",
    "Recorded",
    "Stall",
    "Status",
    "Step",
    "ToolCallChunk",
    "UsageChunk",
    "calls",
    "says",
]

TICK_S = 0.01
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Recorded:
    """A request as it came; header names in lower case; `client` tells connections apart."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any
    client: tuple[str, int]


class FakeProvider:
    """Start it with `with`. `tls=True` serves https with a certificate that nobody trusts.

    `requests`: all that came, in order. `open_streams`: answers to /chat/completions whose script
    still plays and whose client has not hung up. `models`: what /v1/models lists.
    """

    def __init__(self, tls: bool = False) -> None:
        self.requests: list[Recorded] = []
        self.open_streams = 0
        self.models = ["fake", "fake-mini"]
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._scripts: deque[list[Step]] = deque()
        self._server = _Server(self, server_context() if tls else None)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(TICK_S,))
        self.base_url = f"http{'s' * tls}://127.0.0.1:{self._server.server_port}/v1"

    def enqueue(self, *scripts: list[Step]) -> None:
        """Scripts for the next answers, in this order."""
        self._scripts.extend(scripts)

    def forget(self) -> None:
        """No script waits any more: one that a test did not play is nothing for the next."""
        self._scripts.clear()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Returns as soon as the condition holds; fails the test after `PATIENCE_S`."""
        deadline = time.monotonic() + PATIENCE_S
        with self._changed:
            while not condition():
                assert time.monotonic() < deadline, f"not within {PATIENCE_S} s"
                self._changed.wait(TICK_S)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all streams, held ones too, and lets the port go."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def record(self, request: Recorded) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def play(self, wire: "_Wire") -> None:
        """Plays the next script to one client."""
        script = self._scripts.popleft() if self._scripts else DEFAULT
        self._count(+1)
        try:
            for step in script:
                step.play(wire)
            wire.end()
        except (ClientGone, OSError):
            wire.drop()
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self.open_streams += change
            self._changed.notify_all()


class ClientGone(Exception):
    """The client hung up, or the fake closes."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    block_on_close = False

    def __init__(self, fake: FakeProvider, context: ssl.SSLContext | None) -> None:
        self.fake = fake
        self.context = context
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that drops the connection is what these tests are about: no noise."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        # Here, in the connection's own thread: a failing handshake must not stop the server.
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        self._record(None)
        listed = [{"id": name, "object": "model"} for name in self.server.fake.models]
        Status(200, body={"object": "list", "data": listed}).play(_Wire(self))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._record(json.loads(body))
        if self.path.endswith("/chat/completions"):
            self.server.fake.play(_Wire(self))
        else:
            Status(404).play(_Wire(self))

    def _record(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        client = self.client_address
        self.server.fake.record(Recorded(self.command, self.path, headers, body, client))

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `fake.requests` instead."""


class _Wire:
    """One answer on its way to the client."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self._opened = False
        self._answered = False

    def open(self, headers: dict[str, str]) -> None:
        self._opened = True
        self._handler.send_response(200)
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        if not self._opened:
            Open().play(self)
        self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def wait(self, event: threading.Event) -> None:
        # A client sends nothing after its question, so a readable socket is one that hung up.
        poll = select.poll()
        poll.register(self._handler.connection, select.POLLIN)
        while not event.wait(TICK_S):
            if poll.poll(0) or self._handler.server.fake.closing.is_set():
                raise ClientGone

    def cut(self, reset: bool) -> None:
        if reset:
            no_linger = struct.pack("ii", 1, 0)
            self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        raise ClientGone

    def answer(self, code: int, headers: dict[str, str], body: bytes) -> None:
        self._answered = True
        self._handler.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def end(self) -> None:
        """The clean end of a stream."""
        if not self._answered:
            self.send(b"")

    def drop(self) -> None:
        self._handler.close_connection = True
