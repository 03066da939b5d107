"""What is counted before a process may end. Draining itself is proven in tests/faults."""

from collections.abc import Iterator
from typing import Any

import pytest

from chat_app.streaming.drain import InFlight


def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    yield b"one"
    yield b"two"


def test_a_stream_counts_until_it_is_closed() -> None:
    in_flight = InFlight(answer)
    response: Any = in_flight({}, None)
    assert next(iter(response)) == b"one"
    assert in_flight.count == 1
    response.close()
    assert in_flight.count == 0


def test_a_request_that_fails_does_not_stay() -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        raise OSError

    in_flight = InFlight(broken)
    with pytest.raises(OSError):
        in_flight({}, None)
    assert in_flight.count == 0
