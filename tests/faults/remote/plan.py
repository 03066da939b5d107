"""What happens to one remote task, drawn by a seed: what it says, how, and what goes wrong. Pure.

The task's spec is its plan as JSON: so the AI server of tests/faults/ai_server.py knows what to do,
and whoever watches knows what should have come.
"""

import random
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

from tests.faults.model import LETTERS

# How a stream that is opened again goes on: after the id that the client names, which is a number
# or a mere name; from the beginning; or with what comes now.
Style = Literal["numbers", "names", "replay", "live"]
Kind = Literal[
    # at so many bytes on the wire
    "reset",
    "close",
    "half_close",
    "stall",
    "garbage_reset",
    # after so many events of the connection
    "garbage",
    "duplicate",
    "swap",
    "skip",
    # instead of a stream
    "refuse",
    "mute",
    "status",
    "page",
    "empty",  # and only while the task runs: at its end that would be its log
    # before the stream: all events but the newest `value` are forgotten
    "forget",
]
FIRST_EVENT_BYTES = 400  # the first event is surely within these
AT_BYTES: tuple[Kind, ...] = ("reset", "close", "half_close", "stall", "garbage_reset")
INSTEAD: tuple[Kind, ...] = ("refuse", "mute", "status", "page", "empty")
# What nobody can see where events have no numbers, or no ids: the server then simply said it so.
WITH_NUMBERS: tuple[Kind, ...] = ("swap", "skip")
WITH_IDS: tuple[Kind, ...] = ("duplicate",)
Memory = Literal["kept", "end", "none"]
End = Literal["success", "failed", "stopped"]
GARBAGE_BYTES = bytes({*range(256)} - {*b"\r\n"})


@dataclass(frozen=True)
class Fault:
    """What befalls one connection to the stream. `value` is a status, or a number of events."""

    kind: Kind
    at: int = 0
    value: int = 0


@dataclass(frozen=True)
class Outage:
    """The server is killed when the task has said so much, and is back after a while.

    Then it has all it had; or knows of the task only that it failed; or does not know it.
    """

    at: int
    down_ms: int
    memory: Memory = "kept"


