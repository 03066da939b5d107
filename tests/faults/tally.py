"""Counts what was tried and what failed, and says it in one line."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """`measured` holds values that belong to the line: seconds, counts."""

    name: str
    seed: int
    tried: int = 0
    failed: int = 0
    faults: list[str] = field(default_factory=list)
    measured: dict[str, list[float]] = field(default_factory=dict)

    def add(self, case: str, faults: Iterable[str]) -> None:
        """One case was tried; it failed if anything is wrong with it."""
        found = [f"{case}: {fault}" for fault in faults]
        self.tried += 1
        self.failed += bool(found)
        self.faults += found

    def measure(self, name: str, value: float) -> None:
        self.measured.setdefault(name, []).append(value)

    @property
    def line(self) -> str:
        counted = f"{self.name}: {self.tried} tried, {self.failed} failed, seed {self.seed}"
        return ", ".join([counted, *(_spread(*item) for item in self.measured.items())])

    def check(self) -> None:
        assert not self.faults, "\n".join(self.faults)


def _spread(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    return f"{name} median {ordered[len(ordered) // 2]:.3f} max {ordered[-1]:.3f}"
