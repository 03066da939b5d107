"""Keeps the runs of this process its own, and takes over what dead processes left.

Started with the process; three clocks in one greenlet: cancel requests from other processes,
leases, abandoned runs.
"""

import os
import random
import time
from collections.abc import Callable
from datetime import timedelta

import gevent
import structlog

from chat_app.errors import HoldfastError
from chat_app.store.base import now
from chat_app.store.db import Database
from chat_app.store.runs import (
    RunRow,
    abandoned_runs,
    cancelled_runs,
    renew_leases,
    runs_owned_on,
)
from chat_app.streaming import opening
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.engine import LEASE_S, RunEngine, host

CANCEL_POLL_S = 0.2
RENEW_EVERY_S = 5.0
QUEUE_PATIENCE_S = 5.0
TAKEOVER_MAX = 100

log = structlog.get_logger()


class Keeper:
    """The greenlet that keeps leases."""

    def __init__(self, db: Database, engine: RunEngine) -> None:
        self._db = db
        self._engine = engine
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin; again is fine. At once it takes over what this host's dead processes left."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._keep)

    def stop(self) -> None:
        """Stop keeping, as the process ends."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _keep(self) -> None:
        self._guarded(self._take_over_from_the_dead)
        self._guarded(self._take_over_abandoned)
        next_renewal = time.monotonic() + random.uniform(0, RENEW_EVERY_S)  # noqa: S311
        while True:
            gevent.sleep(CANCEL_POLL_S)
            self._guarded(self._pass_on_cancels)
            if time.monotonic() >= next_renewal:
                next_renewal = time.monotonic() + RENEW_EVERY_S
                self._guarded(self._renew)
                self._guarded(self._take_over_abandoned)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            log.warning("keeper_step_failed", step=step.__name__, error=repr(error))

    def _pass_on_cancels(self) -> None:
        if self._engine.running_ids:
            with self._db.reading() as session:
                found = cancelled_runs(session, self._engine.owner)
            for run_id in found:
                self._engine.interrupt(run_id)

    def _renew(self) -> None:
        if self._engine.running_ids:
            with self._db.transaction() as session:
                renew_leases(session, self._engine.owner, now() + timedelta(seconds=LEASE_S))

    def _take_over_abandoned(self) -> None:
        since = now() - timedelta(seconds=QUEUE_PATIENCE_S)
        with self._db.reading() as session:
            found = abandoned_runs(session, since, TAKEOVER_MAX)
            left = [(opening.ref(session, run), run.attempt) for run in found]
        self._launch(left)

    def _take_over_from_the_dead(self) -> None:
        with self._db.reading() as session:
            found = [run for run in runs_owned_on(session, host() + ":") if _is_dead(run)]
            left = [(opening.ref(session, run), run.attempt) for run in found]
        self._launch(left)

    def _launch(self, left: list[tuple[RunRef, int]]) -> None:
        for run, attempt in left:
            try:
                self._engine.check_room()
            except HoldfastError:
                return
            self._engine.launch(run, attempt)


def _is_dead(run: RunRow) -> bool:
    """Whether the process that owns the run is gone from this host."""
    pid = (run.owner or "").split(":")[1]
    if not pid.isdigit() or int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
