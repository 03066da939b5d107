"""What tools are reached with dies: the sidecar, or the tool server."""

import random
import signal
import time
from collections.abc import Callable

import gevent
import pytest

from chat_app.streaming.call_events import UNKNOWN
from tests.faults.conftest import size
from tests.faults.servers import Server, send
from tests.faults.talking import Asked, Person
from tests.faults.tally import Tally
from tests.faults.tools.trials import (
    ANY_TIME_S,
    Trial,
    holding,
    in_mid_call,
    look,
    release,
    restart,
    results,
)
from tests.faults.tools.visiting import Visitor
from tests.faults.tools.workshop import LOCAL, Workshop, is_sidecar
from tests.faults.watching import Seen

BACK_MAX_S = 10.0


def kill_sidecar(shop: Workshop, server: Server) -> None:
    for sidecar in shop.sidecars(server):
        send(sidecar.pid, signal.SIGKILL)


def kill_far(shop: Workshop, server: Server) -> None:
    shop.server.kill()


def kill_near(shop: Workshop, server: Server) -> None:
    for helper in shop.helpers():
        if not is_sidecar(helper):
            send(helper.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("kill", "prefix"),
    [(kill_sidecar, LOCAL), (kill_far, ""), (kill_sidecar, ""), (kill_near, LOCAL)][: size(2, 4)],
)
def test_what_is_between_dies(
    shop: Workshop,
    pair: list[Server],
    chance: random.Random,
    tally: Tally,
    kill: Callable[[Workshop, Server], None],
    prefix: str,
) -> None:
    """In mid-call and between calls: the answer goes on, and the tools are soon there again."""
    server = pair[1]
    visitor = Visitor(shop, Person.at(server, seed=chance.getrandbits(32)), chance)
    for number in range(size(1, 3)):
        if number:
            restart(server)  # a sidecar that keeps ending is not started again at once
        asked = in_mid_call(shop, visitor.person, chance, prefix + "pay", prefix + "look")
        following = gevent.spawn(visitor.follow, asked, is_calm=False)
        kill(shop, server)
        release(shop, asked)
        seen, faults = following.get()
        tally.add(f"{number} in mid-call", faults + says_so(asked, seen))
        back(shop, visitor, tally, prefix)
        kill(shop, server)
        _, faults = look(visitor, prefix)
        tally.add(f"{number} between calls", faults)
        back(shop, visitor, tally, prefix)


def says_so(asked: Asked, seen: Seen) -> list[str]:
    """What is wrong with how an answer tells of a payment that was cut off."""
    paid = results(seen)[holding(asked)[0]]
    faults = [] if paid["is_error"] and UNKNOWN in paid["result"] else [f"told {paid}"]
    notices = [f.payload for f in seen.frames if f.payload["type"] == "notice"]
    if "tool_unavailable" not in [notice["error_code"] for notice in notices]:
        faults.append("no notice")
    return faults


def back(shop: Workshop, visitor: Visitor, tally: Tally, prefix: str) -> None:
    """Start what was killed, and wait until a new answer can use the tools."""
    if shop.server.process is None or shop.server.process.poll() is not None:
        shop.server.start()
    began = time.monotonic()
    while True:
        is_back, faults = look(visitor, prefix)
        back_s = time.monotonic() - began
        if is_back or faults or back_s > BACK_MAX_S:
            break
    tally.measure("back_s", back_s)
    tally.add("back", faults if is_back else [*faults, f"not within {BACK_MAX_S} s"])


@pytest.mark.timeout(1_200)
def test_restart_of_the_tool_server_at_any_time(
    shop: Workshop, server: Server, chance: random.Random, tally: Tally
) -> None:
    """What was sent to the first is not sent to the second once more, unless it may be."""
    for number in range(size(1, 25)):
        after_s = chance.uniform(0, ANY_TIME_S)
        restarting = gevent.spawn_later(after_s, restart_far, shop)
        Trial(shop, server, chance).run(tally, f"{number}: {after_s:.3f} s", is_calm=False)
        restarting.get()


def restart_far(shop: Workshop) -> None:
    shop.server.kill()
    shop.server.start()


def test_tools_that_are_not_there_are_called_all_the_same(
    shop: Workshop, server: Server, chance: random.Random
) -> None:
    """The model is told so, and what it said before stands in the answer as with any tool."""
    person = Person.at(server, seed=chance.getrandbits(32))
    agent = person.insist("GET", "/api/agents")["items"][0]
    path, given = f"/api/agents/{agent['id']}", agent["tool_server_ids"]
    person.insist("PATCH", path, {"tool_server_ids": []})
    try:
        is_there, faults = look(Visitor(shop, person, chance), "")
    finally:
        person.insist("PATCH", path, {"tool_server_ids": given})
    assert not is_there
    assert not faults
