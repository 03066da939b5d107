"""What an AI server sent and the journal does not have yet: bounded, the newest kept. Pure, but
for the bell.
"""

from collections import deque
from itertools import islice

from gevent.event import Event as Bell

from chat_app.remote.position import Gap, New, Position
from chat_app.streaming import task_events
from chat_app.streaming.events import Event

# As many as are kept: a log that comes in one piece loses nothing.
EVENTS_MAX = 10_000
CHARS_MAX = 2 * 1024 * 1024


class Pending:
    """Put in by who reads the AI server's stream, taken out by who journals.

    What comes faster than it is journalled pushes out the oldest, and the gap is told: reading
    must not wait, or the AI server would.
    """

    def __init__(self, events_max: int = EVENTS_MAX, chars_max: int = CHARS_MAX) -> None:
        self._events_max, self._chars_max = events_max, chars_max
        self._found: deque[New | Gap] = deque()
        self._chars = 0
        self._lost = 0
        self._lost_at: Position | None = None
        self.bell = Bell()

    def __len__(self) -> int:
        return len(self._found)

    def put(self, found: New | Gap) -> None:
        self._found.append(found)
        self._chars += _chars(found)
        while len(self._found) > self._events_max or (
            self._chars > self._chars_max and len(self._found) > 1
        ):
            oldest = self._found.popleft()
            self._chars -= _chars(oldest)
            self._lost += 1
            self._lost_at = oldest.at
        self.bell.set()

    def size(self, most: int) -> tuple[int, int]:
        """How many events `take` would give, and their characters."""
        fits = list(islice(self._found, most))
        return len(fits), sum(_chars(found) for found in fits)

    def take(self, most: int) -> list[Event]:
        """Up to so many of the oldest, and before them the gap where some were pushed out."""
        taken = []
        if self._lost_at is not None:
            taken.append(task_events.gap("flood", self._lost_at, events=self._lost))
            self._lost, self._lost_at = 0, None
        while self._found and len(taken) < most:
            found = self._found.popleft()
            self._chars -= _chars(found)
            taken.append(task_events.of(found))
        if not self._found:
            self.bell.clear()
        return taken


def _chars(found: New | Gap) -> int:
    return len(found.sent.data) if isinstance(found, New) else 0
