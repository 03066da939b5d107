"""How much of a long log is kept: its newest events. Pure."""

from collections import deque
from collections.abc import Iterable

from chat_app.store.run_events import StoredEvent

EVENTS_MAX = 10_000
CHARS_MAX = 4 * 1024 * 1024
# A log that is full is cut to this much of it, so that not every event costs a delete.
CUT_TO = 0.9


class LogCap:
    """Counts what is kept of one run's journal, and says what has to go.

    The run's first event always stays, and is not counted.
    """

    def __init__(self, events_max: int = EVENTS_MAX, chars_max: int = CHARS_MAX) -> None:
        self._events_max, self._chars_max = events_max, chars_max
        self._sizes: deque[tuple[int, int]] = deque()
        self._chars = 0
        self._last_seq = 1

    def cut(self, fresh: Iterable[StoredEvent], more_events: int, more_chars: int) -> int | None:
        """Up to which number events must be dropped where these are there and so much is to come;
        None while there is room. The newest one always stays.
        """
        for event in fresh:
            if event.seq > self._last_seq:
                self._last_seq = event.seq
                self._sizes.append((event.seq, len(event.data)))
                self._chars += len(event.data)
        events, chars = self._events_max - more_events, self._chars_max - more_chars
        if len(self._sizes) <= events and self._chars <= chars:
            return None
        return self._cut(events * CUT_TO, chars * CUT_TO)

    @property
    def last_seq(self) -> int:
        """The number of the last event that was counted."""
        return self._last_seq

    def _cut(self, events: float, chars: float) -> int | None:
        dropped_to = None
        while len(self._sizes) > 1 and (len(self._sizes) > events or self._chars > chars):
            dropped_to, size = self._sizes.popleft()
            self._chars -= size
        return dropped_to
