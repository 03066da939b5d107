"""A run that this process works on, and when it may be interrupted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import gevent

from chat_app.errors import HoldfastError
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.opening import Opened
from chat_app.streaming.remote_plan import RemotePlan
from chat_app.streaming.turn import Plan


class Released(BaseException):
    """The process stops: the run is given back for another to go on with."""


@dataclass(frozen=True, slots=True)
class Started(Opened):
    """A run that this process holds, and what to ask or to follow, or why that cannot be."""

    plan: Plan | RemotePlan | HoldfastError


@dataclass(eq=False, slots=True)
class Running:
    """A run's greenlet. It is interrupted only while it waits for its model or its tools, never
    in a transaction.
    """

    run: RunRef
    started: Started | None
    attempt: int
    greenlet: "gevent.Greenlet[[Running], None] | None" = None
    stop_with: type[BaseException] | None = None
    is_asking: bool = False
    is_followed: bool = False  # the work is done elsewhere: to let go of it costs nothing
    goes_on: bool = False  # what it waited for was there before it was parked

    def interrupt(self, stop_with: type[BaseException]) -> None:
        """Raise `stop_with` in it as soon as that is safe. The first one counts."""
        if self.stop_with is None:
            self.stop_with = stop_with
            gevent.get_hub().loop.run_callback(_throw, self)

    def check(self) -> None:
        """Raises what the run is to be stopped with."""
        if self.stop_with is not None:
            raise self.stop_with

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Within this it may be interrupted."""
        self.is_asking = True
        try:
            self.check()
            yield
        finally:
            self.is_asking = False

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """An exception to that, for a transaction."""
        self.is_asking = False
        try:
            yield
        finally:
            self.is_asking = True
        self.check()


def _throw(running: Running) -> None:
    # Runs in the hub: nothing can have moved between the check and the throw, so what is thrown
    # always hits the waiting for model or tools and never a transaction.
    if running.is_asking and running.greenlet is not None and running.stop_with is not None:
        running.greenlet.throw(running.stop_with)
