"""What the bench believes of a stream: that nothing escapes it, however the bytes are cut."""

import pytest

from bench.marks import Body, Marks, Tally, mark

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def tally(*seqs: int) -> Tally:
    seen = Tally()
    for seq in seqs:
        seen.see(seq)
    return seen


@pytest.mark.parametrize("cut", range(1, 3 * len(mark(0, 0)) + 20))
def test_marks_are_found_once_wherever_the_bytes_are_cut(cut: int) -> None:
    text = b'data: {"c":"' + mark(1, 5) + mark(2, 6) + b'"}\n\ndata: ' + mark(3, 7)
    marks = Marks()
    found = marks.feed(text[:cut]) + marks.feed(text[cut:]) + marks.feed(b"")
    assert found == [(1, 5), (2, 6), (3, 7)]


@pytest.mark.parametrize("cut", range(1, len(HEAD) + 22))
def test_a_chunked_body_is_put_together_wherever_the_bytes_are_cut(cut: int) -> None:
    sent = HEAD + b"5\r\nhello\r\n2\r\n, \r\n0\r\n\r\n"
    body = Body()
    assert body.feed(sent[:cut]) + body.feed(sent[cut:]) == b"hello, "
    assert body.status == 200
    assert body.is_whole


def test_a_body_without_its_last_chunk_is_not_whole() -> None:
    body = Body()
    assert body.feed(HEAD + b"5\r\nhello\r\n") == b"hello"
    assert not body.is_whole


def test_a_refusal_that_is_not_chunked_is_read_too() -> None:
    body = Body()
    assert body.feed(b"HTTP/1.1 429 Slow\r\nContent-Length: 2\r\n\r\nno") == b"no"
    assert body.status == 429


def test_a_stream_in_order_has_nothing_wrong() -> None:
    seen = tally(1, 2, 3)
    assert (seen.lost(3), seen.repeated, seen.disordered) == (0, 0, 0)


def test_what_never_came_is_lost_in_the_middle_and_at_the_end() -> None:
    assert tally(1, 3, 4).lost(6) == 3


def test_what_comes_again_is_repeated() -> None:
    assert tally(1, 2, 1, 2, 3).repeated == 2


def test_what_comes_late_is_out_of_order_and_not_lost() -> None:
    seen = tally(1, 3, 2, 4)
    assert (seen.lost(4), seen.repeated, seen.disordered) == (0, 0, 1)
