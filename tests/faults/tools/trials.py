"""Answers to try faults on: some at once, one in mid-call, one that looks whether tools work."""

import random
import signal
from typing import Any

import gevent

from tests.faults.servers import Server, send, wait_until
from tests.faults.talking import Asked, Person
from tests.faults.tally import Tally
from tests.faults.tools.tool_model import ToolScript, Use
from tests.faults.tools.visiting import Visitor
from tests.faults.tools.workshop import Workshop
from tests.faults.watching import Seen

TALKS = 3
# The arbiter may kill in this time, which is about what an answer with its tools takes.
ANY_TIME_S = 0.8


def script(chance: random.Random) -> ToolScript:
    """Three rounds: side by side, one that a person must allow, and one by itself."""
    rounds = (
        tuple(Use(tool, chance.randint(0, 60)) for tool in ("pay", "put", "look")),
        (Use("sign", chance.randint(0, 30)), Use("look", chance.randint(0, 30))),
        (Use("pay", chance.randint(0, 30)),),
    )
    speaks = chance.random() < 0.8
    return ToolScript(chance.getrandbits(32), pieces=8, gap_ms=6, rounds=rounds, speaks=speaks)


class Trial:
    """Some answers at once, each watched from the start, and one fault."""

    def __init__(self, shop: Workshop, server: Server, chance: random.Random) -> None:
        self.chance = chance
        self.visitor = Visitor(shop, Person.at(server, seed=chance.getrandbits(32)), chance)

    def run(self, tally: Tally, case: str, is_calm: bool = True) -> None:
        scripts = [script(self.chance) for _ in range(TALKS)]
        talks = [gevent.spawn(self.visitor.talk, one, is_calm) for one in scripts]
        gevent.joinall(talks, raise_error=True)
        for talk in talks:
            seen, _ = talk.value
            tally.measure("silence_s", seen.longest_silence_s)
        tally.add(case, [fault for talk in talks for fault in talk.value[1]])


def in_mid_call(shop: Workshop, person: Person, chance: random.Random, *tools: str) -> Asked:
    """An answer whose tools are at work and hold; another round comes after them."""
    calls = tuple(Use(tool, holds=True) for tool in tools)
    one = ToolScript(chance.getrandbits(32), pieces=5, rounds=(calls, (Use("put"),)))
    asked = person.ask(one)
    wait_until(lambda: shop.ledger.has(holding(asked), "start"), "the tools are at work")
    return asked


def holding(asked: Asked) -> list[str]:
    script = asked.script
    assert isinstance(script, ToolScript)
    return [nonce for nonce, use in script.uses.items() if use.holds]


def release(shop: Workshop, asked: Asked) -> None:
    for nonce in holding(asked):
        shop.ledger.release(nonce)


def results(seen: Seen) -> dict[str, dict[str, Any]]:
    told = [frame.payload for frame in seen.frames]
    return {event["call_id"]: event for event in told if event["type"] == "tool_result"}


def look(visitor: Visitor, prefix: str) -> tuple[bool, list[str]]:
    """Whether a tool can be used now, and what is wrong with the answer that does."""
    calls = ((Use(prefix + "look"), Use(prefix + "pay")),)
    one = ToolScript(visitor.chance.getrandbits(32), pieces=2, rounds=calls)
    seen, faults = visitor.talk(one, is_calm=False)
    return not any(told["is_error"] for told in results(seen).values()), faults


def restart(server: Server) -> None:
    server.kill()
    server.start()


def kill_one(server: Server, chance: random.Random) -> None:
    if pids := server.worker_pids():
        send(chance.choice(pids), signal.SIGKILL)
