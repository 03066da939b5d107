"""The journal: what it writes is proven to be ours, numbered without gaps, and then shown."""

from typing import Any

import pytest

from chat_app.runtime import Runtime
from chat_app.store.run_events import StoredEvent, append_events
from chat_app.streaming import events, points
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.events import Event
from chat_app.streaming.feeds import Feed
from chat_app.streaming.journal import PENDING_MAX, Journal, LeaseLost, LiveRun
from tests.streaming.runs import (
    ELSEWHERE,
    Flaky,
    change,
    journal_of,
    opened,
    taken,
    told,
    wait_until,
)


@pytest.fixture
def journal(here: Runtime) -> Journal:
    return Journal(here.db)


def live(here: Runtime, run: RunRef | None = None) -> LiveRun:
    """A run that we hold, with what it has so far."""
    run = run or opened(here, "us:1:abc")
    feed = Feed(run)
    feed.publish(journal_of(here, run))
    return LiveRun(run.id, 1, feed)


def text(content: str) -> Event:
    return Event("chunk", content)


def test_what_was_flushed_is_in_the_database_and_shown(here: Runtime, journal: Journal) -> None:
    run = live(here)
    journal.append(run, text("Hel"))
    journal.flush(run)
    journal.append(run, text("lo"))
    journal.flush(run)
    assert told(here, run.feed.run) == ["start", "Hel", "lo"]
    assert run.feed.events == journal_of(here, run.feed.run)


def test_what_comes_in_one_batch_is_one_event(here: Runtime, journal: Journal) -> None:
    run = live(here)
    for letter in "Hello":
        journal.append(run, text(letter))
    journal.flush(run)
    assert told(here, run.feed.run) == ["start", "Hello"]


def test_only_what_is_committed_is_shown(here: Runtime) -> None:
    seen: list[int] = []
    run = live(here)

    def look(point: str) -> None:
        if point == points.APPENDED:
            seen.append(len(journal_of(here, run.feed.run)) - len(run.feed.events))

    journal = Journal(here.db, look)
    journal.append(run, text("Hi"))
    journal.flush(run)
    assert seen == [1]


def test_who_lost_the_lease_writes_nothing(here: Runtime, journal: Journal) -> None:
    run = live(here)
    assert taken(here, run.feed.run) == 2
    journal.append(run, text("Hi"))
    with pytest.raises(LeaseLost):
        journal.flush(run)
    assert told(here, run.feed.run) == ["start"]
    assert len(run.feed.events) == 1


def test_a_run_that_ended_takes_no_more(here: Runtime, journal: Journal) -> None:
    run = live(here)
    change(here, run.feed.run, status="done")
    journal.append(run, text("Hi"))
    with pytest.raises(LeaseLost):
        journal.flush(run)


def test_a_lost_run_is_told_at_its_next_word(here: Runtime, journal: Journal) -> None:
    run = live(here)
    taken(here, run.feed.run)
    journal.append(run, text("Hi"))
    wait_until(lambda: run.is_lost)
    with pytest.raises(LeaseLost):
        journal.append(run, text("ho"))


def test_a_lost_run_does_not_hold_up_others_of_the_batch(here: Runtime, journal: Journal) -> None:
    lost, kept = live(here), live(here)
    taken(here, lost.feed.run)
    journal.append(lost, text("no"))
    journal.append(kept, text("yes"))
    journal.flush(kept)
    assert told(here, kept.feed.run) == ["start", "yes"]
    assert told(here, lost.feed.run) == ["start"]


def test_a_run_at_fault_does_not_take_others_along(here: Runtime, journal: Journal) -> None:
    broken, kept = live(here), live(here)
    with here.db.writing() as connection:
        taken_number = StoredEvent(broken.id, 2, *events.encode(text("other")))
        append_events(connection, [taken_number])
    journal.append(broken, text("no"))
    journal.append(kept, text("yes"))
    journal.flush(kept)
    with pytest.raises(LeaseLost):
        journal.flush(broken)
    assert told(here, kept.feed.run) == ["start", "yes"]
    assert told(here, broken.feed.run) == ["start", "other"]


def test_a_database_that_is_away_loses_nothing(here: Runtime) -> None:
    flaky: Any = Flaky(here.db, failures=2)
    journal, run = Journal(flaky), live(here)
    journal.append(run, text("Hel"))
    journal.append(run, text("lo"))
    journal.flush(run)
    assert told(here, run.feed.run) == ["start", "Hello"]


def test_a_run_that_is_far_ahead_waits(here: Runtime, journal: Journal) -> None:
    run = live(here)
    for _ in range(PENDING_MAX):
        journal.append(run, text("x"))
    assert told(here, run.feed.run) == ["start", "x" * PENDING_MAX]


def test_two_owners_never_write_the_same_number(here: Runtime) -> None:
    """The paused one has the old attempt and an old feed; the new one goes on after its words."""
    run = opened(here, "us:1:abc")
    paused, journal = live(here, run), Journal(here.db)
    journal.append(paused, text("a"))
    journal.flush(paused)
    attempt = taken(here, run, ELSEWHERE)
    feed = Feed(run)
    feed.publish(journal_of(here, run))
    owner, their_journal = LiveRun(run.id, attempt, feed), Journal(here.db)
    their_journal.append(owner, text("b"))
    journal.append(paused, text("no"))
    their_journal.flush(owner)
    with pytest.raises(LeaseLost):
        journal.flush(paused)
    assert told(here, run) == ["start", "a", "b"]
