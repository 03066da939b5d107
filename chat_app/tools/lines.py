"""Cuts a stream of bytes into lines, however long they are and wherever it is cut. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

KEPT_BYTES = 512


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line over the limit, of which only the two ends (KEPT_BYTES each) were kept."""

    head: bytes
    tail: bytes


class Lines:
    """`feed` gives the lines that a chunk completes, without their line break.

    With `max_bytes` a longer line is never held as a whole: a LongLine stands for it.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._head: bytes | None = None  # of a line that is over the limit already

    @property
    def pending_bytes(self) -> int:
        """How long the line is that has no end yet."""
        return self._size

    def feed(self, chunk: bytes) -> Iterator[bytes | LongLine]:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._add(piece)
            yield self._take()
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        if not piece:
            return
        self._parts.append(piece)
        self._size += len(piece)
        if self._max_bytes is not None and self._size > self._max_bytes:
            joined = b"".join(self._parts)
            if self._head is None:
                self._head = joined[:KEPT_BYTES]
            self._parts = [joined[-KEPT_BYTES:]]

    def _take(self) -> bytes | LongLine:
        line, head = b"".join(self._parts), self._head
        self._parts, self._size, self._head = [], 0, None
        return line if head is None else LongLine(head, line[-KEPT_BYTES:])
