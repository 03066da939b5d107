"""A follower: replays what was committed, then goes on live until the run's last event.

It pulls: a reader is a position in the run's feed, so a slow one needs no queue and loses
nothing, and closing it stops nothing.
"""

import time
from collections.abc import Iterator

from chat_app.streaming import events, sse
from chat_app.streaming.dialects import Dialect, RunRef
from chat_app.streaming.feeds import Feed, Feeds


def follow(feeds: Feeds, run: RunRef, dialect: Dialect, position: int | None) -> Iterator[bytes]:
    """The stream of a run after event number `position`, as bytes for the socket.

    None, or a number that the run has not reached, is a client whose past is not known: the whole
    reply comes again, its `start` marked as a reset.
    """
    with feeds.watching(run) as feed:
        again = b""
        if position is None or position > len(feed.events):
            again, position = dialect(run, events.as_reset(feed.events[0])), 1
        frames, position = feed.read(dialect, position)
        yield sse.RETRY + again + frames
        while not _is_over(feed, position):
            if feed.wait(position, sse.HEARTBEAT_S):
                frames, position = feed.read(dialect, position)
                yield frames
            else:
                yield sse.PING


def wait_for_end(feeds: Feeds, run: RunRef, timeout_s: float | None = None) -> bool:
    """Wait until the run has ended; False when it had not in time."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with feeds.watching(run) as feed:
        while not feed.has_ended:
            left = sse.HEARTBEAT_S if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return False
            feed.wait(len(feed.events), left)
    return True


def _is_over(feed: Feed, position: int) -> bool:
    return feed.has_ended and position >= len(feed.events)