@dataclass(frozen=True)
class Plan:
    """One task. The n-th fault is that of the n-th connection to its stream; the rest are well."""

    seed: int
    style: Style = "numbers"
    pieces: int = 20
    gap_ms: float = 3
    newline: str = "\n"
    is_chunked: bool = True
    end: End = "success"
    tells_end: bool = True  # whether the stream ends with a `status` event
    faults: tuple[Fault, ...] = ()
    outage: Outage | None = None
    # What becomes of the answer to POST /run, and whether tasks tell their thread_id.
    is_answer_lost: bool = False
    tells_threads: bool = True
    bad_looks: int = 0  # so many of the first GET /tasks/<id> fail
    hold_after: int | None = None  # it waits for its release, or to be stopped
    times: int = 1  # how often each text is repeated in itself

    @property
    def spec(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def of(cls, spec: str) -> "Plan":
        """The plan that a spec is."""
        fields: dict[str, Any] = orjson.loads(spec)
        fields["faults"] = tuple(Fault(**fault) for fault in fields["faults"])
        fields["outage"] = Outage(**fields["outage"]) if fields["outage"] else None
        return cls(**fields)

    @cached_property
    def said(self) -> list[tuple[str, str]]:
        """Name and data of the events before the last one, `status`.

        Some are equal to the one before: who drops what looks alike loses them. The first has a
        time: a row of equal events without would tell nobody whether it is told again.
        """
        chance = random.Random(self.seed)
        said: list[tuple[str, str]] = []
        for number in range(self.pieces):
            if said and chance.random() < 0.15:
                said.append(said[-1])
            elif said and chance.random() < 0.2:
                progress = {"progress": number, "total": self.pieces}
                said.append(("progress", orjson.dumps(progress).decode()))
            else:
                text = "".join(chance.choices(LETTERS, k=8)) * self.times
                stamp = f"2026-11-20T12:{number // 60 % 60:02}:{number % 60:02}.000Z"
                said.append(("log", f"{stamp} INFO {text}"))
        return said

    @property
    def result(self) -> str | None:
        return f"The result of {self.seed}: 漢字 🧵" if self.end == "success" else None

    @property
    def why(self) -> str | None:
        return f"The task {self.seed} could not." if self.end == "failed" else None

    @property
    def may_gap(self) -> bool:
        """Whether something can be lost that nobody can bring back."""
        kinds = Counter(fault.kind for fault in self.faults)
        # A task that is over is not waited for again and again whose stream says nothing more; and
        # a server that twice leaves out the same is believed that there is nothing between.
        forgets = kinds["forget"] > 0 or kinds["stall"] > 1 or kinds["skip"] + kinds["swap"] > 1
        breaks = bool(self.faults or self.outage)
        # Where the end of a connection is that of its stream, a cut may be taken for an end, and
        # only another reading can tell: of a stream that goes on live that is none of the same.
        has_no_end = not (self.is_chunked or self.tells_end)
        return forgets or self.is_lost or (self.style == "live" and (breaks or has_no_end))

    @property
    def may_miss_the_start(self) -> bool:
        """Whether the first connection may break before its first event, which comes but once."""
        return self.style == "live" and bool(self.faults or self.outage)

    @property
    def is_lost(self) -> bool:
        """Whether the AI server loses the task on the way, so that it ends as failed."""
        return self.outage is not None and self.outage.memory != "kept"

    @property
    def breaks_off(self) -> bool:
        """Whether it ends before all is said."""
        return self.is_lost or (self.hold_after is not None and self.end == "stopped")

    def name_of(self, number: int) -> str | None:
        """The id of the n-th event, None where events have none."""
        if self.style == "numbers":
            return str(number)
        return f"event/{self.seed:x}/{number * 7919:x}" if self.style == "names" else None

    def frame(self, number: int, name: str, data: str) -> bytes:
        """The n-th event as bytes: well-formed, in one of the ways in which it may be written."""
        chance = random.Random(self.seed * 100_003 + number)
        space = chance.choice(["", " "])
        lines = [f"event:{space}{name}", *(f"data: {line}" for line in data.split("\n"))]
        if (event_id := self.name_of(number)) is not None:
            lines.insert(chance.choice([0, len(lines)]), f"id:{space}{event_id}")
        if chance.random() < 0.2:
            lines.insert(chance.randint(0, len(lines)), chance.choice([":", ": ping", "x: y", "x"]))
        return self.newline.join([*lines, "", ""]).encode()


def garbage(chance: random.Random) -> bytes:
    """A line that is no field of an event, and not even text."""
    noise = bytes(chance.choices(GARBAGE_BYTES, k=chance.randint(1, 60)))
    return b"\xff\x00" + noise


def draw(chance: random.Random, kind: Kind | None = None) -> Plan:
    """A plan; where a kind is given its first connection has that fault."""
    style: Style = chance.choice(["numbers", "numbers", "names", "replay", "replay", "live"])
    if kind in WITH_NUMBERS:
        style = "numbers"
    elif kind in WITH_IDS:
        style = chance.choice(["numbers", "names"])
    elif kind == "forget":
        style = chance.choice(["numbers", "names", "replay"])
    kinds = [kind, *chance.choices(_fitting(style), k=chance.choice([0, 1, 1, 2]))]
    faults = [_fault(chance, kind, style) for kind in kinds if kind]
    if kind == "forget":  # which only shows when something was there before
        before = Fault("reset", chance.randint(FIRST_EVENT_BYTES, 1_500))
        faults = [before, Fault("status", value=502), *faults]
    return Plan(
        seed=chance.getrandbits(32),
        style=style,
        pieces=chance.randint(1, 40),
        gap_ms=chance.choice([0, 1, 4]),
        newline=chance.choice(["\n", "\n", "\r\n", "\r"]),
        is_chunked=chance.random() < 0.7,
        end=chance.choice(["success", "success", "success", "failed", "stopped"]),
        tells_end=chance.random() < 0.7,
        faults=tuple(faults),
        bad_looks=chance.choice([0, 0, 0, 1, 3]),
        is_answer_lost=chance.random() < 0.1,
    )


def draw_outage(chance: random.Random, memory: Memory) -> Plan:
    """A plan in which the server is killed on the way."""
    pieces = chance.randint(4, 30)
    return Plan(
        seed=chance.getrandbits(32),
        style=chance.choice(["numbers", "names", "replay", "live"]),
        pieces=pieces,
        gap_ms=4,
        outage=Outage(chance.randint(1, pieces - 1), chance.choice([10, 100, 400]), memory),
        end=chance.choice(["success", "failed"]),
    )


def _fitting(style: Style) -> list[Kind]:
    kinds: list[Kind] = [*AT_BYTES, *AT_BYTES, *INSTEAD, "garbage"]
    if style in ("numbers", "names"):
        kinds += WITH_IDS
    if style == "numbers":
        kinds += WITH_NUMBERS
    return kinds


def _fault(chance: random.Random, kind: Kind, style: Style) -> Fault:
    if kind in AT_BYTES:
        # A server that only goes on live cannot be blamed for what came before its first event.
        return Fault(kind, chance.randint(FIRST_EVENT_BYTES if style == "live" else 0, 2_500))
    value = chance.choice([500, 502, 503, 429]) if kind == "status" else chance.randint(1, 5)
    return Fault(kind, chance.randint(1, 12), value)
