import pytest

from chat_app.providers.sse_lines import MAX_LINE_BYTES, LineTooLong, SseLines


def payloads(*pieces: bytes) -> list[bytes]:
    lines = SseLines()
    found = [data for piece in pieces for data in lines.feed(piece)]
    rest = lines.rest()
    return [*found, rest] if rest else found


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_ends_with_lf_crlf_or_cr(end: bytes):
    assert payloads(b"data: a" + end + end + b"data: b" + end) == [b"a", b"b"]


def test_the_cut_into_pieces_makes_no_difference():
    stream = 'data: {"a": "é\u2028"}\r\n\r\n: ping\ndata:b\r\rdata: [DONE]\n\n'.encode()
    whole = payloads(stream)
    assert whole == ['{"a": "é\u2028"}'.encode(), b"b", b"[DONE]"]
    for at in range(len(stream) + 1):
        assert payloads(stream[:at], stream[at:]) == whole
    assert payloads(*(bytes([byte]) for byte in stream)) == whole


@pytest.mark.parametrize("char", ["\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_only_line_breaks_of_the_standard_cut_a_line(char: str):
    assert payloads(f"data: a{char}b\n".encode()) == [f"a{char}b".encode()]


def test_comments_other_fields_and_empty_data_give_nothing():
    assert payloads(b": hi\nevent: x\nid: 1\nretry: 5\ndata\ndata:\ndata:  \n\n") == []


def test_one_byte_order_mark_at_the_start_is_dropped():
    assert payloads(b"\xef", b"\xbb\xbfdata: a\n\xef\xbb\xbfdata: b\n") == [b"a"]


def test_a_last_line_without_its_end_is_the_rest():
    lines = SseLines()
    assert lines.feed(b"data: a\ndata: b") == [b"a"]
    assert (lines.rest(), lines.rest()) == (b"b", b"")


def test_a_line_as_long_as_allowed_is_read():
    data = b"x" * (MAX_LINE_BYTES - len(b"data: "))
    assert payloads(b"data: " + data + b"\n") == [data]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_longer_line_is_refused_whole_or_in_pieces(end: bytes):
    line = b"data: " + b"x" * MAX_LINE_BYTES + end
    with pytest.raises(LineTooLong):
        payloads(line)
    with pytest.raises(LineTooLong):
        payloads(*(line[at : at + 65536] for at in range(0, len(line), 65536)))


def test_a_line_that_comes_byte_by_byte_takes_linear_time():
    lines = SseLines()
    for _ in range(MAX_LINE_BYTES):
        lines.feed(b"x")
    with pytest.raises(LineTooLong):
        lines.feed(b"x")
