"""What is measured, and the goals: the bench as a table."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.values import Load, Result

SATURATED = 0.9  # of a core; with less of it in use, the harness was slower than the target


@dataclass(frozen=True)
class Figure:
    """One row. `of` gives it, or None where a target has none."""

    label: str
    of: Callable[[Result], float | None]
    goal: float | None = None
    more_is_better: bool = False
    less_direct: bool = False  # only what comes on top of the direct stream
    is_bound: Callable[[Result], bool] = lambda result: False  # the target could do more


@dataclass(frozen=True)
class Scenario:
    """The same load for each target, and the figures that come of it.

    `rate` is the chunks a second of one stream, 0: as fast as they are taken.
    """

    name: str
    title: str
    rate: int
    load: Load
    figures: tuple[Figure, ...]

    @property
    def model(self) -> str:
        return f"bench-{self.load.chunks}@{self.rate}"

    def quick(self) -> "Scenario":
        """A fifth of it, to see that all works. Its figures are rough, so they have no goals."""
        whole = self.load
        load = replace(
            whole,
            chunks=max(5, whole.chunks // 2),
            streams=max(1, whole.streams // 5),
            ramp_s=whole.ramp_s / 5,
            rounds=max(1, whole.rounds // 5),
            for_s=whole.for_s / 5,
            window_s=whole.window_s and whole.window_s / 5,
        )
        figures = tuple(replace(figure, goal=None) for figure in self.figures)
        return replace(self, title=f"a fifth of: {self.title}", load=load, figures=figures)


def _cpu_us(result: Result) -> float | None:
    window = result.window
    return window.cpu_s / window.events * 1e6 if window.cpu_s and window.events else None


def _memory_kib(result: Result) -> float | None:
    window = result.window
    return window.grown_kib / window.open_at_once if window.grown_kib > 0 else None


def _events_per_s(result: Result) -> float | None:
    return result.window.events / result.window.seconds if result.window.seconds else None


def _has_room(result: Result) -> bool:
    return result.window.cpu_s < SATURATED * result.window.seconds


def _first_event_ms(result: Result) -> float | None:
    return result.first_event_ms and result.first_event_ms.p50


def _first_token_ms(result: Result) -> float | None:
    return result.first_token_ms and result.first_token_ms.p50


def _first_token_p99_ms(result: Result) -> float | None:
    return result.first_token_ms and result.first_token_ms.p99


def _latency_ms(result: Result) -> float | None:
    return result.latency_ms and result.latency_ms.p50


def _latency_p99_ms(result: Result) -> float | None:
    return result.latency_ms and result.latency_ms.p99


# In this order for each target: memory is measured before other loads have grown the heap.
SCENARIOS = (
    Scenario(
        "alone",
        "one stream at a time on an idle server",
        0,
        Load(chunks=5, streams=1, rounds=40),
        (
            Figure("first event, ms", _first_event_ms, 50),
            Figure("first token, ms", _first_token_ms, 5),
        ),
    ),
    Scenario(
        "open",
        "500 streams at once, 2 events/s each",
        2,
        Load(chunks=20, streams=500, ramp_s=4, window_s=2),
        (
            Figure("open at once", lambda r: r.window.open_at_once, 500, more_is_better=True),
            Figure("memory a stream, KiB", _memory_kib, 100),
        ),
    ),
    Scenario(
        "latency",
        "50 streams, 20 events/s each; over the direct stream",
        20,
        Load(chunks=60, streams=50, ramp_s=1),
        (
            Figure("added to a token, median, ms", _latency_ms, 5, less_direct=True),
            Figure("added to a token, p99, ms", _latency_p99_ms, 25, less_direct=True),
        ),
    ),
    Scenario(
        "cpu",
        "100 streams, 20 events/s each",
        20,
        Load(chunks=110, streams=100, ramp_s=1, window_s=4),
        (Figure("CPU an event, µs", _cpu_us, 90),),
    ),
    Scenario(
        "burst",
        "300 streams started at once",
        20,
        Load(chunks=20, streams=300),
        (
            Figure("first token, median, ms", _first_token_ms),
            Figure("first token, p99, ms", _first_token_p99_ms, 300),
        ),
    ),
    Scenario(
        "unpaced",
        "100 streams, as fast as one worker takes them",
        0,
        Load(chunks=500, streams=100, for_s=3),
        (Figure("events/s", _events_per_s, 40_000, more_is_better=True, is_bound=_has_room),),
    ),
)
