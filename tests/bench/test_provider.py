"""The bench's provider: what it streams when it calls tools on the way."""

import asyncio
from typing import Any

import pytest

from bench import provider
from bench.marks import Marks
from bench.values import DONE

MODEL = "bench-7@0+4"


class Writer:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None:
        pass


def answer(results: list[str]) -> bytes:
    writer: Any = Writer()
    asyncio.run(provider._answer(MODEL, results, writer))
    return bytes(writer.sent)


def seqs(sent: bytes) -> list[int]:
    return [seq for seq, _ in Marks().feed(sent)]


def test_the_chunks_before_and_after_the_tools_are_all_of_them():
    before, after = answer([]), answer([DONE] * 4)
    assert seqs(before) == [1, 2, 3]
    assert seqs(after) == [4, 5, 6, 7]
    assert (before.count(b'"over_stdio"'), before.count(b'"over_http"')) == (2, 2)
    assert b"tool_calls" not in after


def test_a_tool_that_failed_ends_the_stream():
    with pytest.raises(ValueError, match="tools failed"):
        answer([DONE, "It broke.", DONE, DONE])
