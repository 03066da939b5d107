"""Frames and cursors, byte for byte."""

import pytest

from chat_app.streaming import sse
from chat_app.streaming.sse import Cursor

RUN = "01a1f8b3-f988-72af-b137-5f7856a18611"


def test_a_frame_is_an_id_and_one_line_of_data() -> None:
    assert sse.frame('{"a":"世"}', f"{RUN}:3") == (
        f"id: {RUN}:3\n".encode() + b'data: {"a":"\xe4\xb8\x96"}\n\n'
    )


def test_a_frame_without_an_id_has_no_line_for_it() -> None:
    # An empty one would take the client's cursor away (WHATWG, "Server-sent events").
    assert sse.frame("{}") == b"data: {}\n\n"


def test_a_cursor_is_read() -> None:
    assert sse.parse_cursor(f"{RUN}:12") == Cursor(RUN, 12)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        ":",
        RUN,
        f"{RUN}:",
        f":{RUN}",
        f"{RUN}:-1",
        f"{RUN}:1.5",
        f"{RUN}:1 ",
        f" {RUN}:1",
        f"{RUN}:1\n",
        f"{RUN}:1\x00",
        f"{RUN}:٣",
        f"{RUN}:{2**63}",
        f"{RUN.upper()}:1",
        f"{'-' * 36}:1",
        "0" * 65_536,
        f"{RUN}:" + "9" * 65_536,
    ],
)
def test_what_is_no_cursor_of_ours_is_none(text: str | None) -> None:
    assert sse.parse_cursor(text) is None


def test_without_a_cursor_a_client_has_nothing() -> None:
    assert sse.position(RUN, None) == 0
    assert sse.position(RUN, "") == 0


def test_a_cursor_of_this_run_is_a_position() -> None:
    assert sse.position(RUN, f"{RUN}:12") == 12


@pytest.mark.parametrize("cursor", ["nonsense", f"{RUN[:-1]}2:12"])
def test_a_strange_cursor_is_no_position(cursor: str) -> None:
    assert sse.position(RUN, cursor) is None
