"""Keeps the runs of this process its own, and takes over what dead processes left.

Started with the process; three clocks in one greenlet: cancel requests from other processes,
leases, abandoned runs.
"""

import os
import random
import time
from collections.abc import Callable, Collection
from pathlib import Path

import gevent
import structlog

from chat_app.errors import HoldfastError
from chat_app.store.db import Database
from chat_app.store.runs import (
    abandoned_runs,
    cancelled_runs,
    renew_leases,
    running_owners,
    runs_owned_by,
)
from chat_app.streaming import opening
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.engine import RunEngine, host
from chat_app.streaming.journal import LeaseLost
from chat_app.streaming.lease import USUAL, Lease

CANCEL_POLL_S = 0.2
TAKEOVER_MAX = 100

log = structlog.get_logger()


class Keeper:
    """The greenlet that keeps leases."""

    def __init__(self, db: Database, engine: RunEngine, lease: Lease = USUAL) -> None:
        self._db = db
        self._engine = engine
        self._lease = lease
        self._greenlet: gevent.Greenlet[[], None] | None = None
        self._seen_alive: set[str] = set()

    def start(self) -> None:
        """Begin; again is fine. At once it takes over what this host's dead processes left."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._keep)

    def stop(self) -> None:
        """Stop keeping, as the process ends."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)  # it may be waiting for a database that is gone

    def _keep(self) -> None:
        self._guarded(self._take_over_from_earlier)
        self._guarded(self._take_over_abandoned)
        # Spread out, so that processes started together do not renew together.
        next_renewal = time.monotonic() + random.uniform(0, self._lease.renew_every_s)  # noqa: S311
        next_look = time.monotonic() + self._lease.look_every_s
        while True:
            gevent.sleep(CANCEL_POLL_S)
            self._guarded(self._pass_on_cancels)
            if time.monotonic() >= next_renewal:
                next_renewal = time.monotonic() + self._lease.renew_every_s
                self._guarded(self._renew)
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + self._lease.look_every_s
                self._guarded(self._take_over_from_siblings)
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
        running, asking = self._engine.running_ids, self._engine.asking_ids
        if running:
            with self._db.transaction() as session:
                held = renew_leases(session, self._engine.owner, running, self._lease.until())
            for run_id in asking - held:
                # Who follows it here goes on with its new owner's events.
                self._engine.interrupt(run_id, LeaseLost)

    def _take_over_abandoned(self) -> None:
        with self._db.reading() as session:
            found = abandoned_runs(session, self._lease.queued_before(), TAKEOVER_MAX)
            left = [(opening.ref(session, run), run.attempt) for run in found]
        self._launch(left)

    def _take_over_from_earlier(self) -> None:
        """At the start: from all that bear this host's name and do not live."""
        self._take_over_from([owner for owner in self._neighbours() if not _lives(owner)])

    def _take_over_from_siblings(self) -> None:
        """Later on only from those that were seen alive: two containers may share a host's name,
        and neither sees the other's processes.
        """
        owners = self._neighbours()
        alive = {owner for owner in owners if _lives(owner)}
        self._take_over_from(self._seen_alive.intersection(owners) - alive)
        self._seen_alive = alive

    def _neighbours(self) -> list[str]:
        with self._db.reading() as session:
            owners = running_owners(session, host() + ":")
        return [owner for owner in owners if owner != self._engine.owner]

    def _take_over_from(self, owners: Collection[str]) -> None:
        if owners:
            with self._db.reading() as session:
                found = runs_owned_by(session, owners)
                left = [(opening.ref(session, run), run.attempt) for run in found]
            self._launch(left)

    def _launch(self, left: list[tuple[RunRef, int]]) -> None:
        for run, attempt in left:
            try:
                self._engine.check_room()
            except HoldfastError:
                return
            self._engine.take_over(run, attempt)


def _lives(owner: str) -> bool:
    """Whether another process of this host, by its name on leases, is still there."""
    pid = int(owner.split(":")[1])
    if pid == os.getpid():
        return False  # the number was used before us
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Killed, and not yet buried by its parent, which may never do it (a container's first)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"
