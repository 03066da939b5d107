"""A long log keeps its end: in the journal, for who watches here, and for who watches elsewhere."""

import pytest

from chat_app.remote.position import New, Position
from chat_app.remote.values import Sent
from chat_app.runtime import Runtime
from chat_app.store.run_events import events_up_to
from chat_app.store.runs import RunRow
from chat_app.streaming import dialects
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.journal import Journal, LeaseLost, LiveRun
from chat_app.streaming.live import live_answer
from chat_app.streaming.log_cap import LogCap
from chat_app.streaming.running import Running
from chat_app.streaming.task_writing import BATCH_MAX, Writing
from tests.streaming.remote import named_events
from tests.streaming.runs import ELSEWHERE, Elsewhere, journal_of, opened, row, taken, wait_until

KEPT = BATCH_MAX + 100


def write(rt: Runtime, run: RunRef, live: LiveRun, first: int, last: int) -> Writing:
    """Have lines journalled, of which so many are kept."""
    writing = Writing(Journal(rt.db), Running(run, None, 1), live, LogCap(events_max=KEPT), 1.0)
    for number in range(first, last + 1):
        writing.pending.put(New(Sent("log", f"line {number}"), Position(number)))
    writing.finish()
    return writing


def test_what_is_dropped_is_one_gap_for_whoever_has_not_had_it(
    here: Runtime, elsewhere: Elsewhere
) -> None:
    run = opened(here, ELSEWHERE)
    with elsewhere.rt.feeds.watching(run) as other, here.feeds.writing(run) as feed:
        write(here, run, LiveRun(run.id, 1, feed), 1, 3 * BATCH_MAX)
        kept = journal_of(here, run)
        assert len(kept) <= KEPT + 1
        assert [event.seq for event in kept] == [1, *range(feed.dropped_to + 1, feed.last_seq + 1)]
        raw, _ = feed.read(dialects.log, 0)
        start, gap, *lines = named_events(raw)
        assert (start.name, gap.name, gap.id) == ("", "gap", f"{run.public_id}:{feed.dropped_to}")
        assert gap.data == (f'{{"from_seq":2,"to_seq":{feed.dropped_to},"reason":"log_too_long"}}')
        assert lines[-1].data == f"line {3 * BATCH_MAX}"
        # Who watches elsewhere comes to the same, whether they saw what was dropped or not.
        wait_until(lambda: other.last_seq == feed.last_seq)
        elsewhere.rt.feeds.refresh(other)
        place = max(other.dropped_to, feed.dropped_to)
        assert other.after(place) == feed.after(place)
    with elsewhere.rt.feeds.watching(run) as late:
        assert late.dropped_to == feed.dropped_to
        assert late.read(dialects.log, 0)[0] == raw


def test_who_lost_the_run_drops_nothing(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.writing(run) as feed:
        live = LiveRun(run.id, 1, feed)
        write(here, run, live, 1, 5)
        taken(here, run)
        with pytest.raises(LeaseLost):
            Journal(here.db).drop(live, 4)
    assert len(journal_of(here, run)) == 6
    assert row(here, run).attempt == 2


def test_waiting_ends_with_what_a_look_finds_when_all_is_quiet(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.writing(run) as feed:
        live = LiveRun(run.id, 1, feed)
        writing = Writing(Journal(here.db), Running(run, None, 1), live, LogCap(), 0.01)
        looks = iter([None, None, "over"])
        assert writing.until(lambda: False, lambda: next(looks)) == "over"
        writing.pending.put(New(Sent("log", "x"), Position(1)))
        assert writing.until(lambda: len(feed.events) > 1, lambda: None) is None


def test_who_needs_no_log_reads_none_and_nothing_that_came_later(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.writing(run) as feed:
        write(here, run, LiveRun(run.id, 1, feed), 1, 5)
    with here.db.reading() as session:
        assert [event.seq for event in events_up_to(session, run.id, 4, without=())] == [1, 2, 3, 4]
        assert [event.type for event in events_up_to(session, run.id, 4, {"log"})] == ["start"]
        live = live_answer(session, session.get_one(RunRow, run.id))
        assert (live.last_seq, live.text) == (6, "")
