"""Tells who has a channel open that something changed in it.

The changes are rows in the database. One query a process asks for the last numbers of all
channels that somebody here has open; who follows one then reads what is new.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import gevent
import structlog
from gevent.event import Event as Bell

from chat_app.store.channel_events import last_seqs
from chat_app.store.db import Database

POLL_S = 0.075

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Watch:
    """A channel that is open here: the number of its last change, and a bell for the next."""

    last_seq: int
    users: int = 0
    _bell: Bell = field(default_factory=Bell)

    @property
    def bell(self) -> Bell:
        """What rings at the next change, for who waits for other things as well."""
        return self._bell

    def advance(self, last_seq: int) -> None:
        self.last_seq = max(last_seq, self.last_seq)
        self.ring()

    def ring(self) -> None:
        """Wake all who wait."""
        bell, self._bell = self._bell, Bell()
        bell.set()

    def wait(self, position: int, timeout_s: float) -> bool:
        """Wait for a change after `position`; False when none came in time."""
        bell = self._bell
        if self.last_seq <= position:
            bell.wait(timeout_s)
        return self.last_seq > position


class ChannelNews:
    """The channels that are open in this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._watches: dict[int, Watch] = {}
        self._poller: gevent.Greenlet[[], None] | None = None
        self.is_closing = False

    def close(self) -> None:
        """The process stops: let all followers go."""
        self.is_closing = True
        for watch in self._watches.values():
            watch.ring()

    @contextmanager
    def watching(self, channel_id: int, last_seq: int) -> Iterator[Watch]:
        """The watch over a channel whose last change was `last_seq` a moment ago."""
        watch = self._watches.setdefault(channel_id, Watch(last_seq))
        watch.users += 1
        if self._poller is None:
            self._poller = gevent.spawn(self._poll)
        try:
            yield watch
        finally:
            watch.users -= 1
            if watch.users == 0:
                self._watches.pop(channel_id, None)

    def ring(self, channel_id: int) -> None:
        """Wake all who have this channel open, for something that is no change of it."""
        if watch := self._watches.get(channel_id):
            watch.ring()

    def _poll(self) -> None:
        while self._watches:
            try:
                self._look()
            except Exception as error:
                log.warning("channel_poll_failed", error=repr(error))
            gevent.sleep(POLL_S)
        self._poller = None

    def _look(self) -> None:
        with self._db.reading() as session:
            found = last_seqs(session, list(self._watches))
        for channel_id, last_seq in found.items():
            watch = self._watches.get(channel_id)
            if watch is not None and last_seq > watch.last_seq:
                watch.advance(last_seq)
