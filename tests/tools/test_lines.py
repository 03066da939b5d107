"""Lines out of chunks."""

import pytest

from chat_app.tools.lines import KEPT_BYTES, Lines, LongLine


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_lines_are_the_same_however_the_bytes_are_cut(size: int):
    data = "one\n\nzwei ü\nthree".encode() + b"\n" + b"rest"
    lines, found = Lines(), []
    for at in range(0, len(data), size):
        found += lines.feed(data[at : at + size])
    assert found == [b"one", b"", "zwei ü".encode(), b"three"]
    assert lines.pending_bytes == 4


@pytest.mark.parametrize("size", [7, 64, 100_000])
def test_of_a_long_line_the_ends_are_kept(size: int):
    data = b"HEAD" + b"x" * 50_000 + b"TAIL\nnext\n"
    lines, found = Lines(max_bytes=1_000), []
    for at in range(0, len(data), size):
        found += lines.feed(data[at : at + size])
    long, following = found
    assert isinstance(long, LongLine)
    assert (long.head[:5], long.tail[-5:]) == (b"HEADx", b"xTAIL")
    assert len(long.head) == len(long.tail) == KEPT_BYTES
    assert following == b"next"


def test_a_line_at_the_limit_is_whole():
    lines = Lines(max_bytes=3)
    assert list(lines.feed(b"abc\nabcd\n")) == [b"abc", LongLine(b"abcd", b"abcd")]


def test_a_line_without_an_end_takes_no_memory():
    lines = Lines(max_bytes=1_000)
    for _ in range(100):
        assert list(lines.feed(b"x" * 10_000)) == []
    assert lines.pending_bytes == 1_000_000
    assert sum(map(len, lines._parts)) <= 1_000
