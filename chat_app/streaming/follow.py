"""A follower: replays what was committed, then goes on live until the run's last event.

It pulls: a reader is a position in the run's feed, so a slow one needs no queue and loses
nothing, and closing it stops nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from chat_app.store.run_events import StoredEvent
from chat_app.streaming import events, sse
from chat_app.streaming.dialects import Dialect, RunRef
from chat_app.streaming.feeds import TICK_S, Feed, Feeds
from chat_app.streaming.hangup import Hangup


@dataclass(frozen=True, slots=True)
class Listener:
    """A client that listens: what it has already, the line it is on, and whether it wants the
    answer's text as blocks of HTML, too.
    """

    last_event_id: str | None
    line: Hangup
    wants_html: bool = False


def follow(feeds: Feeds, run: RunRef, dialect: Dialect, listener: Listener) -> Iterator[bytes]:
    """The stream of a run from where the listener is, as bytes for the socket.

    A cursor of another run, or past what this one has reached, is a client whose past is not
    known: the whole reply comes again, its `start` marked as a reset. Ends after the run's last
    event, when the client is gone, and without a last event when the process stops or the run
    was deleted.
    """
    line = listener.line
    position = sse.position(run.public_id, listener.last_event_id)
    with feeds.watching(run) as feed, line.watched(feed.ring):
        again = b""
        if not feed.events:
            return  # its channel was deleted a moment ago
        if position is not None and position > feed.last_seq:
            feeds.refresh(feed)  # another process may have shown more than this one has seen
        if position is None or not feed.knows(position):
            again, position = dialect(run, events.as_reset(feed.events[0])), 1
        place = (_DrawnPlace if listener.wants_html else _Place)(feed, dialect, position)
        yield sse.RETRY + again + place.read()
        sent = time.monotonic()
        while not (_is_over(feed, place.position) or feeds.is_closing or line.is_gone):
            if place.wait() and (frames := place.read()):
                yield frames
                sent = time.monotonic()
            elif time.monotonic() - sent > sse.HEARTBEAT_S - TICK_S:
                yield sse.PING
                sent = time.monotonic()


class _Place:
    """How far one client has read."""

    def __init__(self, feed: Feed, dialect: Dialect, position: int) -> None:
        self.feed = feed
        self.dialect = dialect
        self.position = position

    def wait(self) -> bool:
        """Wait for something to read; False when there is nothing yet."""
        return self.feed.wait(self.position)

    def read(self, until: int | None = None) -> bytes:
        frames, self.position = self.feed.read(self.dialect, self.position, until)
        return frames


class _DrawnPlace(_Place):
    """How far one client has read that wants HTML as well."""

    version = 0

    def wait(self) -> bool:
        drawing = self.feed.drawing
        due_s = drawing.waits_s(self.feed.after(drawing.position))
        if due_s is None:
            # Somebody else may have had it drawn.
            return drawing.version > self.version or self.feed.wait(self.position)
        self.feed.wait(self.position, due_s)
        return True

    def read(self, until: int | None = None) -> bytes:
        """All events but the last one of all, then the blocks as they are after these."""
        drawing = self.feed.drawing
        until = self.feed.last_seq - self.feed.has_ended
        frames = super().read(until)
        if self.position == until:
            fresh = self.feed.after(drawing.position)
            due_s = drawing.waits_s(fresh)
            if due_s == 0 or (due_s and self.feed.has_ended):
                drawing.draw(fresh)
            blocks, self.version = drawing.read(self.version)
            frames += blocks + super().read()
        return frames


def follow_events(feeds: Feeds, run: RunRef) -> Iterator[StoredEvent]:
    """A run's events as values, from the first to the last; fewer when the process stops."""
    with feeds.watching(run) as feed:
        position = 0
        while not (_is_over(feed, position) or feeds.is_closing):
            if feed.wait(position, sse.HEARTBEAT_S):
                for event in feed.unread(position):
                    yield event
                    position = event.seq


def wait_for_end(feeds: Feeds, run: RunRef, timeout_s: float | None = None) -> bool:
    """Wait until the run has ended; False when it had not in time, or the process stops."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with feeds.watching(run) as feed:
        while not feed.has_ended:
            left = sse.HEARTBEAT_S if deadline is None else deadline - time.monotonic()
            if left <= 0 or feeds.is_closing or feed.is_deleted:
                return False
            feed.wait(feed.last_seq, left)
    return True


def _is_over(feed: Feed, position: int) -> bool:
    return feed.is_deleted or (feed.has_ended and position >= feed.last_seq)
