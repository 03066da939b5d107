"""A thousand clients come back within a second, as after a restart of the server."""

import random

import gevent
import pytest

from tests.faults.conftest import IS_FULL, Serve, size
from tests.faults.model import Model, Script
from tests.faults.servers import House, wait_until
from tests.faults.talking import Person
from tests.faults.tally import Tally

CLIENTS = 1_000
WITHIN_S = 1.0
ANSWERS = 10
PATIENCE_S = 90.0


@pytest.mark.timeout(300)
def test_storm(
    house: House, serve: Serve, model: Model, chance: random.Random, tally: Tally
) -> None:
    if not (house.is_sqlite or IS_FULL):
        pytest.skip("on one database; FAULTS=full tries both")
    server = serve(workers=2)
    person = Person.at(server, seed=chance.getrandbits(32))
    for _ in range(size(1, 3)):
        scripts = [Script(chance.getrandbits(32), hold_after=20) for _ in range(ANSWERS)]
        asked = [person.ask(script) for script in scripts] * (CLIENTS // ANSWERS)
        watchers = [person.watcher(one, by_query=True) for one in asked]
        clients = [
            gevent.spawn_later(chance.uniform(0, WITHIN_S), watcher.watch, PATIENCE_S)
            for watcher in watchers
        ]
        caught_up_s = wait_until(
            lambda w=watchers: all("19 " in one.seen.text for one in w), "all hold", PATIENCE_S
        )
        tally.measure("caught_up_s", caught_up_s)
        for script in scripts:
            model.release(script)
        gevent.joinall(clients, raise_error=True)
        for one, watcher in zip(asked, watchers, strict=True):
            is_whole = watcher.seen.text == one.script.answer
            tally.add("client", watcher.seen.breaches + ([] if is_whole else ["another text"]))
