"""`kill -9` under answers that use tools: what cannot be undone is done at most once, and what is
said of it is true.
"""

import random
import signal
from math import ceil

import gevent
import pytest

from chat_app.streaming import points
from tests.faults.conftest import IS_FULL, size
from tests.faults.servers import Server, send, wait_until
from tests.faults.talking import Person
from tests.faults.tally import Tally
from tests.faults.tools.tool_model import ToolScript, Use
from tests.faults.tools.trials import (
    ANY_TIME_S,
    TALKS,
    Trial,
    kill_one,
    restart,
)
from tests.faults.tools.visiting import Visitor
from tests.faults.tools.workshop import Workshop

# How often one answer passes a point; the others it passes once.
PASSINGS = {points.CALLING: 2, points.CALLED: 4, points.APPENDING: 4, points.APPENDED: 4}


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("workers", [1, 2] if IS_FULL else [2])
def test_kills_at_named_points(
    shop: Workshop, server: Server, chance: random.Random, tally: Tally, workers: int
) -> None:
    if server.workers != workers:
        server.kill()
        server = Server(shop.house, workers=workers, env=shop.env).start()
    others = points.ALL if IS_FULL else chance.sample(points.ALL, 1)
    for _ in range(size(1, 3)):
        for point in (*points.OF_TOOLS, *others):
            # Each process counts for itself, and one of them has at least this many answers.
            surely = PASSINGS.get(point, 1) * ceil(TALKS / workers)
            passings = chance.randint(1, surely) if IS_FULL else 1
            server.arm(signal.SIGKILL, point, passings)
            Trial(shop, server, chance).run(tally, f"{point} {passings}")
            if server.disarm():
                tally.add(point, ["was not reached"])
    if server.workers != 2:
        server.stop()


@pytest.mark.timeout(1_200)
def test_kill_of_a_worker_at_any_time(
    shop: Workshop, server: Server, chance: random.Random, tally: Tally
) -> None:
    for number in range(size(1, 25)):
        after_s = chance.uniform(0, ANY_TIME_S)
        killing = gevent.spawn_later(after_s, kill_one, server, chance)
        Trial(shop, server, chance).run(tally, f"{number}: {after_s:.3f} s")
        killing.join()


@pytest.mark.timeout(1_200)
def test_kill_of_the_whole_server_at_any_time(
    shop: Workshop, server: Server, chance: random.Random, tally: Tally
) -> None:
    for number in range(size(1, 12)):
        after_s = chance.uniform(0, ANY_TIME_S)
        killing = gevent.spawn_later(after_s, restart, server)
        Trial(shop, server, chance).run(tally, f"{number}: {after_s:.3f} s")
        killing.join()


def test_kill_while_the_last_round_is_said(
    shop: Workshop, server: Server, chance: random.Random, tally: Tally
) -> None:
    """Its text is withdrawn and comes anew, set off from that of the round before."""
    visitor = Visitor(shop, Person.at(server, seed=chance.getrandbits(32)), chance)
    for number in range(size(1, 6)):
        rounds = ((Use("pay", 0),),)
        one = ToolScript(chance.getrandbits(32), pieces=40, gap_ms=20, rounds=rounds)
        asked = visitor.person.ask(one)
        talk = gevent.spawn(visitor.follow, asked)
        seen = visitor.person.watcher(asked)
        watching = gevent.spawn(seen.watch)
        wait_until(lambda s=seen: "1.5 " in s.seen.text, "the last round is said")
        for pid in server.worker_pids():
            send(pid, signal.SIGKILL)
        watching.kill()
        what, faults = talk.get()
        tally.add(f"{number}", faults if what.restarts else [*faults, "nothing was withdrawn"])
