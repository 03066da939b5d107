"""The engine: one answer a run, whoever began it, stopped only by who may."""

import threading
from dataclasses import replace

from chat_app.runtime import Runtime
from chat_app.streaming import points
from chat_app.streaming.answering import ATTEMPTS_MAX
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


def test_an_answer_is_kept_with_its_end(here: Runtime, fake: FakeProvider) -> None:
    fake.enqueue(says("Hello"))
    run = opened(here)
    here.engine.take_over(run, 0)
    assert ended(here, run).status == "done"
    assert told(here, run) == ["start", "Hello", "usage", "done"]
    assert (reply(here, run).body, reply(here, run).status) == ("Hello", "complete")


def test_taken_over_twice_is_once(here: Runtime, fake: FakeProvider) -> None:
    run = opened(here)
    here.engine.take_over(run, 0)
    here.engine.take_over(run, 0)
    ended(here, run)
    here.engine.take_over(run, 0)
    wait_until(lambda: not here.engine.running_ids)
    assert len(fake.requests) == 1


def test_of_two_processes_one_answers(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(here)
    for each in (here, elsewhere.rt):
        each.engine.take_over(run, 0)
    ended(here, run)
    wait_until(lambda: not (here.engine.running_ids or elsewhere.rt.engine.running_ids))
    assert len(fake.requests) == 1


def test_a_provider_that_fails_leaves_what_was_said(here: Runtime, fake: FakeProvider) -> None:
    fake.enqueue([Chunk("Hel"), Cut()])
    run = opened(here)
    here.engine.take_over(run, 0)
    assert ended(here, run).error_code == "provider_unavailable"
    assert told(here, run) == ["start", "Hel", "error"]
    assert (reply(here, run).body, reply(here, run).status) == ("Hel", "failed")


def test_a_cancelled_answer_keeps_what_was_said_and_hangs_up(
    here: Runtime, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hel"), Stall()])
    run = opened(here)
    here.engine.take_over(run, 0)
    wait_until(lambda: told(here, run) == ["start", "Hel"])
    here.engine.cancel(run)
    assert ended(here, run).status == "cancelled"
    assert told(here, run) == ["start", "Hel", "error"]
    assert (reply(here, run).body, reply(here, run).status) == ("Hel", "cancelled")
    fake.wait_until(lambda: not fake.open_streams)


def test_cancelled_in_the_queue_is_never_asked(here: Runtime, fake: FakeProvider) -> None:
    run = opened(here)
    here.engine.cancel(run)
    here.engine.take_over(run, 0)
    assert ended(here, run).status == "cancelled"
    assert fake.requests == []


def test_cancelled_at_once_is_cancelled(here: Runtime) -> None:
    run = opened(here)
    here.engine.take_over(run, 0)
    here.engine.cancel(run)
    assert ended(here, run).status == "cancelled"


def test_cancelled_after_its_end_stays_done(here: Runtime) -> None:
    run = opened(here)
    here.engine.take_over(run, 0)
    ended(here, run)
    before = told(here, run)
    here.engine.cancel(run)
    assert (row(here, run).status, told(here, run)) == ("done", before)


def test_the_broken_round_of_a_dead_process_comes_anew(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(here, ELSEWHERE)
    elsewhere.write(run, "Hel")
    fake.enqueue(says("Hello"))
    here.engine.take_over(run, 1)
    assert ended(here, run).attempt == 2
    assert told(here, run) == ["start", "Hel", "restart", "Hello", "usage", "done"]
    assert reply(here, run).body == "Hello"


def test_what_was_written_since_it_was_watched_is_not_overwritten(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    """The feed here is behind the journal when the run is taken over."""
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as feed:
        elsewhere.write(run, "He", "l")
        assert len(feed.events) == 1
        fake.enqueue(says("Hello"))
        here.engine.take_over(run, 1)
        ended(here, run)
    assert told(here, run) == ["start", "He", "l", "restart", "Hello", "usage", "done"]


def test_cancelled_while_its_process_died_keeps_what_was_said(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(here, ELSEWHERE)
    elsewhere.write(run, "Hel")
    change(here, run, cancel_requested=True)
    here.engine.take_over(run, 1)
    assert ended(here, run).status == "cancelled"
    assert told(here, run) == ["start", "Hel", "error"]
    assert reply(here, run).body == "Hel"
    assert fake.requests == []


def test_after_three_attempts_what_was_said_is_kept(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(here, ELSEWHERE)
    elsewhere.write(run, "Hel")
    change(here, run, attempt=ATTEMPTS_MAX)
    here.engine.take_over(run, ATTEMPTS_MAX)
    assert ended(here, run).error_code == "run_interrupted"
    assert (reply(here, run).body, reply(here, run).status) == ("Hel", "interrupted")
    assert fake.requests == []


def test_a_run_that_was_given_back_has_not_failed(here: Runtime) -> None:
    run = opened(here)
    change(here, run, attempt=7, released=6)
    here.engine.take_over(run, 7)
    assert ended(here, run).status == "done"


def test_with_resume_never_a_broken_answer_is_kept_as_it_is(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(here, ELSEWHERE)
    elsewhere.write(run, "Hel")
    never = Runtime.build(replace(here.settings, resume_runs=False))
    never.engine.take_over(run, 1)
    assert ended(here, run).status == "interrupted"
    assert reply(here, run).body == "Hel"
    never.close()


def test_a_stopping_process_lets_answers_finish(here: Runtime, fake: FakeProvider) -> None:
    go_on = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(go_on), *says("lo")])
    run = opened(here)
    here.engine.take_over(run, 0)
    wait_until(lambda: told(here, run) == ["start", "Hel"])
    threading.Timer(0.05, go_on.set).start()
    here.engine.drain(10)
    assert row(here, run).status == "done"
    assert reply(here, run).body == "Hello"


def test_a_stopping_process_gives_back_the_rest(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hel"), Stall()], says("Hello"))
    run = opened(here)
    here.engine.take_over(run, 0)
    wait_until(lambda: told(here, run) == ["start", "Hel"])
    here.engine.drain(0)
    found = row(here, run)
    assert (found.status, found.owner, found.released) == ("queued", None, 1)
    assert told(here, run) == ["start", "Hel"]
    elsewhere.rt.engine.take_over(run, 1)
    ended(here, run)
    assert told(here, run) == ["start", "Hel", "restart", "Hello", "usage", "done"]


def test_a_stopping_process_takes_nothing_over(here: Runtime) -> None:
    run = opened(here)
    here.engine.drain(0)
    here.engine.take_over(run, 0)
    assert here.engine.running_ids == []
    assert row(here, run).status == "queued"


def test_who_lost_the_lease_ends_nothing(here: Runtime, fake: FakeProvider) -> None:
    go_on = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(go_on), *says("lo")])
    run = opened(here)
    here.engine.take_over(run, 0)
    wait_until(lambda: told(here, run) == ["start", "Hel"])
    taken(here, run)
    go_on.set()
    wait_until(lambda: not here.engine.running_ids)
    found = row(here, run)
    assert (found.status, found.owner) == ("running", ELSEWHERE)
    assert told(here, run) == ["start", "Hel"]


def test_an_ending_that_cannot_be_stored_is_told_as_a_mistake_of_ours(
    here: Runtime, fake: FakeProvider
) -> None:
    passed: list[str] = []

    def break_once(point: str) -> None:
        passed.append(point)
        if passed.count(points.CLOSING) == 1 and point == points.CLOSING:
            raise ValueError("the database refuses this")

    clumsy = Runtime.build(
        replace(here.settings, openai_base_url=fake.base_url), reached=break_once
    )
    run = opened(here)
    clumsy.engine.take_over(run, 0)
    last = ended(here, run)
    assert (last.status, last.error_code) == ("failed", "internal_error")
    assert told(here, run)[-1] == "error"
    assert reply(here, run).body == "Hello, world!"
    clumsy.close()
