"""What people decide about tool calls counts once, whoever is killed."""

import random
import signal

import gevent
import pytest

from chat_app.streaming import points
from tests.faults.conftest import IS_FULL, size
from tests.faults.servers import Server, wait_until
from tests.faults.talking import Asked, Person, audit
from tests.faults.tally import Tally
from tests.faults.tools.tool_model import ToolScript, Use
from tests.faults.tools.trials import (
    holding,
    in_mid_call,
    kill_one,
    restart,
    results,
)
from tests.faults.tools.visiting import Visitor, approve
from tests.faults.tools.workshop import LOCAL, Workshop, running


def parked(person: Person, chance: random.Random) -> Asked:
    """An answer that waits for a person, and for nothing else."""
    rounds = ((Use("sign"), Use("look")), (Use("pay"),))
    asked = person.ask(ToolScript(chance.getrandbits(32), pieces=3, rounds=rounds))
    wait_until(lambda: results_kept(person, asked) == 1, "the other call is done")
    wait_until(lambda: person.run(asked.run_id)["status"] == "queued", "it is parked")
    return asked


def results_kept(person: Person, asked: Asked) -> int:
    return sum(event["type"] == "tool_result" for event in person.events(asked.run_id))


def signing(asked: Asked) -> str:
    script = asked.script
    assert isinstance(script, ToolScript)
    return script.nonce(0, 0)


def test_approval_after_a_restart_at_another_process(
    shop: Workshop, pair: list[Server], chance: random.Random, tally: Tally
) -> None:
    for number in range(size(1, 8)):
        here, there = running(pair)[:: 1 if number % 4 < 2 else -1]
        asked = parked(Person.at(here, seed=chance.getrandbits(32)), chance)
        here.kill()
        if number % 2 == 0:
            there.kill()
            there.start()
        person = Person.at(there, seed=chance.getrandbits(32))
        visitor = Visitor(shop, person, chance, approves=False)
        following = gevent.spawn(visitor.follow, asked)
        approve(person, asked, signing(asked))
        seen, faults = following.get()
        signed = results(seen)[signing(asked)]
        tally.add(f"{number}", [f"told {signed}", *faults] if signed["is_error"] else faults)


def test_where_nothing_is_resumed_an_approval_still_counts(
    shop: Workshop, server: Server, chance: random.Random
) -> None:
    """RESUME_RUNS=never is about processes that died. One that waited for a person did not."""
    server.kill()
    strict = Server(shop.house, env={**shop.env, "RESUME_RUNS": "never"}).start()
    try:
        person = Person.at(strict, seed=chance.getrandbits(32))
        asked = parked(person, chance)
        approve(person, asked, signing(asked))
        seen, faults = Visitor(shop, person, chance, approves=False).follow(asked)
        assert not faults
        asked = in_mid_call(shop, person, chance, "pay")
        kill_one(strict, chance)
        seen = person.watcher(asked).watch()
        assert (seen.end or {}).get("error_code") == "run_interrupted"
    finally:
        strict.stop()


def test_two_people_answer_at_once(
    shop: Workshop, pair: list[Server], chance: random.Random, tally: Tally
) -> None:
    people = [Person.at(server, seed=chance.getrandbits(32)) for server in pair]
    visitor = Visitor(shop, Person.at(*pair), chance, approves=False)
    for number in range(size(2, 20)):
        asked = parked(people[number % 2], chance)
        words = [True, number % 2 == 0]
        asking = [
            gevent.spawn(approve, person, asked, signing(asked), yes)
            for person, yes in zip(people, words, strict=True)
        ]
        gevent.joinall(asking, raise_error=True)
        taken = [yes for yes, one in zip(words, asking, strict=True) if "status" in one.value]
        seen, faults = visitor.follow(asked, is_calm=all(words))
        is_signed = not results(seen)[signing(asked)]["is_error"]
        if len(taken) != (2 if all(words) else 1):
            faults.append(f"{len(taken)} were taken")
        elif taken[0] != is_signed:
            faults.append("what was taken did not count")
        tally.add(f"{words}", faults)


def test_killed_right_after_the_approval(
    shop: Workshop, pair: list[Server], chance: random.Random, tally: Tally
) -> None:
    """Whoever is left goes on with it, or who comes next."""
    person = Person.at(*pair, seed=chance.getrandbits(32))
    visitor = Visitor(shop, person, chance, approves=False)
    named = (points.CLAIMED, points.CALLING, points.CALLED)
    for number in range(size(1, 4)):
        for point in (*named, "", "all") if IS_FULL else (points.CLAIMED, "all"):
            asked = parked(person, chance)
            following = gevent.spawn(visitor.follow, asked)
            if point in named:
                for server in pair:
                    server.arm(signal.SIGKILL, point, 1)
            approving = gevent.spawn(approve, person, asked, signing(asked))
            if point not in named:
                gevent.sleep(chance.uniform(0, 0.03))
                for server in pair if point == "all" else pair[:1]:
                    restart(server)
            approving.get()
            seen, faults = following.get()
            signed = results(seen)[signing(asked)]
            if signed.get("error_code") == "tool_denied":
                faults.append("it was allowed, and is told refused")
            left = [server.disarm() for server in pair]
            if point in named and all(left):
                faults.append("was not reached")
            tally.add(f"{number} {point}", faults)


@pytest.mark.parametrize("tool", ["pay", LOCAL + "pay"])
def test_cancel_in_mid_call(
    shop: Workshop, pair: list[Server], chance: random.Random, tally: Tally, tool: str
) -> None:
    """From any process: the tool server sees it, and what was said is kept."""
    people = [Person.at(server, seed=chance.getrandbits(32)) for server in pair]
    for number in range(size(1, 10)):
        asked = in_mid_call(shop, people[0], chance, tool)
        watching = gevent.spawn(people[0].watcher(asked).watch)
        people[1 - number % 2].cancel(asked.run_id)
        cancelled_s = wait_until(
            lambda a=asked: shop.ledger.has(holding(a), "cancelled"),  # type: ignore[misc]
            "the tool hears of it",
        )
        tally.measure("cancelled_s", cancelled_s)
        seen = watching.get()
        faults = audit(people[1], asked, seen, is_whole=False)
        if (seen.end or {}).get("error_code") != "run_cancelled":
            faults.append(f"ended with {seen.end}")
        (_, reply) = people[1].messages(asked.channel_id)
        if [call["result"] for call in reply["tool_calls"]] != [None]:
            faults.append(f"kept {reply['tool_calls']}")
        tally.add(f"{number}", faults)
