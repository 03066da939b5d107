"""Deletes what is no longer needed: journals of ended runs, changes of channels, dead tokens and
invitations, files that were never sent, who was here, and what the audit log kept for long enough.

Any process may do it, and several at once do no harm: each step is one short transaction that
deletes only what is still there.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import gevent
import structlog

from chat_app.store.attachments import delete_unsent_before
from chat_app.store.audit import delete_events_before
from chat_app.store.base import now
from chat_app.store.channel_events import delete_changes_before
from chat_app.store.db import Database, Session
from chat_app.store.invitations import delete_invitations_before
from chat_app.store.presence import delete_lapsed
from chat_app.store.run_events import delete_journals_before, delete_logs_before
from chat_app.store.tokens import delete_expired

EVERY_S = 600.0
# On SQLite nobody else in the process does anything while rows are deleted: about 1 ms a run.
AT_A_TIME = 20
PAUSE_S = 0.05
AUDIT_KEPT = timedelta(days=180)
# So long one can still see how an invitation ended.
INVITATIONS_KEPT = timedelta(days=30)
UNSENT_FILES_KEPT = timedelta(days=1)

Delete = Callable[[Session, datetime, int], int]

log = structlog.get_logger()


class Housekeeper:
    """The greenlet that cleans up. `keep_hours` is how long an ended run can be replayed whole,
    `logs_keep_days` how long one of an AI server can, whose journal is all there is of its log.
    """

    def __init__(self, db: Database, keep_hours: int, logs_keep_days: int = 30) -> None:
        self._db = db
        self._keep = timedelta(hours=keep_hours)
        self._keep_logs = timedelta(days=logs_keep_days)
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._clean_for_ever)

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def clean(self, time: datetime) -> int:
        """Delete what is too old at this time; gives the number of runs whose journal went."""
        before = time - self._keep
        runs = self._delete_all(delete_journals_before, before)
        runs += self._delete_all(delete_logs_before, time - self._keep_logs)
        self._delete_all(delete_changes_before, before)
        self._delete_all(delete_events_before, time - AUDIT_KEPT)
        self._delete_all(delete_invitations_before, time - INVITATIONS_KEPT)
        self._delete_all(delete_unsent_before, time - UNSENT_FILES_KEPT)
        with self._db.transaction() as session:
            delete_expired(session)
            delete_lapsed(session, time)
        return runs

    def _delete_all(self, delete: Delete, before: datetime) -> int:
        total = 0
        while True:
            with self._db.transaction() as session:
                deleted = delete(session, before, AT_A_TIME)
            total += deleted
            if deleted < AT_A_TIME:
                return total
            gevent.sleep(PAUSE_S)

    def _clean_for_ever(self) -> None:
        while True:
            # Spread out, so that processes started together do not clean together.
            gevent.sleep(EVERY_S * random.uniform(0.5, 1.5))  # noqa: S311
            try:
                runs = self.clean(now())
            except Exception as error:
                log.warning("cleaning_failed", error=repr(error))
            else:
                log.info("cleaned", runs=runs)
