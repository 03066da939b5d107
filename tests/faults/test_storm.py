"""A thousand clients come back within a second, as after a restart of the server."""

import random
import time

import gevent
import pytest

from tests.faults.conftest import Serve, size
from tests.faults.model import Model, Script
from tests.faults.servers import wait_until
from tests.faults.talking import Asked, Person
from tests.faults.tally import Tally
from tests.faults.watching import Seen
from tests.faults.wire import Door, Frames

CLIENTS = 1_000
WITHIN_S = 1.0
ANSWERS = 10


@pytest.mark.timeout(120)
def test_storm(serve: Serve, model: Model, chance: random.Random, tally: Tally) -> None:
    server = serve(workers=2)
    person = Person.at(server, seed=chance.getrandbits(32))
    for _ in range(size(1, 3)):
        asked = [person.ask(Script(chance.getrandbits(32), hold_after=20)) for _ in range(ANSWERS)]
        wait_until(lambda a=asked: is_at_the_hold(person, a), "all hold")
        seen = [Seen() for _ in range(CLIENTS)]
        clients = [
            gevent.spawn_later(
                chance.uniform(0, WITHIN_S), come_back, doors_of(person, one), has, tally
            )
            for one, has in zip(asked * (CLIENTS // ANSWERS), seen, strict=True)
        ]
        wait_until(lambda s=seen: all("19 " in has.text for has in s), "all caught up", 60)
        for one in asked:
            model.release(one.script)
        gevent.joinall(clients, raise_error=True)
        for one, has in zip(asked * (CLIENTS // ANSWERS), seen, strict=True):
            wrong = [] if has.text == one.script.answer else ["another text"]
            tally.add("client", has.breaches + wrong)


def is_at_the_hold(person: Person, asked: list[Asked]) -> bool:
    return all(len(person.events(one.run_id)) > 1 for one in asked)


def doors_of(person: Person, asked: Asked) -> Door:
    return person.doors(asked, by_query=True)[0]


def come_back(door: Door, seen: Seen, tally: Tally) -> None:
    """One stream to its end; how long the first events took is measured."""
    began, frames = time.monotonic(), Frames()
    with door.open() as body:
        for number, data in enumerate(body):
            if number == 0:
                tally.measure("first_s", time.monotonic() - began)
            for frame in frames.feed(data):
                seen.take(frame)
