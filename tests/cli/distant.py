"""Holdfast's doors as `stream-check` meets them, and what they answer is up to the test."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from gevent.server import StreamServer
from gevent.socket import socket

from tests.faults.remote.http import Request, read_request
from tests.faults.wire import reset

RUN_ID = "0190d3a0-0000-7000-8000-000000000000"
RUNS = "/api/v1/projects/1/agent/runs"
STREAM = f"GET {RUNS}/{RUN_ID}/stream"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"

Piece = bytes | Callable[[socket], None]


@dataclass
class Answer:
    """What a door answers: a status with JSON, or with something else."""

    status: int
    body: Any = None
    headers: tuple[str, ...] = ("Content-Type: application/json",)

    def to(self, connection: socket) -> None:
        data = self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)
        lines = [
            f"HTTP/1.1 {self.status} Status",
            *self.headers,
            f"Content-Length: {len(data)}",
            "Connection: close",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + data)


def frame(seq: int, event: str, data: str) -> bytes:
    return f"id: {RUN_ID}:{seq}\nevent: {event}\ndata: {data}\n\n".encode()


def skipped(seq: int) -> bytes:
    """What moves the cursor and is no event."""
    return f"id: {RUN_ID}:{seq}\n\n".encode()


WHOLE = (
    b"retry: 2000\n\n" + skipped(1),
    frame(2, "log", "2026-11-20T12:00:00Z INFO Hello \x1b[31m"),
    frame(3, "progress", '{"progress":1}'),
    b": ping\n\n",
    frame(4, "status", "Task success"),
)


def cut(connection: socket) -> None:
    reset(connection)


def silence(connection: socket) -> None:
    connection.recv(1)


def error(status: int, code: str, sentence: str = "No.", retryable: bool = False) -> Answer:
    return Answer(status, {"error": sentence, "error_code": code, "retryable": retryable})


def project(number: int, **fields: Any) -> dict[str, Any]:
    shown = {"id": number, "public_id": f"p-{number}", "name": f"Shop {number}", "spec": "Count"}
    return shown | {"status": "READY"} | fields


def run(status: str = "RUNNING", **fields: Any) -> dict[str, Any]:
    return {"run_id": RUN_ID, "status": status, "error": None, "error_code": None} | fields


@dataclass
class Holdfast:
    """`answers` by door; `streams` are what the next connections to the stream give, in order.

    `asked` has every request so far, `bodies` the JSON of each by its door.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    streams: deque[tuple[Piece, ...]] = field(default_factory=deque)
    asked: list[Request] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.answers |= {
            "GET /healthz": Answer(200, {"status": "ok"}),
            "POST /api/v1/auth/login": Answer(200, {"access_token": "hf_secret"}),
            "GET /api/v1/auth/me": Answer(200, {"email": "owner@example.com"}),
            "GET /api/v1/projects": Answer(200, {"items": [project(1)], "next": None}),
            f"POST {RUNS[:-1]}": Answer(201, run()),
            f"GET {RUNS}/{RUN_ID}": Answer(200, run("DONE", result="4")),
        }

    def doors(self) -> list[str]:
        return [_door(request) for request in self.asked]

    def body(self, door: str) -> Any:
        """The JSON of the last request at a door."""
        bodies = [request.body for request in self.asked if _door(request) == door]
        return orjson.loads(bodies[-1])

    def cursors(self) -> list[str | None]:
        """What each connection to the stream said it has."""
        streams = [request for request in self.asked if _door(request) == STREAM]
        return [request.headers.get("last-event-id") for request in streams]

    def serve(self, connection: socket, address: tuple[str, int]) -> None:
        try:
            request = read_request(connection)
            self.asked.append(request)
            self._answer(connection, _door(request))
        except ValueError:  # TLS, where there is none
            Answer(400).to(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def _answer(self, connection: socket, door: str) -> None:
        if door != STREAM or door in self.answers:
            return self.answers.get(door, error(404, "not_found")).to(connection)
        connection.sendall(HEAD)
        for piece in self.streams.popleft():
            if isinstance(piece, bytes):
                connection.sendall(piece)
            else:
                piece(connection)
        return None


def _door(request: Request) -> str:
    return f"{request.method} /{'/'.join(request.path)}"


@contextmanager
def holdfast(**tls: Any) -> Iterator[Holdfast]:
    """One that is well; with `tls` it speaks that."""
    there = Holdfast()
    there.streams.append(WHOLE)
    server = StreamServer(("127.0.0.1", 0), there.serve, **tls)
    server.start()
    there.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield there
    finally:
        server.stop(timeout=0)
