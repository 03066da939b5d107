"""Is what a watcher was sent of a remote task true? Pure.

True means: all that the task said, in its order and byte for byte, or a `gap` at the very place
where something is missing; then how it ended.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.faults.remote.plan import Plan

Said = tuple[str, str]
RELAYED = ("log", "progress", "gap")
STATUS = {"success": "DONE", "failed": "FAILED", "stopped": "STOPPED"}
# After these gaps nobody could know whether what comes is new, so it may come again.
MAY_REPEAT = ("unsure", "renumbered")


@dataclass(frozen=True)
class Relayed:
    """One event of our own stream. `seq` is None where it has no id."""

    seq: int | None
    event: str
    data: str


def untruths(plan: Plan, seen: list[Relayed], run: dict[str, Any], begun: int) -> list[str]:
    """Every way in which the stream `seen` and the `run` are not what the plan's task did.

    `begun` is how often the AI server began it.
    """
    found = _of_numbers(seen) + _of_the_end(plan, seen, run)
    if begun != 1:
        found.append(f"the task was begun {begun} times")
    return found + _of_the_log(plan, seen)


def _of_numbers(seen: list[Relayed]) -> list[str]:
    numbers = [one.seq for one in seen if one.seq is not None]
    rising = all(before < after for before, after in pairwise(numbers))
    return [] if rising else [f"ids do not rise: {numbers}"]


def _of_the_end(plan: Plan, seen: list[Relayed], run: dict[str, Any]) -> list[str]:
    status = "FAILED" if plan.is_lost else STATUS[plan.end]
    found = []
    if run["status"] != status:
        found.append(f"the run is {run['status']} ({run['error']}) instead of {status}")
    if run["result"] != (plan.result if status == "DONE" else None):
        found.append(f"the result is {run['result']!r}")
    ends = [one.data for one in seen if one.event == "status"]
    begins = "Task success" if status == "DONE" else "Task failed: "
    if len(ends) != 1 or seen[-1].event != "status" or not ends[0].startswith(begins):
        found.append(f"the stream ended with {ends}")
    elif plan.why and not plan.is_lost and ends != [f"Task failed: {plan.why}"]:
        found.append(f"the reason is told as {ends}")
    return found


def _of_the_log(plan: Plan, seen: list[Relayed]) -> list[str]:
    relayed = [one for one in seen if one.event in RELAYED]
    gaps = [one.data for one in relayed if one.event == "gap"]
    if gaps and not plan.may_gap:
        return [f"there are gaps where all could be had: {gaps}"]
    place, parts = 0, _parts(relayed)
    for part, after in parts:
        may_repeat = any(reason in after for reason in MAY_REPEAT)
        found = _find(part, plan.said, 0 if may_repeat else place)
        # Without a gap before it, it goes on right where the part before it ended.
        if found is None or (not after and not plan.may_miss_the_start and found != place):
            return [f"{part} is not what came after {place} of {plan.said}"]
        place = found + len(part)
    last, after = parts[-1]
    is_told = plan.said[-len(last) :] == last if last else bool(after)
    if plan.breaks_off or is_told or (plan.may_miss_the_start and not relayed):
        return []
    return [f"the end is missing, from {place} of {len(plan.said)} on, and no gap says so"]


def _parts(relayed: list[Relayed]) -> list[tuple[list[Said], str]]:
    """What was relayed without a gap in between, each with the gap before it ("" for none)."""
    parts: list[tuple[list[Said], str]] = [([], "")]
    for one in relayed:
        if one.event == "gap":
            parts.append(([], one.data))
        else:
            parts[-1][0].append((one.event, one.data))
    return parts


def _find(part: list[Said], said: list[Said], start: int) -> int | None:
    """The first place at which the part is all there, None for none."""
    for place in range(start, len(said) - len(part) + 1):
        if said[place : place + len(part)] == part:
            return place
    return None
