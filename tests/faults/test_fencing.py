"""A worker that is paused for longer than its lease and wakes up can write nothing any more."""

import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import gevent
import psutil
import pytest

from chat_app.streaming import points
from tests.faults.conftest import IS_FULL, several, size
from tests.faults.model import Model, Script
from tests.faults.servers import USUAL_LEASE, House, Server, send, wait_until
from tests.faults.talking import Asked, Person, audit
from tests.faults.tally import Tally

# Long enough that a machine with much else to do does not let it lapse by itself.
SHORT_LEASE = (3.0, 0.3, 0.1, 0.3)
LOCKED_S = 0.5  # nobody who goes on holds the lock for so long
OUTSIDE_OF_TRANSACTIONS = (points.CLAIMED, points.APPENDED, points.FINISHING, points.CLOSED)
INSIDE_OF_TRANSACTIONS = (points.APPENDING, points.CLOSING)


@pytest.fixture(scope="module")
def servers(house: House) -> Iterator[list[Server]]:
    """One whose worker is going to be paused, and another."""
    with several(house, 2, lease=SHORT_LEASE) as servers:
        yield servers


def test_paused_in_the_middle_of_an_answer(
    servers: list[Server], model: Model, chance: random.Random, tally: Tally
) -> None:
    paused, other = servers
    for number in range(size(2, 8)):
        here, there = Person.at(paused, seed=number), Person.at(other, seed=number)
        asked = here.ask(Script(chance.getrandbits(32), hold_after=10))
        script = asked.script
        watching = [here.watcher(asked), there.watcher(asked)]
        seen = [gevent.spawn(watcher.watch) for watcher in watching]
        wait_until(lambda w=watching: all("9 " in x.seen.text for x in w), "ten pieces")
        pause(paused)
        taken_s = wait_until(lambda s=script: model.asked[s.seed] > 1, "another takes over")
        tally.measure("takeover_s", taken_s)
        if number % 2:
            model.release(script)  # it ends while the first one sleeps
            wait_until(lambda a=asked, t=there: t.run(a.run_id)["status"] == "done", "the end")
        wake(paused)
        model.release(script)
        gevent.joinall(seen, raise_error=True)
        # Who followed the paused process was never cut, and saw the other one's events.
        faults = [] if watching[0].seen.connections == 1 else ["was cut"]
        faults += [fault for one in seen for fault in audit(there, asked, one.value)]
        tally.add(f"pause {number}", faults)


def test_paused_at_named_points(servers: list[Server], chance: random.Random, tally: Tally) -> None:
    paused, other = servers
    at = OUTSIDE_OF_TRANSACTIONS
    for point in at * size(1, 5):
        tally.add(point, pause_at(point, paused, other, chance))


def test_paused_in_a_transaction(
    servers: list[Server], house: House, chance: random.Random, tally: Tally
) -> None:
    paused, other = servers
    for point in INSIDE_OF_TRANSACTIONS[: size(1, 2)]:
        # SQLite's lock stays with a paused process: nobody can write, or take over, before it
        # wakes up. PostgreSQL takes it away after a while.
        tally.add(point, pause_at(point, paused, other, chance, wakes_early=house.is_sqlite))


@pytest.mark.timeout(300)
def test_takeover_within_twenty_seconds(
    house: House, model: Model, chance: random.Random, tally: Tally
) -> None:
    """With production's clock; the owner's process is there, and silent."""
    if not (house.is_sqlite or IS_FULL):
        pytest.skip("the clock is the same on each database: FAULTS=full tries both")
    with several(house, 2, lease=USUAL_LEASE) as (paused, other):
        taken_s = paused_for_long(paused, other, model, chance, tally)
        tally.measure("takeover_s", taken_s)


def paused_for_long(
    paused: Server, other: Server, model: Model, chance: random.Random, tally: Tally
) -> float:
    """Seconds until another process went on."""
    here, there = Person.at(paused), Person.at(other)
    asked = here.ask(Script(chance.getrandbits(32), hold_after=5))
    wait_until(lambda: model.open[asked.script.seed], "the model is asked")
    pause(paused)
    taken_s = wait_until(lambda: model.asked[asked.script.seed] > 1, "the takeover", 30)
    model.release(asked.script)
    tally.add("takeover", audit(there, asked, there.watcher(asked).watch()))
    wake(paused)
    return taken_s


def pause_at(
    point: str, paused: Server, other: Server, chance: random.Random, wakes_early: bool = False
) -> list[str]:
    paused.arm(signal.SIGSTOP, point, 1)
    here = Person.at(paused, seed=chance.getrandbits(32))
    here.timeout_s = 1.0
    there = Person.at(other)
    channel_id = there.channel()
    asking = gevent.spawn(here.ask, Script(chance.getrandbits(32)), channel_id)
    wait_until(lambda: is_paused(paused), f"paused at {point}")
    if wakes_early:
        gevent.sleep(2 * SHORT_LEASE[0])
        wake(paused)
    here.ports = there.ports  # what was not answered is sent again, to the other one
    asked: Asked = asking.get()
    seen_there = there.watcher(asked).watch()
    wake(paused)
    seen_here = Person.at(paused).watcher(asked).watch()
    return audit(there, asked, seen_there) + audit(there, asked, seen_here)


def pause(server: Server) -> None:
    """Pause its workers; not while they hold SQLite's lock, for then nobody could take over."""
    while True:
        for pid in server.worker_pids():
            send(pid, signal.SIGSTOP)
        if not server.house.is_sqlite or is_writable(server.house):
            return
        wake(server)


def is_writable(house: House) -> bool:
    path = house.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, LOCKED_S, isolation_level=None)) as connection:
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError:
            return False
    return True


def wake(server: Server) -> None:
    for pid in server.worker_pids():
        send(pid, signal.SIGCONT)


def is_paused(server: Server) -> bool:
    return any(
        psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in server.worker_pids()
    )
