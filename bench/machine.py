"""The machine under the bench: who runs on which core, what it uses, what others take."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Self

import psutil


class Cores(NamedTuple):
    """Who runs where; empty sets where the machine cannot tell processes apart."""

    provider: set[int]
    load: set[int]
    target: set[int]

    @classmethod
    def shared_out(cls) -> Self:
        """The target gets a core for itself where there are two, all three where there are."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(set(), set(), set())
        cores = sorted(os.sched_getaffinity(0))
        return cls({cores[0]}, {cores[1 if len(cores) > 2 else 0]}, {cores[-1]})

    @property
    def all(self) -> set[int]:
        return self.provider | self.load | self.target or set(range(os.cpu_count() or 1))


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """What is started inside stays on these cores, with all its children."""
    if not cores:
        yield
        return
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def tree(pid: int) -> list[int]:
    """The process and all that it started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


class Usage(NamedTuple):
    """What processes have used so far: user and system seconds, and what they hold in KiB."""

    cpu_s: float
    memory_kib: float

    @classmethod
    def of(cls, pids: list[int]) -> Self:
        cpu_s = memory_kib = 0.0
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                times = process.cpu_times()
                cpu_s += times.user + times.system
                memory_kib += process.memory_info().rss / 1024
        return cls(cpu_s, memory_kib)


class Noise:
    """What others took of the cores between its making and `share`."""

    def __init__(self, cores: set[int]) -> None:
        self._cores = cores
        self._began = time.monotonic(), self._busy_s(), _own_s()

    def share(self) -> float:
        """1.0: as much as one of our cores has, so that little was left for us."""
        began, busy_s, own_s = self._began
        others_s = self._busy_s() - busy_s - (_own_s() - own_s)
        return max(0.0, others_s) / (time.monotonic() - began) / len(self._cores)

    def _busy_s(self) -> float:
        every = psutil.cpu_times(percpu=True)
        return sum(_busy_s(every[core]) for core in self._cores)


def _busy_s(times: object) -> float:
    """All but idle: what a hypervisor takes (steal) is taken, too. A guest counts as its user."""
    fields: dict[str, float] = times._asdict()  # type: ignore[attr-defined]
    idle = ("idle", "iowait", "guest", "guest_nice")
    return sum(value for name, value in fields.items() if name not in idle)


def _own_s() -> float:
    """CPU of this process and all below it, with those that have ended and were waited for."""
    total = 0.0
    for pid in tree(os.getpid()):
        with suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
