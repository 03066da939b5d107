"""The oracle of these tests sees what is wrong, and takes for true what is."""

import random
from dataclasses import replace
from typing import Any, get_args

import pytest

from tests.faults.remote.oracle import Relayed, untruths
from tests.faults.remote.plan import Fault, Kind, Outage, Plan, draw, draw_outage

PLAN = Plan(seed=2, pieces=12)
LOST = replace(PLAN, faults=(Fault("reset", 100), Fault("forget", 1)))
DONE = {"status": "DONE", "result": PLAN.result, "error": None}
SUCCESS = ("status", "Task success")
GAP = ("gap", '{"reason":"missed"}')
UNSURE = ("gap", '{"reason":"unsure"}')
SAID = PLAN.said


def seen(*said: tuple[str, str]) -> list[Relayed]:
    return [Relayed(2 * seq, *one) for seq, one in enumerate(said, 1)]


def faults(
    plan: Plan, *said: tuple[str, str], run: dict[str, Any] = DONE, begun: int = 1
) -> list[str]:
    return untruths(plan, seen(*said), run, begun)


def test_all_that_was_said_is_true() -> None:
    assert len({*SAID}) < len(SAID)  # some come twice, on purpose
    assert faults(PLAN, *SAID, SUCCESS) == []


@pytest.mark.parametrize("at", range(len(SAID)))
def test_what_is_lost_doubled_changed_or_late_is_seen(at: int) -> None:
    before, one, after = SAID[:at], SAID[at], SAID[at + 1 :]
    assert faults(PLAN, *before, *after, SUCCESS)
    assert faults(PLAN, *before, one, one, *after, SUCCESS)
    assert faults(PLAN, *before, (one[0], one[1] + " "), *after, SUCCESS)
    if after and after[0] != one:
        assert faults(PLAN, *before, after[0], one, *after[1:], SUCCESS)


@pytest.mark.parametrize("at", range(len(SAID)))
def test_what_is_lost_is_forgiven_where_a_gap_says_so_and_it_could_not_be_had(at: int) -> None:
    told = [*SAID[:at], GAP, *SAID[at + 1 :], SUCCESS]
    assert faults(LOST, *told) == []
    assert faults(PLAN, *told)  # it could have been had


def test_what_comes_again_is_forgiven_only_where_nobody_could_know() -> None:
    again = [*SAID[:6], UNSURE, *SAID[2:], SUCCESS]
    assert faults(LOST, *again) == []
    assert faults(LOST, *SAID[:6], GAP, *SAID[2:], SUCCESS)


def test_a_task_that_broke_off_has_a_beginning_and_has_failed() -> None:
    plan = replace(PLAN, outage=Outage(5, 10, "none"))
    failed = {"status": "FAILED", "result": None, "error": "Gone."}
    end = ("status", "Task failed: Gone.")
    assert faults(plan, *SAID[:4], end, run=failed) == []
    assert faults(plan, *SAID[:3], *SAID[4:5], end, run=failed)
    assert faults(plan, *SAID[:4], SUCCESS)


@pytest.mark.parametrize(
    ("told", "begun", "run"),
    [
        ([*SAID, SUCCESS], 2, {}),
        ([*SAID, SUCCESS], 0, {}),
        ([*SAID, SUCCESS], 1, {"status": "RUNNING"}),
        ([*SAID, SUCCESS], 1, {"result": "another"}),
        ([*SAID], 1, {}),
        ([SUCCESS], 1, {}),
        ([*SAID, SUCCESS, SUCCESS], 1, {}),
        ([*SAID, ("status", "Task failed: no")], 1, {}),
    ],
)
def test_a_wrong_end_is_seen(told: list[tuple[str, str]], begun: int, run: dict[str, Any]) -> None:
    assert faults(PLAN, *told, begun=begun, run=DONE | run)


def test_the_reason_of_a_failure_is_told_as_it_was() -> None:
    plan = replace(PLAN, end="failed")
    failed = {"status": "FAILED", "result": None, "error": plan.why}
    assert faults(plan, *SAID, ("status", f"Task failed: {plan.why}"), run=failed) == []
    assert faults(plan, *SAID, ("status", "Task failed: whatever"), run=failed)


def test_ids_that_do_not_rise_are_seen() -> None:
    stream = seen(*SAID, SUCCESS)
    stream[3] = replace(stream[3], seq=stream[2].seq)
    assert untruths(PLAN, stream, DONE, 1)


def test_a_plan_goes_through_its_spec_and_every_kind_is_drawn() -> None:
    chance = random.Random(1)
    plans = [draw(chance) for _ in range(300)] + [draw(chance, kind) for kind in get_args(Kind)]
    plans.append(draw_outage(chance, "none"))
    assert all(Plan.of(plan.spec) == plan for plan in plans)
    assert {fault.kind for plan in plans for fault in plan.faults} == set(get_args(Kind))
