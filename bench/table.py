"""The figures side by side, with ratios and goals. Pure."""

from collections.abc import Mapping

from bench.scenarios import Figure, Scenario
from bench.values import Result

OURS = "holdfast"
BESIDE = ("nginx", "naive")
LABEL_CHARS = 32
CELL_CHARS = 11
# A ratio of figures this small, in ms above the direct stream, says nothing.
LEAST_FOR_A_RATIO = 0.05


def head(targets: list[str]) -> str:
    """The line over the figures."""
    ratios = [f"to {name}" for name in BESIDE if OURS in targets and name in targets]
    return " " * LABEL_CHARS + "".join(
        f"{cell:>{CELL_CHARS}}" for cell in (*targets, *ratios, "goal")
    )


def rows(scenario: Scenario, targets: list[str], results: Mapping[str, Result]) -> list[str]:
    """A title and a line for each figure."""
    title = f"{scenario.name}: {scenario.title}"
    return [title, *(_row(figure, targets, results) for figure in scenario.figures)]


def _row(figure: Figure, targets: list[str], results: Mapping[str, Result]) -> str:
    values = {name: value(figure, name, results) for name in targets}
    ours = values.get(OURS)
    cells = [_cell(figure, values[name], results.get(name)) for name in targets]
    if OURS in targets:
        cells += [_ratio(ours, values[name]) for name in BESIDE if name in targets]
    line = f"  {figure.label:<{LABEL_CHARS - 2}}" + "".join(f"{c:>{CELL_CHARS}}" for c in cells)
    return (line + _goal(figure, ours)).rstrip()


def value(figure: Figure, name: str, results: Mapping[str, Result]) -> float | None:
    """The figure of a target; None where there is none."""
    found = figure.of(results[name]) if name in results else None
    if found is None or not figure.less_direct or name == "direct":
        return found
    direct = figure.of(results["direct"]) if "direct" in results else None
    return None if direct is None else found - direct


def _cell(figure: Figure, number: float | None, result: Result | None) -> str:
    if number is None or result is None:
        return "–"
    return ("≥ " if figure.is_bound(result) else "") + _short(number)


def _short(number: float) -> str:
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def _ratio(ours: float | None, other: float | None) -> str:
    if ours is None or other is None or min(ours, other) < LEAST_FOR_A_RATIO:
        return "–"
    return f"× {_short(ours / other)}"


def _goal(figure: Figure, ours: float | None) -> str:
    if figure.goal is None:
        return ""
    goal = f"{'≥' if figure.more_is_better else '≤'} {figure.goal:,g}"
    if ours is None:
        return f"{goal:>{CELL_CHARS}}"
    met = ours >= figure.goal if figure.more_is_better else ours <= figure.goal
    return f"{goal:>{CELL_CHARS}}  {'met' if met else 'missed'}"


def line(label: str, number: float | None, goal: float | None = None) -> str:
    """A figure that only Holdfast has."""
    cell = "–" if number is None else _short(number)
    told = _goal(Figure(label, lambda result: None, goal), number)
    return f"  {label:<{2 * LABEL_CHARS - 2}}{cell:>{CELL_CHARS}}{told}"
