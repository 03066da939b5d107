"""Whatever goes wrong between us and an AI server: the log is true, and so is the end."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import get_args

import orjson
import pytest

from tests.faults.conftest import size
from tests.faults.remote.lab import QUICK, Lab, followed, laboratory, stopped
from tests.faults.remote.plan import (
    AT_BYTES,
    Fault,
    Kind,
    Memory,
    Outage,
    Plan,
    draw,
    draw_outage,
)
from tests.faults.tally import Tally
from tests.template import Template

AT_ONCE = 8


@pytest.fixture(scope="module")
def lab(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    url = template.copy("sqlite", tmp_path_factory.mktemp("lab"))
    with laboratory(url, AT_ONCE) as lab:
        yield lab


def test_a_stream_that_breaks(lab: Lab, chance: random.Random, tally: Tally) -> None:
    kinds = islice(cycle([*get_args(Kind), None]), size(40, 300))
    lab.try_all([draw(chance, kind) for kind in kinds], followed, tally.add)


def test_a_run_that_a_person_stops(lab: Lab, chance: random.Random, tally: Tally) -> None:
    drawn = [draw(chance, chance.choice(AT_BYTES)) for _ in range(size(6, 40))]
    plans = [
        replace(plan, end="stopped", hold_after=chance.randrange(plan.pieces)) for plan in drawn
    ]
    lab.try_all(plans, stopped, tally.add)


def test_an_ai_server_that_stays_away_is_given_up(template: Template, tmp_path: Path) -> None:
    plan = Plan(seed=1, gap_ms=4, outage=Outage(at=3, down_ms=600_000))
    with laboratory(template.copy("sqlite", tmp_path), 1, replace(QUICK, lost_s=0.5)) as lab:
        place = lab.places.get()
        run_id = place.start(plan)
        *_, error, status = place.watch(run_id)
        run = place.run(run_id)
    assert (run["status"], run["error_code"]) == ("FAILED", "ai_server_unavailable")
    assert (error.event, orjson.loads(error.data)["error_code"]) == ("error", run["error_code"])
    assert (status.event, status.data) == ("status", f"Task failed: {run['error']}")


def test_a_log_of_which_each_stream_stalls_is_read_on(template: Template, tmp_path: Path) -> None:
    plan = Plan(seed=2, pieces=30, gap_ms=0, faults=(Fault("stall", 900),) * 3)
    with laboratory(template.copy("sqlite", tmp_path), 1, replace(QUICK, quiet_s=0.2)) as lab:
        place = lab.places.get()
        *log, status = place.watch(place.start(plan))
    assert [(one.event, one.data) for one in log] == plan.said
    assert status.data == "Task success"


def test_an_ai_server_that_is_killed_and_back(
    lab: Lab, chance: random.Random, tally: Tally
) -> None:
    memories = islice(cycle(get_args(Memory)), size(9, 60))
    plans = [draw_outage(chance, memory) for memory in memories]
    lab.try_all(plans, followed, tally.add)
