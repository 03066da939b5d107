"""SIGTERM while tools are at work."""

import random
import signal
from collections.abc import Callable

import gevent
import pytest

from tests.faults.conftest import size
from tests.faults.servers import Server, send, wait_until
from tests.faults.talking import Person
from tests.faults.tally import Tally
from tests.faults.tools.trials import (
    holding,
    in_mid_call,
    release,
    results,
)
from tests.faults.tools.visiting import Visitor
from tests.faults.tools.workshop import Workshop, running

WATCHDOG_S = 30


def to_workers(shop: Workshop, server: Server) -> None:
    for pid in server.tree():
        send(pid, signal.SIGTERM)


def to_all(shop: Workshop, server: Server) -> None:
    """As Heroku does it: to every process there is."""
    to_workers(shop, server)
    for helper in shop.helpers():
        send(helper.pid, signal.SIGTERM)


@pytest.mark.parametrize("stop", [to_workers, to_all])
def test_a_deploy_lets_calls_finish(
    shop: Workshop,
    pair: list[Server],
    chance: random.Random,
    stop: Callable[[Workshop, Server], None],
) -> None:
    server = pair[1]
    visitor = Visitor(shop, Person.at(server, seed=chance.getrandbits(32)), chance)
    asked = in_mid_call(shop, visitor.person, chance, "pay", "look")
    visitor.person = Person.at(*pair)
    following = gevent.spawn(visitor.follow, asked)
    stop(shop, server)
    gevent.sleep(1.5)  # gunicorn looks every second; whether it waits shows after that
    release(shop, asked)
    ended(server)
    seen, faults = following.get()
    failed = [told["result"] for told in results(seen).values() if told["is_error"]]
    assert not faults + failed


def ended(server: Server) -> None:
    assert server.process is not None
    server.process.wait(WATCHDOG_S)


def test_a_deploy_that_cannot_wait(
    shop: Workshop, pair: list[Server], chance: random.Random, tally: Tally
) -> None:
    """What can be done again is, by the next process; of the rest the outcome is unknown."""
    for number in range(size(1, 8)):
        visitor = Visitor(shop, Person.at(pair[0], seed=chance.getrandbits(32)), chance)
        asked = in_mid_call(shop, visitor.person, chance, "pay", "look", "put")
        visitor.person = Person.at(*pair)
        following = gevent.spawn(visitor.follow, asked)
        to_workers(shop, pair[0])
        stopped_s = wait_until(
            lambda a=asked: shop.ledger.has(holding(a), "cancelled"),  # type: ignore[misc]
            "the tools hear of it",
        )
        tally.measure("stopped_s", stopped_s)
        release(shop, asked)
        ended(pair[0])
        seen, faults = following.get()
        told = [event["is_error"] for _, event in sorted(results(seen).items())]
        right = told == [True, False, False, False]
        tally.add(f"{number}", faults if right else [*faults, f"failed: {told}"])
        running(pair)
