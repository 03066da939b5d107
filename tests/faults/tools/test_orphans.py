"""No process outlives the one that started it."""

import random
import signal

import gevent
import psutil

from tests.faults.conftest import size
from tests.faults.servers import Server, send, wait_until
from tests.faults.talking import Person
from tests.faults.tally import Tally
from tests.faults.tools.trials import (
    look,
)
from tests.faults.tools.visiting import Visitor
from tests.faults.tools.workshop import LOCAL, Workshop, running

GONE_MAX_S = 8.0
RUNS_A_KILL = 5


def test_no_process_is_left_behind(
    shop: Workshop, server: Server, chance: random.Random, tally: Tally
) -> None:
    """Whatever is killed: no sidecar and no stdio server outlives its worker for long."""
    visitor = Visitor(shop, Person.at(server, seed=chance.getrandbits(32)), chance)
    deaths = [of_one, of_sidecars, of_all]
    for number in range(size(4, 40)):
        death = deaths[number % len(deaths)]
        talks = [gevent.spawn(look, visitor, LOCAL) for _ in range(RUNS_A_KILL)]
        wait_until(lambda: busy(shop, server), "a tool server is there")
        gevent.sleep(chance.uniform(0, 0.5))
        doomed = death(shop, server, chance)
        gone_s = wait_until(lambda d=doomed: not alive(d), "they are gone", GONE_MAX_S)  # type: ignore[misc]
        tally.measure("gone_s", gone_s)
        tally.measure("gone", len(doomed))
        running([server])
        gevent.joinall(talks, raise_error=True)
        for talk in talks:
            tally.add(f"{number} {death.__name__}", talk.value[1])
        wait_until(lambda: not shop.orphans(server), "no orphan is there", GONE_MAX_S)
    server.kill()
    wait_until(lambda: not shop.helpers(), "all are gone", GONE_MAX_S)


def busy(shop: Workshop, server: Server) -> bool:
    return any(sidecar.children() for sidecar in shop.sidecars(server))


def of_one(shop: Workshop, server: Server, chance: random.Random) -> list[psutil.Process]:
    """Kill a worker that has a sidecar; gives what must be gone."""
    sidecar = chance.choice(shop.sidecars(server))
    doomed = [sidecar, *sidecar.children(recursive=True)]
    send(sidecar.ppid(), signal.SIGKILL)
    return doomed


def of_sidecars(shop: Workshop, server: Server, chance: random.Random) -> list[psutil.Process]:
    sidecars = shop.sidecars(server)
    doomed = [one for sidecar in sidecars for one in sidecar.children(recursive=True)]
    for sidecar in sidecars:
        send(sidecar.pid, signal.SIGKILL)
    return [*sidecars, *doomed]


def of_all(shop: Workshop, server: Server, chance: random.Random) -> list[psutil.Process]:
    doomed = shop.helpers()
    server.kill()
    return doomed


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != "zombie"]
