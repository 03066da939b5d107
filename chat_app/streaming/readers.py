"""One reader of several runs: a position in the feed of each."""

from contextlib import ExitStack
from dataclasses import dataclass

from gevent.event import Event as Bell

from chat_app.streaming import events, sse
from chat_app.streaming.dialects import Dialect, RunRef
from chat_app.streaming.feeds import Feed, Feeds


@dataclass(slots=True)
class _Place:
    feed: Feed
    position: int
    again: bytes
    held: ExitStack

    @property
    def has_news(self) -> bool:
        return bool(self.again) or self.feed.last_seq > self.position

    @property
    def is_over(self) -> bool:
        return self.feed.is_deleted or (self.feed.has_ended and not self.has_news)


class Readers:
    """The runs that one client follows. It pulls, as `follow` does; a run is let go at its end."""

    def __init__(self, feeds: Feeds, dialect: Dialect) -> None:
        self._feeds = feeds
        self._dialect = dialect
        self._places: dict[int, _Place] = {}

    def add(self, run: RunRef, last_event_id: str | None = None) -> None:
        """Follow a run, too, from its beginning or after this event; again is fine.

        A cursor that is not of this run, or past what it has reached: the whole reply comes
        again, its `start` marked as a reset.
        """
        if run.id in self._places:
            return
        with ExitStack() as stack:
            feed = stack.enter_context(self._feeds.watching(run))
            if not feed.events:
                return  # its channel is being deleted
            position, again = sse.position(run.public_id, last_event_id), b""
            if position is not None and position > feed.last_seq:
                self._feeds.refresh(feed)  # another process may have shown more
            if position is None or not feed.knows(position):
                position, again = 1, self._dialect(run, events.as_reset(feed.events[0]))
            self._places[run.id] = _Place(feed, position, again, stack.pop_all())

    @property
    def has_news(self) -> bool:
        return any(place.has_news for place in self._places.values())

    @property
    def replies(self) -> set[str]:
        """The public ids of the messages that these runs write."""
        return {place.feed.run.reply for place in self._places.values()}

    @property
    def bells(self) -> list[Bell]:
        """What rings at the next event of each run."""
        return [place.feed.bell for place in self._places.values()]

    def pull(self) -> bytes:
        """All frames that are new, joined for one write."""
        pulled = []
        for run_id, place in list(self._places.items()):
            frames, place.position = place.feed.read(self._dialect, place.position)
            pulled += [place.again, frames]
            place.again = b""
            if place.is_over:
                del self._places[run_id]
                place.held.close()
        return b"".join(pulled)

    def close(self) -> None:
        """Let go of all runs. None of them is stopped by that."""
        for place in self._places.values():
            place.held.close()
        self._places.clear()
