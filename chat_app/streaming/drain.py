"""Stops a process in good order, inside the time that its host grants.

gunicorn's own way ends in SIGKILL: open streams and idle connections hold its worker until the
arbiter loses patience. Here streams end politely, runs finish or are given back, and the worker
leaves.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gevent
import structlog
from werkzeug.wsgi import ClosingIterator

from chat_app.streaming.channel_news import ChannelNews
from chat_app.streaming.engine import RunEngine
from chat_app.streaming.feeds import Feeds
from chat_app.streaming.keeper import Keeper

LOOK_EVERY_S = 0.1
LAST_REQUESTS_S = 3.0

log = structlog.get_logger()


class InFlight:
    """WSGI middleware that counts the requests under way, streams included."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.count = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.count += 1
        try:
            return ClosingIterator(self._app(environ, start_response), self._done)
        except BaseException:
            self._done()
            raise

    def _done(self) -> None:
        self.count -= 1


@dataclass(frozen=True, slots=True)
class Drain:
    """What must come to rest before the process may end."""

    engine: RunEngine
    keeper: Keeper
    streams: Sequence[Feeds | ChannelNews]
    in_flight: InFlight
    drain_s: float

    def begin_when(self, is_alive: Callable[[], bool]) -> Callable[[], None]:
        """Watch, in the background, for the worker being told to stop; then drain and exit.

        Gives what waits for that: a server without connections would leave before.
        """
        return gevent.spawn(self._watch, is_alive).join

    def _watch(self, is_alive: Callable[[], bool]) -> None:
        while is_alive():
            gevent.sleep(LOOK_EVERY_S)
        log.info("draining", runs=len(self.engine.running_ids), requests=self.in_flight.count)
        for streams in self.streams:
            streams.close()
        self.engine.drain(self.drain_s)
        deadline = time.monotonic() + LAST_REQUESTS_S
        while self.in_flight.count and time.monotonic() < deadline:
            gevent.sleep(LOOK_EVERY_S)
        self.keeper.stop()
        log.info("drained", runs=len(self.engine.running_ids), requests=self.in_flight.count)
        # Out of a greenlet this ends the main one, and with it the process.
        raise SystemExit(0)
