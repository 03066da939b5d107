"""The mark in every chunk, which shows when it was sent and whether it arrived once. Pure."""

import re

_MARK = re.compile(rb"#(\d{6}):(\d{19}) ")
_MARK_BYTES = 28


def mark(seq: int, sent_ns: int) -> bytes:
    """The text of chunk `seq`. No JSON escapes it, and pieces joined to one event keep theirs."""
    return b"#%06d:%019d " % (seq, sent_ns)


class Marks:
    """Finds the marks in a body that comes in pieces, cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[tuple[int, int]]:
        """The `(seq, sent_ns)` that are whole now."""
        text = self._rest + piece
        found, end = [], 0
        for match in _MARK.finditer(text):
            found.append((int(match[1]), int(match[2])))
            end = match.end()
        self._rest = text[max(end, len(text) - _MARK_BYTES + 1) :]
        return found


class Tally:
    """Which chunks of one stream came. `repeated` and `disordered` count events."""

    def __init__(self) -> None:
        self.repeated = 0
        self.disordered = 0
        self._next = 1
        self._missing: set[int] = set()

    def see(self, seq: int) -> None:
        if seq == self._next:
            self._next += 1
        elif seq > self._next:
            self._missing.update(range(self._next, seq))
            self._next = seq + 1
        elif seq in self._missing:
            self._missing.remove(seq)
            self.disordered += 1
        else:
            self.repeated += 1

    def lost(self, chunks: int) -> int:
        """How many of `chunks` have not come."""
        return len(self._missing) + chunks - (self._next - 1)


class Body:
    """Takes the HTTP off a response. `is_whole` once a chunked body has come to its end."""

    def __init__(self) -> None:
        self.status = 0
        self.is_whole = False
        self._is_chunked = False
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """What these bytes add to the body."""
        data = self._rest + data
        if not self.status:
            head, blank_line, data = data.partition(b"\r\n\r\n")
            if not blank_line:
                self._rest = head
                return b""
            self.status = int(head.split(None, 2)[1])
            self._is_chunked = b"\r\ntransfer-encoding: chunked" in head.lower()
        self._rest = b""
        return self._chunks(data) if self._is_chunked else data

    def _chunks(self, data: bytes) -> bytes:
        """The contents of the chunks that are whole (RFC 9112, 7.1)."""
        whole, at = [], 0
        while (line_end := data.find(b"\r\n", at)) >= 0:
            begin = line_end + 2
            end = begin + int(data[at:line_end], 16)
            if end + 2 > len(data):
                break
            whole.append(data[begin:end])
            at = end + 2
            if begin == end:
                self.is_whole = True
                break
        self._rest = data[at:]
        return b"".join(whole)
