"""WebSocket frames, byte for byte."""

import pytest

from chat_app.store.run_events import StoredEvent
from chat_app.streaming import ws
from chat_app.streaming.dialects import RunRef

RUN = RunRef(7, "0190-run", "session", "question", "reply")


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_head_of_a_frame_tells_its_length(size: int, head: bytes) -> None:
    # RFC 6455, section 5.2: 7 bits, or 126 and 16 bits, or 127 and 64 bits.
    assert ws.text(b"x" * size) == head + b"x" * size


def test_a_frame_is_json_as_utf8_unescaped() -> None:
    assert ws.frame({"a": "世"}) == b'\x81\x0b{"a":"\xe4\xb8\x96"}'


def test_an_event_is_the_journals_json_with_its_id_in_front() -> None:
    event = StoredEvent(7, 3, "chunk", '{"type":"chunk","content":"Hi","done":false}')
    expected = b'{"id":"0190-run:3","type":"chunk","content":"Hi","done":false}'
    assert ws.event(RUN, event) == ws.text(expected)
