"""Any well-formed event stream, however it is cut, and bounded whatever comes."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_app.remote.sse import MAX_EVENT_BYTES, SseParser
from chat_app.remote.values import Sent


def parsed(*pieces: bytes) -> list[Sent]:
    parser = SseParser()
    return [sent for piece in pieces for sent in parser.feed(piece)]


def message(data: str, id: str | None = None) -> Sent:
    return Sent("message", data, id)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_with_lf_crlf_or_cr(end: bytes):
    stream = end.join([b"event: log", b"data: a", b"data: b", b"", b"data: c", b"", b""])
    assert parsed(stream) == [Sent("log", "a\nb"), message("c")]


def test_an_event_is_given_with_the_first_byte_of_its_blank_line():
    parser = SseParser()
    assert parser.feed(b"data: a\r\n\r") == [message("a")]
    assert parser.feed(b"\ndata: b\r\r") == [message("b")]


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"data:a\n\n", [message("a")]),
        (b"data:  a \n\n", [message(" a ")]),
        (b"data: a: b\n\n", [message("a: b")]),
        (b"data\n\n", [message("")]),
        (b"data\ndata\n\n", [message("\n")]),
        (b"data:\n\n", [message("")]),
        (b"event: log\n\ndata: a\n\n", [message("a")]),
        (b"event:\ndata: a\n\n", [message("a")]),
        (b"event: x\nevent: log\ndata: a\n\n", [Sent("log", "a")]),
        (b": hello\ndata: a\n:\n: data: b\n\n: bye\n\n", [message("a")]),
        (b"id: 7\ndata: a\n\ndata: b\n\n", [message("a", "7"), message("b")]),
        (b"id: 7\nid: 8\ndata: a\n\n", [message("a", "8")]),
        (b"id\ndata: a\n\n", [message("a", "")]),
        (b"id: 7\0\ndata: a\n\n", [message("a")]),
        (b"id: 6\nid: 7\0\ndata: a\n\n", [message("a", "6")]),
        (b"id: 7\n\ndata: a\n\n", [message("a")]),
        (b"retry: 10\nretry: soon\ndata: a\nmood: good\nDATA: b\n data: c\n\n", [message("a")]),
        (b"\n\n\n\ndata: a\n\n\n\n", [message("a")]),
        (b"data: a\xff\n\n", [message("a\ufffd")]),
        (b"data: \xc3\n\xa9\n\n", [message("\ufffd")]),
        ("data: a\u2028b\u0085c\x0bd\n\n".encode(), [message("a\u2028b\u0085c\x0bd")]),
        (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [message("a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        (b"data: a\n\ndata: lost\n", [message("a")]),
        (b"", []),
    ],
)
def test_fields_are_read_as_the_standard_says(stream: bytes, found: list[Sent]):
    assert parsed(stream) == found
    assert parsed(*(bytes([byte]) for byte in stream)) == found


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:\xc3\xa9",
        b"data",
        b"\xef\xbb\xbf",
        b"event: log",
        b"id: 7",
        b"id: \0",
        b": c",
        b"retry: 5",
        b"",
        "data: 日本\u2028語 😀".encode(),
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])), max_size=40)


@settings(deadline=None)
@given(STREAMS, st.lists(st.integers(0, 400), max_size=20))
def test_where_a_stream_is_cut_makes_no_difference(
    lines: list[tuple[bytes, bytes]], cuts: list[int]
):
    stream = b"".join(line + end for line, end in lines)
    at = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(at)]
    assert parsed(*pieces) == parsed(stream)
    assert parsed(*(bytes([byte]) for byte in stream)) == parsed(stream)


def in_pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


@pytest.mark.parametrize("over", [-3, -2, -1, 0, 1, 2, 3, MAX_EVENT_BYTES, 5 * MAX_EVENT_BYTES])
def test_a_long_event_comes_cut_and_the_next_one_whole(over: int):
    most = MAX_EVENT_BYTES - len(b"id: 7\ndata: ")
    ping = b": ping\n" * 100_000
    stream = b"id: 7\ndata: " + b"x" * (most + over) + b"\n" + ping + b"\ndata: b\n\n"
    found = [Sent("message", "x" * (most + min(over, 0)), "7", over > 0), message("b")]
    assert parsed(stream) == found
    for size in (1000, 65_536, MAX_EVENT_BYTES + 1):
        assert parsed(*in_pieces(stream, size)) == found


@pytest.mark.parametrize("piece", [b"x", b":", b": ping\n", b"data: a\n", b"\n", b"\r"])
def test_a_stream_without_an_event_s_end_takes_no_more_and_more_memory(piece: bytes):
    parser = SseParser()
    tracemalloc.start()
    try:
        for _ in range(6):
            assert parser.feed(piece * 100_000) == []
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held_bytes <= 2 * MAX_EVENT_BYTES + 100_000


@pytest.mark.parametrize(
    ("stream", "is_amid"),
    [
        (b"", False),
        (b"data: a\n\n", False),
        (b"\n\n", False),
        (b"data: a\n", True),
        (b"data", True),
    ],
)
def test_whether_it_is_in_the_midst_of_an_event_is_known(stream: bytes, is_amid: bool):
    parser = SseParser()
    parser.feed(stream)
    assert parser.is_amid is is_amid


def test_comments_before_and_in_an_event_do_not_count():
    stream = b": ping\n" * 200_000 + b"data: a\n" + b": ping\n" * 200_000 + b"data: b\n\n"
    assert parsed(stream) == parsed(*in_pieces(stream, 65_536)) == [message("a\nb")]
