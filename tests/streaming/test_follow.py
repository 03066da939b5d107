"""Followers: from where the client is to the run's end, or to the client's."""

import socket
from collections.abc import Iterator

import gevent
import pytest

from chat_app.runtime import Runtime
from chat_app.store.runs import RunRow
from chat_app.streaming import dialects, follow, sse
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.follow import Listener
from chat_app.streaming.hangup import Hangup
from tests.clients import Sse, read_events
from tests.fakes import FakeProvider, Stall, says
from tests.streaming.runs import ELSEWHERE, Elsewhere, ended, opened, wait_until


def stream(
    here: Runtime, run: RunRef, cursor: str | None = None, line: Hangup | None = None
) -> Iterator[bytes]:
    return follow.follow(here.feeds, run, dialects.channel, Listener(cursor, line or Hangup()))


def answered(here: Runtime, fake: FakeProvider, *texts: str) -> RunRef:
    """A run that has ended."""
    fake.enqueue(says(*texts))
    run = opened(here)
    here.engine.take_over(run, 0)
    ended(here, run)
    return run


def whole(here: Runtime, run: RunRef, cursor: str | None = None) -> list[Sse]:
    return list(read_events(b"".join(stream(here, run, cursor))))


def test_the_first_bytes_come_before_anything_was_said(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    first = next(stream(here, run))
    assert first.startswith(sse.RETRY + f"id: {run.public_id}:1\n".encode())


def test_a_finished_run_is_replayed_to_its_end(here: Runtime, fake: FakeProvider) -> None:
    run = answered(here, fake, "Hello")
    seen = whole(here, run)
    assert [e.data["type"] for e in seen] == ["start", "chunk", "usage", "done"]
    assert [e.seq for e in seen] == [1, 2, 3, 4]
    assert len(fake.requests) == 1


def test_after_every_event_the_rest_follows(here: Runtime, fake: FakeProvider) -> None:
    run = answered(here, fake, "Hello")
    seen = whole(here, run)
    for position, event in enumerate(seen, 1):
        assert whole(here, run, event.id) == seen[position:]


@pytest.mark.parametrize("seq", ["5", "99", "999999999999999", str(2**63), "x"])
def test_a_cursor_that_was_never_given_is_a_reset(
    here: Runtime, fake: FakeProvider, seq: str
) -> None:
    run = answered(here, fake, "Hello")
    seen = whole(here, run, f"{run.public_id}:{seq}")
    assert seen[0].data["reset"] is True
    assert seen[1:] == whole(here, run)[1:]


def test_a_cursor_ahead_of_what_this_process_has_seen_is_no_reset(
    here: Runtime, elsewhere: Elsewhere
) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as feed:
        # It was read elsewhere, and this process has not polled since.
        elsewhere.write(run, "Hel", "lo")
        assert len(feed.events) == 1
        assert next(stream(here, run, f"{run.public_id}:3")) == sse.RETRY


def test_who_waits_gets_what_another_process_writes(here: Runtime, elsewhere: Elsewhere) -> None:
    run = opened(here, ELSEWHERE)
    frames = stream(here, run)
    next(frames)
    gevent.spawn(elsewhere.write, run, "Hi")
    assert b'"content":"Hi"' in next(frames)


def test_when_the_process_stops_streams_end_without_a_last_event(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    frames = stream(here, run)
    next(frames)
    gevent.spawn_later(0.01, here.feeds.close)
    assert list(frames) == []


def test_a_stream_ends_when_its_client_is_gone(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    ours, client = socket.socketpair()
    with ours, client:
        frames = stream(here, run, line=Hangup(ours))
        next(frames)
        gevent.spawn_later(0.01, client.close)
        assert list(frames) == []


def test_a_stream_ends_when_its_run_is_deleted(here: Runtime) -> None:
    run = opened(here, ELSEWHERE)
    frames = stream(here, run)
    next(frames)
    with here.db.transaction() as session:
        session.delete(session.get_one(RunRow, run.id))
    assert list(frames) == []
    assert list(stream(here, run)) == []


def test_five_hundred_streams_opened_and_closed_leave_nothing(
    here: Runtime, fake: FakeProvider
) -> None:
    fake.enqueue([Stall()])
    run = opened(here)
    here.engine.take_over(run, 0)
    wait_until(lambda: fake.open_streams)
    with here.feeds.watching(run) as feed:
        for _ in range(5):
            streams = [stream(here, run) for _ in range(100)]
            for frames in streams:
                next(frames)
            assert feed.users == 102  # with this one, and who writes
            for frames in streams:
                frames.close()  # type: ignore[attr-defined]
            assert feed.users == 2
    here.engine.cancel(run)
    ended(here, run)
    wait_until(lambda: feed.users == 0)


def test_waiting_for_an_end_gives_up_in_time(here: Runtime) -> None:
    assert follow.wait_for_end(here.feeds, opened(here, ELSEWHERE), timeout_s=0.01) is False


def test_waiting_for_an_end_that_is_there_does_not_wait(here: Runtime, fake: FakeProvider) -> None:
    assert follow.wait_for_end(here.feeds, answered(here, fake, "Hi"), timeout_s=0) is True
