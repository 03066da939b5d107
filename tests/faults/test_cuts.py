"""Streams cut at any byte and resumed are equal, byte for byte, to one that was never cut."""

import random
from collections.abc import Iterator

import pytest

from tests.faults.conftest import several, size
from tests.faults.model import Script
from tests.faults.servers import House, Server
from tests.faults.talking import Asked, Person
from tests.faults.tally import Tally
from tests.faults.wire import Door, Frame, Frames

CUTS_MAX = 1_000
CONTINUATION, CONTINUATION_MASK = 0x80, 0xC0


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Server]:
    with several(house, 1, workers=2) as (server,):
        yield server


def test_finished_runs(server: Server, chance: random.Random, tally: Tally) -> None:
    person = Person.at(server, seed=chance.getrandbits(32))
    asked = person.ask(Script(chance.getrandbits(32), gap_ms=0))
    person.watcher(asked).watch()
    for number in range(size(20, 100)):
        door = person.doors(asked, by_query=bool(number % 2))[0]
        got = cut_anywhere(door, chance, longest_bytes=3_000)
        tally.add(f"cut {number}", compare(got, door))


def test_inside_a_character(server: Server, chance: random.Random, tally: Tally) -> None:
    person = Person.at(server, seed=chance.getrandbits(32))
    asked = person.ask(Script(chance.getrandbits(32), gap_ms=0))
    person.watcher(asked).watch()
    for number in range(size(15, 75)):
        door = person.doors(asked, by_query=bool(number % 2))[0]
        with door.open() as body:
            sent = b"".join(body)
        inside = [at for at, byte in enumerate(sent) if byte & CONTINUATION_MASK == CONTINUATION]
        tally.add(f"cut {number}", compare(cut_at(door, [chance.choice(inside)]), door))


def test_live_runs(server: Server, chance: random.Random, tally: Tally) -> None:
    person = Person.at(server, seed=chance.getrandbits(32))
    for number in range(size(20, 100)):
        asked = person.ask(Script(chance.getrandbits(32), pieces=40, gap_ms=3))
        door = person.doors(asked, by_query=bool(number % 2))[0]
        got = cut_anywhere(door, chance, longest_bytes=1_500)
        tally.add(f"cut {number}", compare(got, door) + told(asked, got))


def compare(got: list[Frame], door: Door) -> list[str]:
    """What is different from the run as a client sees it that is never cut."""
    with door.open() as body:
        expected = Frames().feed(b"".join(body))
    return [] if got == expected else [f"{got} instead of {expected}"]


def told(asked: Asked, got: list[Frame]) -> list[str]:
    payloads = [frame.payload for frame in got]
    text = "".join(p["content"] for p in payloads if p["type"] == "chunk")
    return [] if text == asked.script.answer else [f"{text!r} is not the answer"]


def cut_anywhere(door: Door, chance: random.Random, longest_bytes: int) -> list[Frame]:
    """The run as a client sees it that is cut again and again, up to the last event."""
    return cut_at(door, [chance.randint(1, longest_bytes) for _ in range(CUTS_MAX)])


def cut_at(door: Door, lengths: list[int]) -> list[Frame]:
    """The run when the first connections give only so many bytes each."""
    seen: list[Frame] = []
    for length in [*lengths, 10**9]:
        frames, left = Frames(), length
        with door.open(seen[-1].id if seen else None) as body:
            for data in body:
                seen += frames.feed(data[:left])
                left -= len(data)
                if left <= 0:
                    break
            else:
                return seen
    raise AssertionError("no end")
