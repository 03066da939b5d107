"""Bytes of an event stream to the payloads of its `data:` lines. Pure.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream, less the
joining of several `data:` lines into one event: every compatible provider sends one line a chunk.
"""

from collections.abc import Sequence

MAX_LINE_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class LineTooLong(ValueError):
    """A line longer than MAX_LINE_BYTES."""


class SseLines:
    """Cuts an event stream into lines, however the network cut it into pieces."""

    __slots__ = ("_started", "_unfinished", "_unfinished_bytes")

    def __init__(self) -> None:
        self._started = False
        # A list, not bytes: adding up a long line that comes byte by byte must stay linear.
        self._unfinished: list[bytes] = []
        self._unfinished_bytes = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The payloads that this piece completed, blank ones left out. Raises LineTooLong."""
        # bytes.splitlines knows only LF, CR and CRLF (str.splitlines would cut at U+2028 and
        # others). A CRLF that came in two pieces makes one blank line more, which is harmless.
        lines: Sequence[bytes] = piece.splitlines()
        ended = piece.endswith((b"\n", b"\r"))
        if self._unfinished or not ended or len(piece) > MAX_LINE_BYTES:
            lines = self._join(list(lines), ended)
        return [data for line in lines if (data := self._data(line))]

    def rest(self) -> bytes:
        """The payload of a last line that was never ended, b"" if there is none."""
        return self._data(self._take_unfinished())

    def _join(self, lines: list[bytes], ended: bool) -> list[bytes]:
        if not lines:
            return lines
        last = b"" if ended else lines.pop()
        if lines:
            self._keep(lines[0])
            lines[0] = self._take_unfinished()
        self._keep(last)
        if max(map(len, lines), default=0) > MAX_LINE_BYTES:
            raise LineTooLong
        return lines

    def _keep(self, start: bytes) -> None:
        if not start:
            return
        self._unfinished.append(start)
        self._unfinished_bytes += len(start)
        if self._unfinished_bytes > MAX_LINE_BYTES:
            raise LineTooLong

    def _take_unfinished(self) -> bytes:
        line = b"".join(self._unfinished)
        self._unfinished.clear()
        self._unfinished_bytes = 0
        return line

    def _data(self, line: bytes) -> bytes:
        if not self._started:
            self._started = True
            line = line.removeprefix(_BOM)
        return line[5:].strip() if line.startswith(b"data:") else b""
