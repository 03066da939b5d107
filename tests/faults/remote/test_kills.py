"""`kill -9` of ours while an AI server works: its task is begun once, and its log is whole."""

import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import gevent
import pytest

from chat_app.streaming import points
from tests.faults.conftest import IS_FULL, build_house, several, size
from tests.faults.model import Model
from tests.faults.remote.lab import followed
from tests.faults.remote.plan import Fault, Plan, Style
from tests.faults.remote.visiting import Visitor, visitor
from tests.faults.servers import Server, send
from tests.faults.tally import Tally

AT_ONCE = 3
STYLES: tuple[Style, ...] = ("numbers", "names", "replay", "live")
# It comes back to a stream that only goes on live, so what was said meanwhile may be missing.
NEVER = Fault("reset", 10**9)
KILL_MAX_S = 0.4
UNDER_WAY = (points.LAUNCH, points.CLAIMED, points.APPENDING, points.APPENDED, points.CLOSED)


@pytest.fixture(scope="module", params=["sqlite", "postgres"] if IS_FULL else ["sqlite"])
def server(
    request: pytest.FixtureRequest, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    house = build_house(request.param, request, model, tmp_path_factory.mktemp("house"))
    with several(house, 1, workers=2) as (server,):
        yield server


@pytest.fixture(scope="module")
def visitors(server: Server) -> Iterator[list[Visitor]]:
    with ExitStack() as stack:
        yield [stack.enter_context(visitor(server, seed)) for seed in range(AT_ONCE)]


def a_plan(chance: random.Random) -> Plan:
    style = chance.choice(STYLES)
    faults = (NEVER,) if style == "live" else ()
    return Plan(chance.getrandbits(32), style, pieces=40, gap_ms=8, faults=faults)


def all_follow(visitors: list[Visitor], chance: random.Random, tally: Tally, case: str) -> None:
    """Each has a plan of their own followed, at the same time."""
    plans = [a_plan(chance) for _ in visitors]
    found: list[str] = []

    def one(visitor: Visitor, plan: Plan) -> None:
        found.extend(f"{plan}: {fault}" for fault in followed(visitor, plan))

    talks = [gevent.spawn(one, *talk) for talk in zip(visitors, plans, strict=True)]
    gevent.joinall(talks, raise_error=True)
    tally.add(case, found)


@pytest.mark.timeout(1_200)
def test_at_named_points(
    server: Server, visitors: list[Visitor], chance: random.Random, tally: Tally
) -> None:
    for _ in range(size(1, 5)):
        for point in (*points.OF_REMOTE, *(UNDER_WAY if IS_FULL else (points.APPENDED,))):
            server.arm(signal.SIGKILL, point, chance.randint(1, 2))
            all_follow(visitors, chance, tally, point)
            if server.disarm():
                tally.add(point, ["was not reached"])


@pytest.mark.timeout(1_200)
def test_at_any_time(
    server: Server, visitors: list[Visitor], chance: random.Random, tally: Tally
) -> None:
    for number in range(size(1, 30)):
        after_s = chance.uniform(0, KILL_MAX_S)
        killing = gevent.spawn_later(after_s, kill_one if number % 2 else kill_all, server, chance)
        all_follow(visitors, chance, tally, f"{number}: {after_s:.3f} s")
        killing.join()


def test_a_task_of_which_nobody_knows_whether_it_began_is_not_begun_again(
    server: Server, visitors: list[Visitor], chance: random.Random
) -> None:
    """The AI server does not tell its tasks' threads, so none can be known to be ours."""
    there, plan = visitors[0], replace(a_plan(chance), style="numbers", tells_threads=False)
    server.arm(signal.SIGKILL, points.ASKED, 1)
    run_id = there.start(plan)
    assert there.watch(run_id)[-1].data.startswith("Task failed: ")
    run = there.run(run_id)
    assert (run["status"], run["error_code"]) == ("FAILED", "run_interrupted")
    assert there.ai_server.begun[plan.seed] == 1


def kill_one(server: Server, chance: random.Random) -> None:
    if pids := server.worker_pids():
        send(chance.choice(pids), signal.SIGKILL)


def kill_all(server: Server, chance: random.Random) -> None:
    server.kill()
    server.start()
