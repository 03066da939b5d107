"""Sees to the projects that are to become ready, and to the AI servers that we started.

Started with the process. Of all processes one holds a project at a time, by a lease in the
database as runs have it; an AI server lives on when its supervisor dies, and the next one adopts
it. What is to be ended (its project is stopped, changed or deleted) is ended by any process of
its host.
"""

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping

import gevent
import structlog
from gevent.event import Event

from chat_app.errors import AIServerUnavailable, ServerBusy
from chat_app.provisioning.backends import AsProcess, Backend
from chat_app.provisioning.holding import Held
from chat_app.provisioning.patience import Patience, is_over
from chat_app.remote import children
from chat_app.store.ai_servers import hosts_of_ai_servers
from chat_app.store.db import Database
from chat_app.store.projects import PROVISIONING, ProjectRow
from chat_app.store.supervision import (
    claim_project,
    held_project,
    renew_projects,
    wanted_projects,
)

STARTING_LOOK_S = 0.2

log = structlog.get_logger()


class Supervisor:
    """The greenlets that do it: one that looks, one that ends, one for each project held."""

    def __init__(
        self,
        db: Database,
        backends: Mapping[str, Backend],
        processes: AsProcess,
        patience: Patience,
    ) -> None:
        self._db, self._backends, self._processes = db, backends, processes
        self._here, self._patience = processes.here, patience
        self._owner = ""
        self._bell = Event()
        self._held: dict[int, gevent.Greenlet[[int], None]] = {}
        self._greenlets: list[gevent.Greenlet[[], None]] = []

    def start(self) -> None:
        """Begin; again is fine."""
        if not self._greenlets:
            self._owner = f"{self._here}:{os.getpid()}:{secrets.token_hex(8)}"
            self._greenlets = [gevent.spawn(self._look_for_ever), gevent.spawn(self._end_for_ever)]

    def stop(self) -> None:
        """Stop looking, as the process ends; the AI servers live on for the next one."""
        gevent.killall([*self._greenlets, *self._held.values()], block=False)

    def ring(self) -> None:
        """Look now: something was changed here."""
        self._bell.set()

    def _look_for_ever(self) -> None:
        # Spread out, so that processes started together do not renew together.
        renewed_s = time.monotonic() - random.uniform(0, self._patience.renew_every_s)  # noqa: S311
        while True:
            self._bell.clear()
            self._guarded(self._take_what_is_free)
            if time.monotonic() - renewed_s >= self._patience.renew_every_s:
                renewed_s = time.monotonic()
                self._guarded(self._renew)
            self._bell.wait(self._patience.look_every_s)

    def _end_for_ever(self) -> None:
        while True:
            self._guarded(self._processes.end_left)
            gevent.sleep(self._patience.look_every_s)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            log.warning("supervisor_step_failed", step=step.__name__, error=repr(error))

    def _take_what_is_free(self) -> None:
        with self._db.reading() as session:
            found = wanted_projects(session)
            hosts = hosts_of_ai_servers(session) if found else {}
        for project in found:
            if project.id not in self._held and self._is_free(project, hosts.get(project.id)):
                self._take(project)

    def _is_free(self, project: ProjectRow, host: str | None) -> bool:
        supervisor, until = project.supervisor, project.supervised_until
        if supervisor is None or until is None or supervisor == self._owner:
            return True
        if _is_gone(supervisor, self._here):
            return True
        is_elsewhere = host is not None and host != self._here
        return is_over(until, self._patience.other_hosts_s if is_elsewhere else 0)

    def _take(self, project: ProjectRow) -> None:
        with self._db.transaction() as session:
            won = claim_project(session, project, self._owner, self._patience.until())
        if won:
            self._held[project.id] = gevent.spawn(self._hold, project.id)

    def _renew(self) -> None:
        mine = list(self._held)
        if mine:
            with self._db.transaction() as session:
                held = renew_projects(session, self._owner, mine, self._patience.until())
            for project_id in set(mine) - held:
                if (greenlet := self._held.get(project_id)) is not None:
                    greenlet.kill(block=False)

    def _hold(self, project_id: int) -> None:
        """Until it is not ours any more, or nobody has to see to it."""
        try:
            while (project := self._read(project_id)) is not None:
                self._tend(project)
                is_starting = project.status == PROVISIONING
                gevent.sleep(STARTING_LOOK_S if is_starting else self._patience.look_every_s)
        except ServerBusy as error:
            log.warning("supervisor_step_failed", step="hold", error=repr(error))
        finally:
            del self._held[project_id]  # still ours by its lease, it is taken up again

    def _read(self, project_id: int) -> ProjectRow | None:
        with self._db.reading() as session:
            return held_project(session, project_id, self._owner)

    def _tend(self, project: ProjectRow) -> None:
        held = Held(self._db, self._patience, self._owner, project)
        try:
            self._backends[project.backend].tend(held)
        except ServerBusy:
            raise
        except Exception:
            # Whatever it was, it must not leave the project between two states for ever.
            log.exception("project_not_tended", project=project.public_id)
            held.failed(AIServerUnavailable("Something went wrong in Holdfast; its log says what."))


def _is_gone(supervisor: str, here: str) -> bool:
    """Whether that was a process of this host, and is dead."""
    host, pid, _ = supervisor.split(":")
    if host != here:
        return False
    return int(pid) == os.getpid() or children.started(int(pid)) is None  # a number used anew
