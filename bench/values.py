"""What a load is, and what comes of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

DONE = "done"  # what the bench's tool says


def tool_over(transport: str) -> str:
    """What the bench's tool is called where it is reached over `stdio` or `http`."""
    return f"over_{transport}"


class Spread(NamedTuple):
    """The middle and the end of many times, in ms."""

    p50: float
    p99: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        ordered = sorted(values)
        if not ordered:
            return None
        return cls(ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100])


@dataclass(frozen=True, kw_only=True)
class Load:
    """`streams` at a time, the first ones spread over `ramp_s`, each with so many `chunks`.

    After a stream the next: `rounds` in all, or as many as begin within `for_s`. Events, CPU and
    memory are counted once all flow, for `window_s` or to the end; with `for_s` from the first
    token on, since a server that is full may let the last stream wait for long.
    """

    chunks: int
    streams: int
    ramp_s: float = 0.0
    rounds: int = 1
    for_s: float = 0.0
    window_s: float | None = None
    limit_s: float = 40.0


@dataclass(frozen=True)
class Door:
    """Where a load goes: the same request for each stream, and whose CPU and memory count."""

    port: int
    request: str
    watched: list[int]


@dataclass(frozen=True, kw_only=True)
class Window:
    """What was counted; `grown_kib` is by how much the watched have grown since they were idle."""

    open_at_once: int = 0
    events: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    grown_kib: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a load. `complaint` says in words what is wrong, nothing if all is well."""

    streams: int
    events: int
    lost: int
    repeated: int
    disordered: int
    complaint: str
    first_event_ms: Spread | None
    first_token_ms: Spread | None
    latency_ms: Spread | None
    window: Window

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        for name in ("first_event_ms", "first_token_ms", "latency_ms"):
            fields[name] = fields[name] and Spread(*fields[name])
        return cls(**{**fields, "window": Window(**fields["window"])})
