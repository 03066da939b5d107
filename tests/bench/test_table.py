"""How the bench tells its figures."""

from bench import table
from bench.scenarios import SCENARIOS, Figure, Scenario
from bench.values import Load, Result, Spread, Window

ALL = ["direct", "nginx", "naive", "holdfast"]


def result(latency_ms: float, events: int = 1) -> Result:
    return Result(
        streams=1,
        events=1,
        lost=0,
        repeated=0,
        disordered=0,
        complaint="",
        first_event_ms=None,
        first_token_ms=None,
        latency_ms=Spread(latency_ms, latency_ms),
        window=Window(events=events),
    )


def line(figure: Figure, **results: Result) -> str:
    scenario = Scenario("name", "title", 0, Load(chunks=1, streams=1), (figure,))
    targets = [name for name in ALL if name in results]
    return " ".join(table.rows(scenario, targets, results)[1].split())


def latency(found: Result) -> float | None:
    return found.latency_ms and found.latency_ms.p50


def count(found: Result) -> float | None:
    return found.window.events


def test_ratios_are_of_what_comes_on_top_of_the_direct_stream() -> None:
    figure = Figure("added", latency, 5, less_direct=True)
    cells = line(figure, direct=result(1), nginx=result(2), naive=result(3), holdfast=result(5))
    assert cells == "added 1.00 1.00 2.00 4.00 × 4.00 × 2.00 ≤ 5 met"


def test_without_the_direct_stream_nothing_can_be_on_top_of_it() -> None:
    figure = Figure("added", latency, 5, less_direct=True)
    assert line(figure, holdfast=result(5)) == "added – ≤ 5"


def test_a_goal_that_was_missed_says_so() -> None:
    figure = Figure("events", count, 40_000, more_is_better=True)
    assert line(figure, holdfast=result(0, events=39_999)) == "events 39,999 ≥ 40,000 missed"


def test_a_figure_that_only_holdfast_has_is_a_line_with_its_goal() -> None:
    assert " ".join(table.line("a call, ms", 1.234, 5).split()) == "a call, ms 1.23 ≤ 5 met"
    assert table.line("a call, ms", 5.1, 5).split()[-1] == "missed"
    assert table.line("a call, ms", 0.5).split()[-1] == "0.50"


def test_a_target_that_could_do_more_is_marked() -> None:
    figure = Figure("events", count, is_bound=lambda found: True)
    assert line(figure, nginx=result(0, events=7)) == "events ≥ 7.00"


def test_a_quick_run_is_held_to_no_goals() -> None:
    quick = [scenario.quick() for scenario in SCENARIOS]
    assert all(figure.goal is None for scenario in quick for figure in scenario.figures)


def test_a_spread_of_nothing_is_nothing() -> None:
    assert Spread.of([]) is None
    assert Spread.of(range(1, 101)) == (51, 100)
