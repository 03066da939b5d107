"""Reads one open answer: stream or whole JSON, to its parts and to its end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Self

import httpx2

from chat_app.errors import ProviderBadResponse
from chat_app.providers.answer import Answer
from chat_app.providers.sse_lines import SseLines
from chat_app.providers.values import Part

TAIL_S = 1.0
MAX_TAIL_BYTES = 64 * 1024
MAX_WHOLE_BYTES = 8 * 1024 * 1024
_DONE = b"[DONE]"


class Reply:
    """An answer with status 200 whose body is still to be read. Close it."""

    def __init__(self, response: httpx2.Response, model: str) -> None:
        """Waits for the first bytes, so that a failure before them can still be retried."""
        self._response = response
        self._answer = Answer(model)
        pieces = response.iter_bytes()
        self._pieces: Iterator[bytes] = chain([next(pieces, b"")], pieces)

    def parts(self) -> Iterator[Part]:
        """All parts; Finish is the last. Raises HoldfastError and what `faults.FOREIGN` names."""
        kind = self._response.headers.get("content-type", "text/event-stream")
        kind = kind.partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            return self._streamed()
        if kind == "application/json":
            return iter(self._answer.read_whole(read_at_most(self._pieces, MAX_WHOLE_BYTES)))
        raise ProviderBadResponse("The model provider sent a page, not an answer.")

    def close(self) -> None:
        """Lets the provider go: at once if the body is not read to its end."""
        self._response.close()

    def _streamed(self) -> Iterator[Part]:
        answer, lines = self._answer, SseLines()
        with Cutoff(self._response) as cutoff:
            try:
                for piece in self._pieces:
                    for data in lines.feed(piece):
                        if data == _DONE:
                            yield from answer.end("stop")
                            cutoff.start()
                            self._drain()
                            return
                        yield from answer.read(data)
                    if answer.finish_reason:
                        cutoff.start()
            except httpx2.TransportError:
                if not answer.finish_reason:
                    raise
        yield from self._unended(lines.rest())

    def _unended(self, data: bytes) -> Iterator[Part]:
        """The end of a stream without [DONE], or with a [DONE] that its line break got lost of."""
        if data and data != _DONE:
            with suppress(ProviderBadResponse):
                yield from self._answer.read(data)
        yield from self._answer.end("stop" if data == _DONE else None)

    def _drain(self) -> None:
        """Reads the body to its end: only then does the pool use the connection again."""
        with suppress(httpx2.HTTPError, ProviderBadResponse):
            read_at_most(self._pieces, MAX_TAIL_BYTES)


def read_at_most(pieces: Iterator[bytes], limit_bytes: int) -> bytes:
    """All bytes; ProviderBadResponse if there are more than `limit_bytes`."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > limit_bytes:
            raise ProviderBadResponse("The model provider sent more than an answer can be.")
    return bytes(body)


class Cutoff:
    """Ends a body TAIL_S after `start`, whatever the provider does.

    When the model has finished, only usage, [DONE] and the end of the body can follow. A
    provider that then keeps the connection open must not keep the answer open too, and
    httpx2's read time-out cannot be changed once a body is being read.
    """

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer:
            self._timer.cancel()

    def start(self) -> None:
        """Starts the clock, the first time."""
        if self._timer is None:
            self._timer = threading.Timer(TAIL_S, self._cut)
            self._timer.daemon = True
            self._timer.start()

    def _cut(self) -> None:
        # A closed response has given its connection to the next request already.
        if self._response.is_closed:
            return
        connection = self._response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):
            # Not SSLSocket.shutdown: it takes the TLS state away under the reader's feet.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
