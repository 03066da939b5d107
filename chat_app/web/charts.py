"""Bars: where each stands and how tall it is, for SVG that the server draws. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 160
GAP = 0.25  # of the room that one bar has


class Bar(NamedTuple):
    """A bar in the units of the drawing; `label` and `value` are what it stands for."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: int


class Chart(NamedTuple):
    """`top` is the value at the upper edge."""

    bars: list[Bar]
    top: int


def chart(values: Sequence[tuple[str, int]]) -> Chart:
    """Bars side by side, as high as their share of a round number above the highest."""
    top = _round_up(max((value for _, value in values), default=0))
    room = WIDTH / max(len(values), 1)
    bars = []
    for at, (label, value) in enumerate(values):
        height = round(HEIGHT * value / top, 2)
        x, width = round(at * room + room * GAP / 2, 2), round(room * (1 - GAP), 2)
        bars.append(Bar(x, round(HEIGHT - height, 2), width, height, label, value))
    return Chart(bars, top)


def share(value: int, highest: int) -> float:
    """The part of the highest in percent, for a bar that lies."""
    return round(100 * value / highest, 2) if highest else 0.0


def _round_up(value: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if value <= step * scale:
                return step * scale
        scale *= 10
