"""Clients that go are noticed by their socket, those that do not read cost nothing."""

import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from tests.faults.conftest import several, size
from tests.faults.model import Model, Script
from tests.faults.servers import House, Server, wait_until
from tests.faults.talking import Asked, Person, audit
from tests.faults.tally import Tally
from tests.faults.wire import Door, reset

AT_ONCE = 50
# CONTRACT asks for 1 s, a busy machine may take longer; the next heartbeat would take 15 s.
NOTICED_MAX_S = 5.0
SLOW_READERS = 30
SLOW_BUFFER_BYTES = 4_096
LARGE = 4_000  # times a piece of the answer
GROWTH_MAX_BYTES = 80 * 1024 * 1024


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Server]:
    with several(house, 1) as (server,):
        yield server


def state(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = Person.at(server).insist("GET", "/faults/state")
    return found


def held(person: Person, model: Model, chance: random.Random) -> Asked:
    """An answer that is under way and says nothing more."""
    asked = person.ask(Script(chance.getrandbits(32), hold_after=2))
    wait_until(lambda: model.open[asked.script.seed], "the model is asked")
    return asked


def open_stream(door: Door) -> socket.socket:
    connection = door.ask(None)
    assert connection.recv(1)
    return connection


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_hang_up(
    server: Server,
    model: Model,
    chance: random.Random,
    tally: Tally,
    leave: Callable[[socket.socket], None],
) -> None:
    person = Person.at(server, seed=chance.getrandbits(32))
    asked = held(person, model, chance)
    door = person.doors(asked)[0]
    for number in range(size(10, 20)):
        streams = [open_stream(door) for _ in range(AT_ONCE)]
        wait_until(lambda: state(server)["users"] == AT_ONCE + 1, "all are watching")
        for stream in streams:
            leave(stream)
        noticed_s = wait_until(lambda: state(server)["users"] == 1, "none is watching")
        tally.measure("noticed_s", noticed_s)
        left = state(server)["requests"]
        faults = [f"{left} requests are left"] if left else []
        if noticed_s > NOTICED_MAX_S:
            faults.append(f"noticed after {noticed_s:.1f} s")
        tally.add(f"{number}", faults)
    model.release(asked.script)
    tally.add("answer", audit(person, asked, person.watcher(asked).watch()))
    wait_until(lambda: state(server)["users"] == 0, "the feed is let go")


@pytest.mark.parametrize("is_live", [True, False])
def test_those_who_do_not_read(
    server: Server, model: Model, chance: random.Random, tally: Tally, is_live: bool
) -> None:
    person = Person.at(server, seed=chance.getrandbits(32))
    script = Script(chance.getrandbits(32), pieces=100, gap_ms=2, hold_after=0, times=LARGE)
    asked = person.ask(script)
    if not is_live:
        model.release(script)
        person.watcher(asked).watch()
    before = state(server)["rss_bytes"]
    slow = [never_read(person.doors(asked)[0]) for _ in range(SLOW_READERS)]
    watching = gevent.spawn(person.watcher(asked).watch)
    model.release(script)
    faults = audit(person, asked, watching.get())
    grown = state(server)["rss_bytes"] - before
    tally.measure("grown_mb", grown / 2**20)
    if grown > GROWTH_MAX_BYTES:
        faults.append(f"{grown / 2**20:.0f} MB more")
    tally.add("slow readers", faults)
    for connection in slow:
        connection.close()
    wait_until(lambda: state(server)["users"] == 0, "the feed is let go")


def never_read(door: Door) -> socket.socket:
    """A client with a small buffer that takes what fits into it and no more."""
    connection = door.ask(None, receive_bytes=SLOW_BUFFER_BYTES)
    assert connection.recv(1)
    return connection
