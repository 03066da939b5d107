"""The engine: one answer a run, whoever began it, stopped only by who may."""

import threading
from dataclasses import replace

import pytest

from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.streaming.engine import ATTEMPTS_MAX
from tests.fakes import Chunk, Cut, FakeProvider, Hold, Stall, says
from tests.streaming.runs import (
    ELSEWHERE,
    Elsewhere,
    change,
    ended,
    opened,
    reply,
    row,
    taken,
    told,
    wait_until,
)


@pytest.fixture
def database_url(each_database: str) -> str:
    return each_database


def test_an_answer_is_kept_with_its_end(rt: Runtime, fake: FakeProvider) -> None:
    fake.enqueue(says("Hello"))
    run = opened(rt)
    rt.engine.take_over(run, 0)
    assert ended(rt, run).status == "done"
    assert told(rt, run) == ["start", "Hello", "usage", "done"]
    assert (reply(rt, run).body, reply(rt, run).status) == ("Hello", "complete")


def test_taken_over_twice_is_once(rt: Runtime, fake: FakeProvider) -> None:
    run = opened(rt)
    rt.engine.take_over(run, 0)
    rt.engine.take_over(run, 0)
    ended(rt, run)
    rt.engine.take_over(run, 0)
    wait_until(lambda: not rt.engine.running_ids)
    assert len(fake.requests) == 1


