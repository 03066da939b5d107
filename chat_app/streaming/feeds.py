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
from chat_app.store.run_events import StoredEvent, events_after, events_after_each
from chat_app.store.runs import existing_runs
from chat_app.streaming.dialects import Dialect, RunRef
from chat_app.streaming.drawing import Drawing
from chat_app.streaming.events import TERMINAL_TYPES
from chat_app.streaming.replay import past

POLL_S = 0.075
WRITE_MAX_BYTES = 65_536
TICK_S = 2.5

log = structlog.get_logger()


class Feed:
    """The events of one run, numbered 1 … `len(events)`, and a bell for new ones.

    One that is retold (see `replay.py`) has other numbers than its clients may remember.
    """

    def __init__(self, run: RunRef, is_retold: bool = False) -> None:
        self.run = run
        self.is_retold = is_retold
        self.events: list[StoredEvent] = []
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
        return position <= len(self.events)

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
            if event.seq == len(self.events) + 1:
                self.events.append(event)
        self.ring()

    def ring(self) -> None:
        """Wake all who wait."""
        bell, self._bell = self._bell, Bell()
        bell.set()

    def wait(self, position: int, timeout_s: float | None = None) -> bool:
        """Wait for an event after `position`; False when the bell rang for something else.

        It rings every `TICK_S` in any case, which costs less than a timer for each wait.
        """
        bell = self._bell
        if len(self.events) > position:
            return True
        bell.wait(timeout_s)
        return len(self.events) > position

    def read(self, dialect: Dialect, position: int, until: int | None = None) -> tuple[bytes, int]:
        """Frames after `position`, joined for one write, and the position after them.

        Up to `until`, and to `WRITE_MAX_BYTES`, for a client that does not read holds on to what
        it is written.
        """
        frames = self._frames.setdefault(dialect, [])
        for event in self.events[len(frames) :]:
            frames.append(dialect(self.run, event))
        end, size = position, 0
        last = len(frames) if until is None else until
        while end < last and size < WRITE_MAX_BYTES:
            size += len(frames[end])
            end += 1
        return b"".join(frames[position:end]), end


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
            feed.publish(events_after(session, feed.run.id, len(feed.events)))

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
        feed.publish(events)
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

    def _foreign(self) -> dict[int, int]:
        return {
            run_id: len(feed.events)
            for run_id, feed in self._feeds.items()
            if not (feed.has_ended or feed.is_written_here or feed.is_deleted)
        }

    def _fetch(self, positions: dict[int, int]) -> None:
        with self._db.reading() as session:
            found = events_after_each(session, positions)
        for event in found:
            feed = self._feeds.get(event.run_id)
            if feed is not None:
                feed.publish([event])
