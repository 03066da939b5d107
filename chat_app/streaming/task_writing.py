"""The writing half of a relay: from what is pending to the journal, in batches, the log capped."""

import time
from collections.abc import Callable
from typing import TypeVar

import gevent
import structlog

from chat_app.errors import ServerBusy
from chat_app.streaming.journal import Journal, LiveRun
from chat_app.streaming.log_cap import LogCap
from chat_app.streaming.pending import Pending
from chat_app.streaming.running import Running

# A flood is journalled at this pace, and costs what it takes; what is more is a gap.
BATCH_MAX = 200
BATCH_EVERY_S = 0.05
# A stream that says nothing for so long may hide the end.
QUIET_S = 15.0

Found = TypeVar("Found")

log = structlog.get_logger()


class Writing:
    """One run's. Put into `pending` what is to be journalled."""

    def __init__(
        self, journal: Journal, running: Running, live: LiveRun, cap: LogCap, quiet_s: float
    ) -> None:
        self._journal = journal
        self._running = running
        self._live = live
        self._quiet_s = quiet_s
        self._cap = cap
        self.pending = Pending()

    def until(self, is_over: Callable[[], bool], look: Callable[[], Found | None]) -> Found | None:
        """Journal what comes until `is_over`, and then what is left; gives None.

        `look` is called when nothing came for a while: what it finds ends the waiting, too.
        """
        while not is_over():
            if self.pending.bell.wait(self._quiet_s):
                self._write()
            elif (found := look()) is not None:
                return found
        self.finish()
        return None

    def finish(self) -> None:
        """Journal what is pending."""
        while len(self.pending):
            self._write()

    def _write(self) -> None:
        began = time.monotonic()
        self._make_room()
        for event in self.pending.take(BATCH_MAX):
            self._journal.append(self._live, event)
        self._journal.flush(self._live)
        gevent.sleep(max(BATCH_EVERY_S - (time.monotonic() - began), 0))

    def _make_room(self) -> None:
        fresh = self._live.feed.after(self._cap.last_seq)
        dropped_to = self._cap.cut(fresh, *self.pending.size(BATCH_MAX))
        if dropped_to is None:
            return
        try:
            with self._running.undisturbed():
                self._journal.drop(self._live, dropped_to)
        except ServerBusy as error:  # the next cut reaches further
            log.warning("log_not_cut", error=repr(error))
