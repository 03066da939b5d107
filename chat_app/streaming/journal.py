"""Appends events to runs: one writer a process commits for all of them, again and again.

When idle an event is committed at once. Under load the batch grows by itself while a commit is
under way, and neighbouring text of a run becomes one event before it gets a number. Only what is
committed is shown.
"""

from dataclasses import dataclass, field

import gevent
import structlog
from gevent.event import Event as Bell

from chat_app.errors import ServerBusy
from chat_app.store.db import Database
from chat_app.store.run_events import StoredEvent, append_events, delete_events_to
from chat_app.store.runs import held_attempts
from chat_app.streaming import points
from chat_app.streaming.events import Event, fold
from chat_app.streaming.feeds import Feed
from chat_app.streaming.points import Reached, nothing

PENDING_MAX = 256
RETRY_S = 0.5
BETWEEN_COMMITS_S = 0.0025

log = structlog.get_logger()


class LeaseLost(Exception):
    """The run is somebody else's now, or has ended: nothing may be written to it any more."""


@dataclass(eq=False, slots=True)
class LiveRun:
    """A run that this process is answering: what it may write as, and what is not written yet."""

    id: int
    attempt: int
    feed: Feed
    pending: list[Event] = field(default_factory=list)
    written: Bell = field(default_factory=Bell)
    is_lost: bool = False


class Journal:
    """The only writer of events while a run is live."""

    def __init__(self, db: Database, reached: Reached = nothing) -> None:
        self._db = db
        self._reached = reached
        self._due: dict[int, LiveRun] = {}
        self._writer: gevent.Greenlet[[], None] | None = None
        self._wake = Bell()

    def append(self, run: LiveRun, event: Event) -> None:
        """Hand an event to the writer; waits only where the run is far ahead of the disk.

        Raises `LeaseLost` once it is known that the run is no longer this process's.
        """
        run.pending.append(event)
        self._notify(run)
        if len(run.pending) >= PENDING_MAX:
            self.flush(run)
        elif run.is_lost:
            raise LeaseLost

    def flush(self, run: LiveRun) -> None:
        """Wait until all events of the run are committed. Raises `LeaseLost`."""
        while run.pending and not run.is_lost:
            run.written.clear()
            self._notify(run)
            run.written.wait()
        if run.is_lost:
            raise LeaseLost

    def drop(self, run: LiveRun, to_seq: int) -> None:
        """Delete the run's events up to this one but the first, and show no more of them.

        Raises `LeaseLost`, `ServerBusy`.
        """
        with self._db.writing() as connection:
            if held_attempts(connection, [run.id]).get(run.id, (None,))[0] != run.attempt:
                raise LeaseLost
            delete_events_to(connection, run.id, to_seq)
        run.feed.drop_to(to_seq)

    def _notify(self, run: LiveRun) -> None:
        self._due[run.id] = run
        self._wake.set()
        if self._writer is None:
            self._writer = gevent.spawn(self._write_for_ever)

    def _write_for_ever(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            runs, self._due = [run for run in self._due.values() if run.pending], {}
            if not runs:
                continue
            try:
                self._write(runs)
            except Exception as error:
                self._recover(runs, error)
            # What comes in the meantime is committed together. The first event after a pause
            # does not wait.
            gevent.sleep(BETWEEN_COMMITS_S)

    def _write(self, runs: list[LiveRun]) -> None:
        """One transaction: prove that each run is still ours, number its events, write all."""
        taken = [(run, len(run.pending)) for run in runs]
        rows: dict[LiveRun, list[StoredEvent]] = {}
        with self._db.writing() as connection:
            held = held_attempts(connection, [run.id for run in runs])
            for run, count in taken:
                if held.get(run.id, (None,))[0] == run.attempt:
                    rows[run] = _numbered(run, run.pending[:count])
                else:
                    run.is_lost = True
            if written := [row for of_run in rows.values() for row in of_run]:
                append_events(connection, written)
                self._reached(points.APPENDING)
        if written:
            self._reached(points.APPENDED)
        for run, count in taken:
            del run.pending[:count]
            run.feed.publish(rows.get(run, ()))
            run.written.set()

    def _recover(self, runs: list[LiveRun], error: Exception) -> None:
        """After a failed commit: wait for the database, or find the one run that is at fault."""
        log.warning("journal_write_failed", error=repr(error), runs=len(runs))
        if isinstance(error, ServerBusy):
            gevent.sleep(RETRY_S)
            for run in runs:
                self._notify(run)
        elif len(runs) > 1:
            for run in runs:
                try:
                    self._write([run])
                except Exception as own:
                    self._recover([run], own)
        else:
            runs[0].is_lost = True
            runs[0].written.set()


def _numbered(run: LiveRun, events: list[Event]) -> list[StoredEvent]:
    first = run.feed.last_seq + 1
    return [
        StoredEvent(run.id, seq, event.type, event.data)
        for seq, event in enumerate(fold(events), first)
    ]
