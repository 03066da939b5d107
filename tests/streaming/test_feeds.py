"""Feeds: one list a run, whoever writes it and however many watch."""

import gevent

from chat_app.runtime import Runtime
from chat_app.store.run_events import StoredEvent
from chat_app.store.runs import RunRow
from chat_app.streaming import dialects, feeds
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.feeds import Feed
from tests.streaming.runs import ELSEWHERE, Elsewhere, opened, wait_until

RUN = RunRef(7, "0190-run", "session", "question", "reply")


def event(seq: int, kind: str = "chunk") -> StoredEvent:
    return StoredEvent(7, seq, kind, f'{{"n":{seq}}}')


def test_events_that_are_known_are_skipped() -> None:
    feed = Feed(RUN)
    feed.publish([event(1), event(2)])
    feed.publish([event(2), event(3)])
    assert [e.seq for e in feed.events] == [1, 2, 3]


def test_events_after_a_gap_wait_for_what_is_missing() -> None:
    feed = Feed(RUN)
    feed.publish([event(1), event(3)])
    assert [e.seq for e in feed.events] == [1]
    feed.publish([event(2), event(3)])
    assert [e.seq for e in feed.events] == [1, 2, 3]


def test_an_event_is_encoded_once_however_many_read() -> None:
    encoded: list[int] = []

    def dialect(run: RunRef, event: StoredEvent) -> bytes:
        encoded.append(event.seq)
        return b"%d" % event.seq

    feed = Feed(RUN)
    feed.publish([event(1), event(2)])
    assert feed.read(dialect, 0) == (b"12", 2)
    feed.publish([event(3)])
    assert feed.read(dialect, 0) == (b"123", 3)
    assert feed.read(dialect, 2) == (b"3", 3)
    assert encoded == [1, 2, 3]


def test_a_long_past_is_read_in_pieces() -> None:
    feed = Feed(RUN)
    feed.publish([event(seq) for seq in range(1, 20_000)])
    first, position = feed.read(dialects.channel, 0)
    assert feeds.WRITE_MAX_BYTES <= len(first) < feeds.WRITE_MAX_BYTES + 100
    second, _ = feed.read(dialects.channel, position)
    assert second.startswith(b"id: 0190-run:%d\n" % (position + 1))


def test_who_waits_is_woken_by_an_event() -> None:
    feed = Feed(RUN)
    waiting = gevent.spawn(feed.wait, 0, 60.0)
    gevent.sleep(0)
    feed.publish([event(1)])
    assert waiting.get() is True


def test_who_waits_for_what_is_there_does_not_wait() -> None:
    feed = Feed(RUN)
    feed.publish([event(1)])
    assert feed.wait(0, 0.0) is True


def test_the_end_is_a_done_or_an_error() -> None:
    for kind, is_end in (("chunk", False), ("done", True), ("error", True)):
        feed = Feed(RUN)
        feed.publish([event(1, kind)])
        assert feed.has_ended is is_end


def test_what_another_process_writes_comes_in(here: Runtime, elsewhere: Elsewhere) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as feed:
        elsewhere.write(run, "Hel", "lo")
        wait_until(lambda: len(feed.events) == 3)


def test_two_watchers_share_a_feed_and_the_last_one_lets_it_go(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as one:
        with here.feeds.watching(run) as two:
            assert one is two
            assert one.users == 2
        assert one.users == 1
    assert one.users == 0
    with here.feeds.watching(run) as three:
        assert three is not one


def test_refresh_brings_what_is_committed_by_now(here: Runtime, elsewhere: Elsewhere) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.writing(run) as feed:  # so that nobody polls for it
        elsewhere.write(run, "Hel", "lo")
        assert len(feed.events) == 1
        here.feeds.refresh(feed)
        assert len(feed.events) == 3


def test_a_run_that_is_no_longer_written_here_is_polled_for(
    here: Runtime, elsewhere: Elsewhere
) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as feed:
        with here.feeds.writing(run):
            elsewhere.write(run, "Hi")
            gevent.sleep(2 * feeds.POLL_S)
            assert len(feed.events) == 1
        wait_until(lambda: len(feed.events) == 2)


def test_a_deleted_run_is_let_go(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as feed:
        with here.db.transaction() as session:
            session.delete(session.get_one(RunRow, run.id))
        wait_until(lambda: feed.is_deleted)


def test_a_feed_that_dropped_events_keeps_their_numbers() -> None:
    feed = Feed(RUN)
    feed.publish([event(seq) for seq in range(1, 11)])
    feed.read(dialects.channel, 0)
    feed.drop_to(6)
    feed.publish([event(11)])
    assert [e.seq for e in feed.events] == [1, 7, 8, 9, 10, 11]
    assert [e.seq for e in feed.after(8)] == [9, 10, 11]
    assert (feed.last_seq, feed.knows(11), feed.knows(12)) == (11, True, False)
    feed.drop_to(3)  # which is gone already
    assert [e.seq for e in feed.events] == [1, 7, 8, 9, 10, 11]


def test_who_stands_before_dropped_events_is_told_of_them_once() -> None:
    feed = Feed(RUN)
    feed.publish([event(seq) for seq in range(1, 11)])
    feed.drop_to(6)
    raw, position = feed.read(dialects.channel, 0)
    assert position == 10
    first, gap, seventh, *_ = raw.decode().split("\n\n")
    assert first.startswith("id: 0190-run:1\n")
    told = 'data: {"type":"gap","from_seq":2,"to_seq":6,"reason":"log_too_long"}'
    assert gap == f"id: 0190-run:6\n{told}"
    assert seventh.startswith("id: 0190-run:7\n")
    assert b'"from_seq":5' in feed.read(dialects.channel, 4)[0]
    assert feed.read(dialects.channel, 6)[0].startswith(b"id: 0190-run:7\n")
    assert [e.seq for e in feed.unread(0)] == [1, 6, 7, 8, 9, 10]


def test_all_that_is_new_may_be_dropped() -> None:
    feed = Feed(RUN)
    feed.publish([event(1), event(2)])
    feed.drop_to(2)
    assert (feed.last_seq, feed.after(0)) == (2, [event(1)])
    assert feed.read(dialects.channel, 1)[1] == 2
    feed.publish([event(3)])
    assert feed.read(dialects.channel, 2) == (dialects.channel(RUN, event(3)), 3)


def test_what_the_journal_no_longer_has_was_dropped() -> None:
    feed = Feed(RUN)
    feed.catch_up([event(1), event(7), event(8)])
    assert (feed.dropped_to, feed.last_seq) == (6, 8)
    feed.catch_up([event(7), event(8), event(20)])
    assert [e.seq for e in feed.events] == [1, 20]
