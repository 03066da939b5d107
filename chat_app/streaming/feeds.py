"""The committed events of the runs that somebody here writes or watches.

A feed is one run's shared list: each event is encoded once per dialect, however many watch, and
a reader is only a position in it. A run that another process writes is polled for, all of them
in one query.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import gevent
import structlog
from gevent.event import Event as Bell

from chat_app.errors import ServerBusy
from chat_app.store.db import Database
from chat_app.store.run_events import (
    StoredEvent,
    events_after,
    events_after_each,
    first_kept_seqs,
)
from chat_app.store.runs import existing_runs
from chat_app.streaming import task_events
from chat_app.streaming.dialects import Dialect, RunRef
from chat_app.streaming.drawing import Drawing
from chat_app.streaming.events import TERMINAL_TYPES
from chat_app.streaming.log_cap import EVENTS_MAX
from chat_app.streaming.replay import past

POLL_S = 0.075
WRITE_MAX_BYTES = 65_536
TICK_S = 2.5

log = structlog.get_logger()


class Feed:
    """The events of one run, numbered 1 … `last_seq`, and a bell for new ones.

    Of a long log (see `log_cap.py`) only the newest are kept: those numbered 2 … `dropped_to` are
    gone, and no others. One that is retold (see `replay.py`) has other numbers than its clients
    may remember.
    """

    def __init__(self, run: RunRef, is_retold: bool = False) -> None:
        self.run = run
        self.is_retold = is_retold
        self.events: list[StoredEvent] = []
        self.dropped_to = 0
        self.drawing = Drawing()
        self.users = 0
        self.is_written_here = False
        self.is_deleted = False
        self._frames: dict[Dialect, list[bytes]] = {}
        self._bell = Bell()

    def knows(self, position: int | None) -> bool:
        """Whether a client can go on from this position."""
        if position is None or (self.is_retold and position > 0):
            return False
        return position <= self.last_seq

    @property
    def last_seq(self) -> int:
        return max(self.events[-1].seq, self.dropped_to) if self.events else 0

    def after(self, position: int) -> list[StoredEvent]:
        """The events after this one, as far as they are kept."""
        return self.events[self._place(position) :]

    def lost(self, position: int) -> StoredEvent | None:
        """What tells a reader who stands at `position` that what came next is not kept."""
        if position >= self.dropped_to:
            return None
        return task_events.dropped(self.run.id, max(position, 1) + 1, self.dropped_to)

    def unread(self, position: int) -> list[StoredEvent]:
        """As `after`, with what tells of those that are not kept in their place."""
        fresh, lost = self.after(position), self.lost(position)
        return sorted([*fresh, lost], key=lambda event: event.seq) if lost else fresh

    @property
    def has_ended(self) -> bool:
        return bool(self.events) and self.events[-1].type in TERMINAL_TYPES

    @property
    def bell(self) -> Bell:
        """What rings at the next event, for who waits for several feeds."""
        return self._bell

    def publish(self, events: Sequence[StoredEvent]) -> None:
        """Show committed events to all who watch. Those that are here already are skipped, and so
        are those that would leave a gap: the next look at the journal brings them in order.
        """
        for event in events:
            self._add(event)
        self.ring()

    def catch_up(self, read: Sequence[StoredEvent]) -> None:
        """As `publish`, with all that the journal had after some number that is here: what is
        missing in it was dropped.
        """
        for event in read:
            if self.events and event.seq > self.last_seq + 1:
                self.drop_to(event.seq - 1)
            self._add(event)
        self.ring()

    def drop_to(self, seq: int) -> None:
        """Keep no event with a number up to this one but the first."""
        gone = self._place(seq) - 1
        if seq > max(self.dropped_to, 1):
            del self.events[1 : 1 + gone]
            for frames in self._frames.values():
                del frames[1 : 1 + gone]
            self.dropped_to = seq

    def _add(self, event: StoredEvent) -> None:
        if event.seq == self.last_seq + 1:
            self.events.append(event)

    def _place(self, position: int) -> int:
        """How many of the events that are here have numbers up to `position`."""
        if position <= self.dropped_to:
            return min(position, 1)
        return position - max(self.dropped_to - 1, 0)

    def ring(self) -> None:
        """Wake all who wait."""
        bell, self._bell = self._bell, Bell()
        bell.set()

    def wait(self, position: int, timeout_s: float | None = None) -> bool:
        """Wait for an event after `position`; False when the bell rang for something else.

        It rings every `TICK_S` in any case, which costs less than a timer for each wait.
        """
        bell = self._bell
        if self.last_seq > position:
            return True
        bell.wait(timeout_s)
        return self.last_seq > position

    def read(self, dialect: Dialect, position: int, until: int | None = None) -> tuple[bytes, int]:
        """Frames after `position`, joined for one write, and the position after them.

        Up to `until`, and to `WRITE_MAX_BYTES`, for a client that does not read holds on to what
        it is written.
        """
        frames = self._frames.setdefault(dialect, [])
        for event in self.events[len(frames) :]:
            frames.append(dialect(self.run, event))
        begin, first = self._place(position), b""
        if lost := self.lost(position):
            first = b"".join(frames[begin:1]) + dialect(self.run, lost)
            begin, position = 1, lost.seq
        end, size = begin, 0
        last = len(frames) if until is None else self._place(until)
        while end < last and size < WRITE_MAX_BYTES:
            size += len(frames[end])
            end += 1
        position = self.events[end - 1].seq if end > begin else position
        return first + b"".join(frames[begin:end]), position


class Feeds:
    """The feeds in use in this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._feeds: dict[int, Feed] = {}
        self._poller: gevent.Greenlet[[], None] | None = None
        self._ticker: gevent.Greenlet[[], None] | None = None
        self.is_closing = False

    def close(self) -> None:
        """The process stops: let all followers go. Their clients come back elsewhere."""
        self.is_closing = True
        for feed in self._feeds.values():
            feed.ring()

    def begin(self, run: RunRef, first: StoredEvent) -> None:
        """Have the feed of a new run, which has but this event, without reading it."""
        self._feeds.setdefault(run.id, Feed(run)).publish([first])

    @contextmanager
    def writing(self, run: RunRef) -> Iterator[Feed]:
        """The feed of a run that this process answers."""
        with self._using(run) as feed:
            feed.is_written_here = True
            try:
                yield feed
            finally:
                feed.is_written_here = False
                self._poll_if_foreign(feed)

    @contextmanager
    def watching(self, run: RunRef) -> Iterator[Feed]:
        """The feed of a run, with all that was committed so far."""
        with self._using(run) as feed:
            self._poll_if_foreign(feed)
            yield feed

    def refresh(self, feed: Feed) -> None:
        """Bring a feed up to all that is committed by now. Raises `ServerBusy`."""
        with self._db.reading() as session:
            feed.catch_up(events_after(session, feed.run.id, feed.last_seq))

    @contextmanager
    def _using(self, run: RunRef) -> Iterator[Feed]:
        feed = self._feeds.get(run.id) or self._load(run)
        feed.users += 1
        if self._ticker is None:
            self._ticker = gevent.spawn(self._tick)
        try:
            yield feed
        finally:
            feed.users -= 1
            if feed.users == 0:
                self._feeds.pop(run.id, None)

    def _load(self, run: RunRef) -> Feed:
        with self._db.reading() as session:
            events, is_retold = past(session, run.id)
        # Another greenlet may have loaded the same feed while the query waited: theirs counts.
        feed = self._feeds.setdefault(run.id, Feed(run, is_retold=is_retold))
        feed.catch_up(events)
        return feed

    def _poll_if_foreign(self, feed: Feed) -> None:
        if self._poller is None and not feed.is_written_here and not feed.has_ended:
            self._poller = gevent.spawn(self._poll)

    def _poll(self) -> None:
        while foreign := self._foreign():
            try:
                self._fetch(foreign)
            except Exception:
                log.exception("feed_poll_failed")
            gevent.sleep(POLL_S)
        self._poller = None

    def _tick(self) -> None:
        while self._feeds:
            gevent.sleep(TICK_S)
            self._look_for_deleted()
            self._look_for_dropped()
            for feed in self._feeds.values():
                feed.ring()
        self._ticker = None

    def _look_for_deleted(self) -> None:
        """A channel may be deleted with its runs before their ends were seen here."""
        if foreign := self._foreign():
            try:
                with self._db.reading() as session:
                    existing = existing_runs(session, foreign)
            except ServerBusy as error:
                log.warning("feed_look_failed", error=repr(error))
                return
            for run_id in foreign.keys() - existing:
                if feed := self._feeds.get(run_id):
                    feed.is_deleted = True

    def _look_for_dropped(self) -> None:
        """Who writes a long log elsewhere keeps but its end: here it must not grow for ever."""
        long = [run_id for run_id in self._foreign() if self._is_long(run_id)]
        if long:
            try:
                with self._db.reading() as session:
                    found = first_kept_seqs(session, long)
            except ServerBusy as error:
                log.warning("feed_look_failed", error=repr(error))
                return
            for run_id, seq in found.items():
                if feed := self._feeds.get(run_id):
                    feed.drop_to(min(seq - 1, feed.last_seq))

    def _is_long(self, run_id: int) -> bool:
        feed = self._feeds.get(run_id)
        return feed is not None and len(feed.events) > EVENTS_MAX

    def _foreign(self) -> dict[int, int]:
        return {
            run_id: feed.last_seq
            for run_id, feed in self._feeds.items()
            if not (feed.has_ended or feed.is_written_here or feed.is_deleted)
        }

    def _fetch(self, positions: dict[int, int]) -> None:
        with self._db.reading() as session:
            found = events_after_each(session, positions)
        for event in found:
            feed = self._feeds.get(event.run_id)
            if feed is not None:
                feed.catch_up([event])
