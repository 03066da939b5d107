"""`kill -9` at named points and at any time: a restarted process goes on, and nobody can tell."""

import random
import signal
from math import ceil

import gevent
import pytest

from chat_app.streaming import points
from tests.faults.conftest import Serve, size
from tests.faults.model import Script
from tests.faults.servers import Server, send
from tests.faults.talking import Person, audit
from tests.faults.tally import Tally

TALKS = 3
# Passed once a batch, and under load one batch has words of all answers; the rest once an answer.
BATCHES = {points.APPENDING: 3, points.APPENDED: 3}
# The arbiter may kill the whole server in this time, which is about what an answer takes.
ANY_TIME_S = 0.25


class Trial:
    """Some answers at once, each watched by a client from the start, and one kill."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        self.server = server
        self.chance = chance
        self.person = Person.at(server, seed=chance.getrandbits(32))

    def run(self, tally: Tally, case: str) -> None:
        """Ask while the kill is under way; every answer must come to its end."""
        talks = [gevent.spawn(self._talk, tally) for _ in range(TALKS)]
        gevent.joinall(talks, raise_error=True)
        faults = [fault for talk in talks for fault in talk.value]
        tally.add(case, faults)

    def _talk(self, tally: Tally) -> list[str]:
        script = Script(self.chance.getrandbits(32), pieces=20, gap_ms=8)
        asked = self.person.ask(script)
        seen = self.person.watcher(asked).watch()
        if seen.restarts:
            tally.measure("silence_s", seen.longest_silence_s)
        return audit(self.person, asked, seen)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("workers", [1, 2])
def test_at_named_points(serve: Serve, chance: random.Random, tally: Tally, workers: int) -> None:
    server = serve(workers=workers)
    for _ in range(size(1, 6)):
        for point in points.ALL:
            # Each process counts for itself, and one of them has at least this many answers.
            surely = BATCHES.get(point, ceil(TALKS / workers))
            passings = chance.randint(1, surely)
            server.arm(signal.SIGKILL, point, passings)
            Trial(server, chance).run(tally, f"{point} {passings}")
            if server.disarm():
                tally.add(point, ["was not reached"])


@pytest.mark.timeout(1_200)
def test_of_a_worker_at_any_time(serve: Serve, chance: random.Random, tally: Tally) -> None:
    server = serve(workers=4)
    for number in range(size(4, 30)):
        after_s = chance.uniform(0, ANY_TIME_S)
        killing = gevent.spawn_later(after_s, kill_one, server, chance)
        Trial(server, chance).run(tally, f"{number}: {after_s:.3f} s")
        killing.join()


@pytest.mark.timeout(1_200)
def test_of_the_whole_server_at_any_time(serve: Serve, chance: random.Random, tally: Tally) -> None:
    server = serve(workers=2)
    for number in range(size(3, 25)):
        after_s = chance.uniform(0, ANY_TIME_S)
        killing = gevent.spawn_later(after_s, restart, server)
        Trial(server, chance).run(tally, f"{number}: {after_s:.3f} s")
        killing.join()


def kill_one(server: Server, chance: random.Random) -> None:
    if pids := server.worker_pids():
        send(chance.choice(pids), signal.SIGKILL)


def restart(server: Server) -> None:
    server.kill()
    server.start()
