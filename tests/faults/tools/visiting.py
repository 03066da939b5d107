"""A person whose answers use tools, and the check that what is said of them is what they did."""

import random
from dataclasses import dataclass
from typing import Any

import gevent

from chat_app.streaming.call_events import UNKNOWN
from tests.faults.talking import Asked, Person, audit
from tests.faults.tools.tool_model import ToolScript
from tests.faults.tools.workshop import LOCAL, Ledger, Workshop
from tests.faults.watching import Seen
from tests.faults.wire import Frame

REPEATABLE = ("put", "look")
APPROVE_EVERY_S = 0.02
CONFLICT = 409


@dataclass
class Visitor:
    """Asks for an answer that uses tools, watches it twice, and allows what is asked."""

    shop: Workshop
    person: Person
    chance: random.Random
    approves: bool = True

    def talk(self, script: ToolScript, is_calm: bool = True) -> tuple[Seen, list[str]]:
        """What was seen of one answer, and what is wrong with it; see `audit_tools`."""
        asked = self.person.ask(script)
        return self.follow(asked, is_calm)

    def follow(self, asked: Asked, is_calm: bool = True) -> tuple[Seen, list[str]]:
        watcher, cut = self.person.watcher(asked), self.person.watcher(asked, by_query=True)
        cut.is_cut = lambda: self.chance.random() < 0.2
        others = [gevent.spawn(cut.watch)]
        if self.approves:
            others.append(gevent.spawn(self._approve, asked, watcher.seen))
        seen = watcher.watch()
        gevent.joinall(others, raise_error=True)
        faults = audit(self.person, asked, seen)
        faults += audit_tools(self.shop, self.person, asked, seen, is_calm)
        if cut.seen.frames != seen.frames:
            faults.append("a client that was cut saw another stream")
        if self._replayed(asked, seen) != seen.frames:
            faults.append("a client that came back later saw another stream")
        return seen, faults

    def _replayed(self, asked: Asked, seen: Seen) -> list[Frame]:
        """What a client gets that comes back when all is over, after what it has."""
        later = self.person.watcher(asked)
        for frame in seen.frames[: self.chance.randrange(len(seen.frames))]:
            later.seen.take(frame)
        return later.watch().frames

    def _approve(self, asked: Asked, seen: Seen) -> None:
        done: set[str] = set()
        while seen.end is None and not seen.breaches:
            for event in [frame.payload for frame in seen.frames]:
                if event["type"] == "tool_approval" and event["call_id"] not in done:
                    done.add(event["call_id"])
                    approve(self.person, asked, event["call_id"])
            gevent.sleep(APPROVE_EVERY_S)


def approve(person: Person, asked: Asked, call_id: str, yes: bool = True) -> Any:
    """Allow a call, or not, until a server takes it. Gives the run, or the conflict."""
    path = f"/api/runs/{asked.run_id}/approvals/{call_id}"
    return person.insist("POST", path, {"approve": yes}, allowed=(CONFLICT,))


def audit_tools(
    shop: Workshop, person: Person, asked: Asked, seen: Seen, is_calm: bool
) -> list[str]:
    """Every way in which what the stream says of tools is not what they did.

    While it `is_calm` all tools can be reached: nothing but an outcome that is unknown may fail.
    """
    script = asked.script
    assert isinstance(script, ToolScript)
    called, results, faults = _told(seen)
    for nonce, use in script.uses.items():
        if nonce not in called or nonce not in results:
            faults.append(f"{use.tool} {nonce} was not called, or has no result")
        else:
            faults += _audit_call(shop.ledger, nonce, use.tool, seen, results[nonce], is_calm)
    if more := set(called) - set(script.uses):
        faults.append(f"calls that nobody made: {more}")
    told = shop.model.told[script.seed]
    faults += told.faults
    if told.results != {nonce: frame.payload["result"] for nonce, frame in results.items()}:
        faults.append("the model was told other results than the people")
    (reply,) = [m for m in person.messages(asked.channel_id) if m["parent_id"] == asked.message_id]
    return faults + _audit_kept(reply["tool_calls"], called, results)


def _told(seen: Seen) -> tuple[dict[str, Frame], dict[str, Frame], list[str]]:
    """The events of calls and of results by call id, and what is wrong with their order."""
    called: dict[str, Frame] = {}
    results: dict[str, Frame] = {}
    faults = []
    for frame in seen.frames:
        event = frame.payload
        call_id, kind = event.get("call_id"), event["type"]
        if kind == "tool_call":
            if called.setdefault(call_id, frame) is not frame:
                faults.append(f"{call_id} was called twice")
        elif kind == "tool_result":
            if call_id not in called:
                faults.append(f"{call_id} has a result and was not called")
            if results.setdefault(call_id, frame) is not frame:
                faults.append(f"{call_id} has two results")
        elif kind == "tool_progress" and (call_id not in called or call_id in results):
            faults.append(f"{call_id} goes on while it does not run")
    return called, results, faults


def _audit_call(
    ledger: Ledger, nonce: str, tool: str, seen: Seen, told: Frame, is_calm: bool
) -> list[str]:
    """What is wrong with one call: what it did, and what is said of it."""
    result, case = told.payload, f"{tool} {nonce}"
    starts, ends = ledger.of(nonce, "start"), ledger.of(nonce, "end")
    is_repeatable = tool.removeprefix(LOCAL) in REPEATABLE
    is_unknown = result["is_error"] and UNKNOWN in result["result"]
    faults = []
    if not is_repeatable and len(starts) > 1:
        faults.append(f"{case} ran {len(starts)} times")
    if not result["is_error"] and result["result"] != case:
        faults.append(f"{case} has the result {result['result']!r}")
    if not result["is_error"] and not ends:
        faults.append(f"{case} has a result and did not run")
    if result["is_error"] and not is_repeatable and not is_unknown and starts:
        faults.append(f"{case} ran, and is said not to: {result['result']!r}")
    if is_calm and result["is_error"] and (is_repeatable or not is_unknown):
        faults.append(f"{case} failed: {result['result']!r}")
    # The clock is one for all processes. What was seen is on disk, and over; but what was lost on
    # its way to the tool may get there late.
    if not is_unknown and any(start.at > seen.at[told.seq] for start in starts):
        faults.append(f"{case} ran again after its result was seen")
    return faults


def _audit_kept(
    kept: list[dict[str, Any]], called: dict[str, Frame], results: dict[str, Frame]
) -> list[str]:
    """Whether the message keeps the calls as the stream told them."""
    told = {}
    for call_id, frame in called.items():
        result = results[call_id].payload if call_id in results else {}
        about = {name: frame.payload[name] for name in ("call_id", "tool", "server", "args")}
        ended = {name: result.get(name) for name in ("result", "is_error", "duration_ms")}
        told[call_id] = about | ended
    faults = [] if len(kept) == len(told) else [f"{len(kept)} calls are kept of {len(told)}"]
    for call in kept:
        shown = {name: call[name] for name in told.get(call["call_id"], {})}
        if shown != told.get(call["call_id"]):
            faults.append(f"kept {call}, told {told.get(call['call_id'])}")
    return faults
