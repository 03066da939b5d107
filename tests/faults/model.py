"""A model whose answers are told by the question: the message's text is a script, as JSON.

So what is asked again after a kill is answered the same, whatever else is being asked meanwhile.
"""

import random
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

import gevent
import orjson
from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import socket

# One to four bytes each in UTF-8, and what line-minded parsers stumble over.
LETTERS = 'abcdefgh äéß漢字言葉🙂🧵\n"\\\u2028\u0085\t'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Script:
    """An answer of so many pieces with so much time between; it holds where it is told to."""

    seed: int
    pieces: int = 25
    gap_ms: int = 4
    hold_after: int | None = None
    times: int = 1  # how often each piece is repeated in itself

    @property
    def question(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @property
    def texts(self) -> list[str]:
        chance = random.Random(self.seed)
        letters = ["".join(chance.choices(LETTERS, k=6)) for _ in range(self.pieces)]
        return [f"{number} {text * self.times}" for number, text in enumerate(letters)]

    @property
    def answer(self) -> str:
        return "".join(self.texts)


class Model:
    """The provider. `asked` and `open` count by the script's seed; `gone_at` says when the client
    of an unfinished answer hung up, in `time.monotonic`.
    """

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        self.open: Counter[int] = Counter()
        self.gone_at: dict[int, float] = {}
        self._released: defaultdict[int, Event] = defaultdict(Event)
        self._server = StreamServer(("127.0.0.1", 0), self._serve, backlog=1024)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def release(self, script: Script) -> None:
        """Let an answer that holds go on, now and when it is asked for again."""
        self._released[script.seed].set()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(timeout=0)

    def _serve(self, connection: socket, address: tuple[str, int]) -> None:
        try:
            script = Script(**orjson.loads(asked(connection)["messages"][-1]["content"]))
            self._answer(connection, script)
        except OSError:
            pass

    def _answer(self, connection: socket, script: Script) -> None:
        self.asked[script.seed] += 1
        self.open[script.seed] += 1
        gone = Event()
        looker = gevent.spawn(_look, connection, gone)
        try:
            connection.sendall(HEAD)
            if self._speak(connection, script, gone):
                connection.sendall(self._end(script))
        finally:
            self.open[script.seed] -= 1
            if gone.is_set():
                self.gone_at[script.seed] = time.monotonic()
            looker.kill()

    def _speak(self, connection: socket, script: Script, gone: Event) -> bool:
        for said, text in enumerate(script.texts):
            if said == script.hold_after:
                gevent.wait([self._released[script.seed], gone], count=1)
            if gone.wait(script.gap_ms / 1000):
                return False
            connection.sendall(chunk({"content": text}))
        return True

    def _end(self, script: Script) -> bytes:
        return chunk({}, "stop") + b"data: [DONE]\n\n"


def asked(connection: socket) -> Any:
    """The JSON of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    length = next(int(value) for name, _, value in lines if name == b"content-length")
    while len(body) < length:
        body += _more(connection)
    return orjson.loads(body)


def _more(connection: socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionResetError
    return data


def _look(connection: socket, gone: Event) -> None:
    # A client sends nothing after its question, so a readable socket is one that hung up.
    with suppress(OSError):
        connection.recv(1)
    gone.set()


def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + orjson.dumps({"model": "fake", "choices": [choice]}) + b"\n\n"
