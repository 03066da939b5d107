"""Sequences of sends, streams, cuts, cancels and kills that nobody thought of."""

import random
import signal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from chat_app.streaming import points
from tests.faults.conftest import SEED, Serve, size
from tests.faults.model import Script
from tests.faults.servers import Server, send
from tests.faults.talking import Asked, Person
from tests.faults.tally import Tally
from tests.faults.watching import TERMINAL, Seen
from tests.faults.wire import Frames

CLIENTS = 2
CONFLICT = 409
ENDED = ("done", "failed", "cancelled", "interrupted")


@pytest.mark.timeout(1_200)
def test_sequences(serve: Serve, chance: random.Random, tally: Tally) -> None:
    server, numbers = serve(workers=2), count(chance.getrandbits(24))

    class Case(Sequence):
        def __init__(self) -> None:
            super().__init__(server, numbers, tally)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Case,
        settings=settings(
            max_examples=size(12, 60),
            stateful_step_count=size(12, 25),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Sequence(RuleBasedStateMachine):
    """Whatever happens: one end a run, no gap, no repeat, what was seen begins the journal."""

    runs: Bundle[Asked] = Bundle("runs")

    def __init__(self, server: Server, numbers: "count[int]", tally: Tally) -> None:
        super().__init__()
        self.server = server
        self.numbers = numbers
        self.tally = tally
        self.person = Person.at(server, seed=SEED)
        self.seen: dict[str, tuple[Asked, list[Seen]]] = {}

    def script(self, pieces: int) -> Script:
        return Script(next(self.numbers), pieces=pieces, gap_ms=6)

    def opened(self, asked: Asked) -> Asked:
        self.seen[asked.run_id] = (asked, [Seen() for _ in range(CLIENTS)])
        return asked

    @rule(target=runs, pieces=st.integers(1, 30))
    def ask(self, pieces: int) -> Asked:
        return self.opened(self.person.ask(self.script(pieces)))

    @rule(target=runs, before=runs, pieces=st.integers(1, 30))
    def ask_on(self, before: Asked, pieces: int) -> Asked:
        return self.opened(self.person.ask(self.script(pieces), before.channel_id))

    @rule(asked=runs, client=st.integers(0, CLIENTS - 1), cut_after=st.integers(1, 3_000))
    def watch(self, asked: Asked, client: int, cut_after: int) -> None:
        """Read so many bytes, then cut the stream."""
        seen, frames = self.seen[asked.run_id][1][client], Frames()
        try:
            with self.person.doors(asked)[0].open(seen.cursor) as body:
                for data in body:
                    taken = [] if seen.end else frames.feed(data[:cut_after])
                    for frame in taken:
                        seen.take(frame)
                    cut_after -= len(data)
                    if cut_after <= 0:
                        return
        except (OSError, ValueError):
            pass

    @rule(asked=runs)
    def cancel(self, asked: Asked) -> None:
        self.person.cancel(asked.run_id)

    @rule(target=runs, asked=runs)
    def regenerate(self, asked: Asked) -> Asked:
        """Another answer; while there is none yet it is a conflict, and the first one stays."""
        path = f"/api/messages/{asked.message_id}/regenerate"
        answer = self.person.insist("POST", path, {}, allowed=(CONFLICT,))
        if "run_id" not in answer:
            return asked
        return self.opened(
            Asked(asked.script, asked.channel_id, asked.message_id, answer["run_id"])
        )

    @rule(point=st.sampled_from(points.ALL), passings=st.integers(1, 6))
    def kill_at(self, point: str, passings: int) -> None:
        self.server.arm(signal.SIGKILL, point, passings)

    @rule(which=st.integers(0, 1))
    def kill_now(self, which: int) -> None:
        for pid in self.server.worker_pids()[which:][:1]:
            send(pid, signal.SIGKILL)

    def teardown(self) -> None:
        self.server.disarm()
        for asked, clients in self.seen.values():
            for seen in clients:
                watcher = self.person.watcher(asked)
                watcher.seen = seen
                watcher.watch()
            self.tally.add(asked.run_id, self.broken(asked, clients))
        super().teardown()

    def broken(self, asked: Asked, clients: list[Seen]) -> list[str]:
        journal: list[dict[str, Any]] = self.person.events(asked.run_id)
        faults = [fault for seen in clients for fault in seen.breaches]
        if [event["seq"] for event in journal] != list(range(1, len(journal) + 1)):
            faults.append("a gap in the journal")
        if [e["type"] for e in journal if e["type"] in TERMINAL] != [journal[-1]["type"]]:
            faults.append("not one end")
        for seen in clients:
            if [{"seq": f.seq, **f.payload} for f in seen.frames] != journal:
                faults.append("what was seen is not the journal")
        run = self.person.run(asked.run_id)
        if run["status"] not in ENDED:
            faults.append(f"stuck: {run['status']}")
        return faults + self.kept(asked, clients[0], run["status"])

    def kept(self, asked: Asked, seen: Seen, status: str) -> list[str]:
        """An answer that is whole says all, and one that is not says the beginning."""
        if status == "done" and seen.text != asked.script.answer:
            return [f"{seen.text!r} is not the answer"]
        return [] if asked.script.answer.startswith(seen.text) else ["another text"]