def test_of_two_processes_one_answers(
    rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(rt)
    for each in (rt, elsewhere.rt):
        each.engine.take_over(run, 0)
    ended(rt, run)
    wait_until(lambda: not (rt.engine.running_ids or elsewhere.rt.engine.running_ids))
    assert len(fake.requests) == 1


def test_a_provider_that_fails_leaves_what_was_said(rt: Runtime, fake: FakeProvider) -> None:
    fake.enqueue([Chunk("Hel"), Cut()])
    run = opened(rt)
    rt.engine.take_over(run, 0)
    assert ended(rt, run).error_code == "provider_unavailable"
    assert told(rt, run) == ["start", "Hel", "error"]
    assert (reply(rt, run).body, reply(rt, run).status) == ("Hel", "failed")


def test_a_cancelled_answer_keeps_what_was_said_and_hangs_up(
    rt: Runtime, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hel"), Stall()])
    run = opened(rt)
    rt.engine.take_over(run, 0)
    wait_until(lambda: told(rt, run) == ["start", "Hel"])
    rt.engine.cancel(run)
    assert ended(rt, run).status == "cancelled"
    assert told(rt, run) == ["start", "Hel", "error"]
    assert (reply(rt, run).body, reply(rt, run).status) == ("Hel", "cancelled")
    fake.wait_until(lambda: not fake.open_streams)


def test_cancelled_in_the_queue_is_never_asked(rt: Runtime, fake: FakeProvider) -> None:
    run = opened(rt)
    rt.engine.cancel(run)
    rt.engine.take_over(run, 0)
    assert ended(rt, run).status == "cancelled"
    assert fake.requests == []


def test_cancelled_at_once_is_cancelled(rt: Runtime) -> None:
    run = opened(rt)
    rt.engine.take_over(run, 0)
    rt.engine.cancel(run)
    assert ended(rt, run).status == "cancelled"


def test_cancelled_after_its_end_stays_done(rt: Runtime) -> None:
    run = opened(rt)
    rt.engine.take_over(run, 0)
    ended(rt, run)
    before = told(rt, run)
    rt.engine.cancel(run)
    assert (row(rt, run).status, told(rt, run)) == ("done", before)


def test_the_broken_round_of_a_dead_process_comes_anew(
    rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(rt, ELSEWHERE)
    elsewhere.write(run, "Hel")
    fake.enqueue(says("Hello"))
    rt.engine.take_over(run, 1)
    assert ended(rt, run).attempt == 2
    assert told(rt, run) == ["start", "Hel", "restart", "Hello", "usage", "done"]
    assert reply(rt, run).body == "Hello"


def test_what_was_written_since_it_was_watched_is_not_overwritten(
    rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    """The feed here is behind the journal when the run is taken over."""
    run = opened(rt, ELSEWHERE)
    with rt.feeds.watching(run) as feed:
        elsewhere.write(run, "He", "l")
        assert len(feed.events) == 1
        fake.enqueue(says("Hello"))
        rt.engine.take_over(run, 1)
        ended(rt, run)
    assert told(rt, run) == ["start", "He", "l", "restart", "Hello", "usage", "done"]


def test_cancelled_while_its_process_died_keeps_what_was_said(
    rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(rt, ELSEWHERE)
    elsewhere.write(run, "Hel")
    change(rt, run, cancel_requested=True)
    rt.engine.take_over(run, 1)
    assert ended(rt, run).status == "cancelled"
    assert told(rt, run) == ["start", "Hel", "error"]
    assert reply(rt, run).body == "Hel"
    assert fake.requests == []


def test_after_three_attempts_what_was_said_is_kept(
    rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(rt, ELSEWHERE)
    elsewhere.write(run, "Hel")
    change(rt, run, attempt=ATTEMPTS_MAX)
    rt.engine.take_over(run, ATTEMPTS_MAX)
    assert ended(rt, run).error_code == "run_interrupted"
    assert (reply(rt, run).body, reply(rt, run).status) == ("Hel", "interrupted")
    assert fake.requests == []


def test_a_run_that_was_given_back_has_not_failed(rt: Runtime) -> None:
    run = opened(rt)
    change(rt, run, attempt=7, released=6)
    rt.engine.take_over(run, 7)
    assert ended(rt, run).status == "done"


def test_with_resume_never_a_broken_answer_is_kept_as_it_is(
    settings: Settings, rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(rt, ELSEWHERE)
    elsewhere.write(run, "Hel")
    never = Runtime.build(replace(settings, resume_runs=False))
    never.engine.take_over(run, 1)
    assert ended(rt, run).status == "interrupted"
    assert reply(rt, run).body == "Hel"
    never.close()


def test_a_stopping_process_lets_answers_finish(rt: Runtime, fake: FakeProvider) -> None:
    go_on = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(go_on), *says("lo")])
    run = opened(rt)
    rt.engine.take_over(run, 0)
    wait_until(lambda: told(rt, run) == ["start", "Hel"])
    threading.Timer(0.05, go_on.set).start()
    rt.engine.drain(10)
    assert row(rt, run).status == "done"
    assert reply(rt, run).body == "Hello"


def test_a_stopping_process_gives_back_the_rest(
    rt: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hel"), Stall()], says("Hello"))
    run = opened(rt)
    rt.engine.take_over(run, 0)
    wait_until(lambda: told(rt, run) == ["start", "Hel"])
    rt.engine.drain(0)
    found = row(rt, run)
    assert (found.status, found.owner, found.released) == ("queued", None, 1)
    assert told(rt, run) == ["start", "Hel"]
    elsewhere.rt.engine.take_over(run, 1)
    ended(rt, run)
    assert told(rt, run) == ["start", "Hel", "restart", "Hello", "usage", "done"]


def test_a_stopping_process_takes_nothing_over(rt: Runtime) -> None:
    run = opened(rt)
    rt.engine.drain(0)
    rt.engine.take_over(run, 0)
    assert rt.engine.running_ids == []
    assert row(rt, run).status == "queued"


def test_who_lost_the_lease_ends_nothing(rt: Runtime, fake: FakeProvider) -> None:
    go_on = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(go_on), *says("lo")])
    run = opened(rt)
    rt.engine.take_over(run, 0)
    wait_until(lambda: told(rt, run) == ["start", "Hel"])
    taken(rt, run)
    go_on.set()
    wait_until(lambda: not rt.engine.running_ids)
    found = row(rt, run)
    assert (found.status, found.owner) == ("running", ELSEWHERE)
    assert told(rt, run) == ["start", "Hel"]
