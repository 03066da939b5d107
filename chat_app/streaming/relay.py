"""One attempt at a remote run: begins its task or finds it again, and journals what it does.

Two greenlets: `Upstream` reads, and the run's own writes, so that neither waits for the other.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TypeAlias

import gevent

from chat_app.errors import (
    AIServerUnavailable,
    HoldfastError,
    RunCancelled,
    RunInterrupted,
    ServerBusy,
    TaskFailed,
)
from chat_app.remote.client import AiServers
from chat_app.remote.position import RECENT_EVENTS_MAX, Rejoining
from chat_app.remote.values import Task
from chat_app.store.base import now
from chat_app.store.db import Database, Session
from chat_app.store.remote_tasks import RemoteTaskRow, known_task_ids
from chat_app.streaming import events, points, task_events
from chat_app.streaming.events import Event
from chat_app.streaming.journal import Journal, LiveRun
from chat_app.streaming.log_cap import LogCap
from chat_app.streaming.pending import Pending
from chat_app.streaming.points import Reached
from chat_app.streaming.remote_plan import RemotePlan
from chat_app.streaming.running import Running
from chat_app.streaming.task_writing import QUIET_S, Writing
from chat_app.streaming.upstream import AI_SERVER_LOST_S, Upstream

STOP_MAX_S = 3.0
# So long after it was asked an AI server may list a task that it had not listed yet.
BEGINS_WITHIN = timedelta(seconds=3)
TEXT_MAX_CHARS = 256_000
RETRY_S = 1.0

Reader: TypeAlias = "gevent.Greenlet[[Upstream], Task | HoldfastError]"


class Relay:
    """How remote runs are followed in this process."""

    def __init__(
        self,
        db: Database,
        journal: Journal,
        servers: AiServers,
        reached: Reached,
        lost_s: float = AI_SERVER_LOST_S,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._db = db
        self._journal = journal
        self._servers = servers
        self._reached = reached
        self._lost_s = lost_s
        self._quiet_s = quiet_s

    def follow(self, running: Running, plan: RemotePlan, live: LiveRun) -> None:
        """Follow the run's task to its end; its result is the text of the answer.

        Raises `AIServerUnavailable`, `TaskFailed`, `RunInterrupted` where nobody knows whether the
        task began, and `RunCancelled` where it was stopped over there.
        """
        with running.asking():
            task_id = plan.task_id or self._begin(running, plan, live)
            self._told(live, task_id)
            task = self._relayed(running, plan, task_id, live)
        if task.result:
            self._journal.append(live, Event("chunk", _storable(task.result)))
        if task.status == "STOPPED":
            raise RunCancelled("The task was stopped on the AI server.")
        if task.status == "FAILED":
            raise TaskFailed(_storable(task.why) if task.why else None)

    def stop(self, plan: RemotePlan, live: LiveRun) -> None:
        """Tell the AI server to stop the run's task, if it began; a notice where that fails."""
        try:
            with gevent.Timeout(STOP_MAX_S, AIServerUnavailable("The AI server does not answer.")):
                if (task_id := self._begun(plan, live)) is not None:
                    self._servers.stop(plan.address, task_id)
        except AIServerUnavailable as error:
            found = AIServerUnavailable(f"{error.message} The task may go on there.")
            self._journal.append(live, events.notice(found.message, found.error_code))

    def _begun(self, plan: RemotePlan, live: LiveRun) -> str | None:
        with self._db.reading() as session:
            task = session.get_one(RemoteTaskRow, live.id)
        if task.task_id is None and task.asked_at is not None:
            return self._adopted(plan)[0]
        return task.task_id

    def _begin(self, running: Running, plan: RemotePlan, live: LiveRun) -> str:
        """Have the task begun, or find the one that an earlier attempt began; gives its id."""
        found = self._found(plan, plan.asked_at) if plan.asked_at else None
        # Nothing may break in between the asking and the writing down: a task that nobody knows
        # of would run on without us.
        with running.undisturbed():
            if found is None:
                self._servers.health(plan.address)
                self._write(live, _asked)
                self._reached(points.ASKING)
                found = self._run(plan)
                self._reached(points.ASKED)
            self._write(live, lambda task: _known(task, found))
        return found

    def _found(self, plan: RemotePlan, asked_at: datetime) -> str | None:
        """The task that an earlier attempt began; None where it surely began none."""
        began = time.monotonic()
        while True:
            with self._away_since(began):
                task_id, is_sure = self._adopted(plan)
                if task_id is not None:
                    return task_id
                if not is_sure:
                    raise RunInterrupted(
                        "The server was interrupted while the task began. The AI server does not "
                        "tell threads apart, so nobody knows whether it did."
                    )
                if now() - asked_at > BEGINS_WITHIN:
                    return None
            gevent.sleep(RETRY_S)

    @contextmanager
    def _away_since(self, began: float) -> Iterator[None]:
        """That the AI server does not answer is forgiven for a while."""
        try:
            yield
        except AIServerUnavailable:
            if time.monotonic() - began > self._lost_s:
                raise

    def _run(self, plan: RemotePlan) -> str:
        try:
            return self._servers.run(plan.address, plan.spec, plan.thread_id)
        except AIServerUnavailable as error:
            if error.fields.pop("may_have_run", False):
                # The answer may have been lost, and not the question.
                with suppress(AIServerUnavailable):
                    if (task_id := self._adopted(plan)[0]) is not None:
                        return task_id
            raise error

    def _adopted(self, plan: RemotePlan) -> tuple[str | None, bool]:
        """The AI server's task in our thread that no run of ours is known to follow, and whether
        there can be no other.
        """
        told = self._servers.tasks(plan.address)
        with self._db.reading() as session:
            known = known_task_ids(session, plan.thread_id)
        ours = [
            task
            for task in told
            if task.thread_id == plan.thread_id
            and task.id not in known
            and task.spec in (None, plan.spec)
        ]
        # Rather one that runs than one that is over.
        ours.sort(key=lambda task: task.status == "RUNNING")
        is_sure = all(task.thread_id is not None for task in told)
        return (ours[-1].id if ours else None), is_sure

    def _write(self, live: LiveRun, change: Callable[[RemoteTaskRow], None]) -> None:
        while True:
            try:
                with self._db.transaction() as session:
                    change(_task_row(session, live))
                return
            except ServerBusy:
                gevent.sleep(RETRY_S)

    def _told(self, live: LiveRun, task_id: str) -> None:
        """Say that the task has begun, unless an earlier attempt did."""
        said = live.feed.dropped_to or any(event.type == "task" for event in live.feed.events)
        if not said:
            self._journal.append(live, task_events.task(task_id))
            self._journal.flush(live)

    def _relayed(self, running: Running, plan: RemotePlan, task_id: str, live: LiveRun) -> Task:
        """The task as it ended, once all that could be had of its log is journalled."""
        known = task_events.positions(live.feed.events[-RECENT_EVENTS_MAX:])
        rejoining = Rejoining(known[-1] if known else None, known[:-1])
        writing = Writing(self._journal, running, live, LogCap(), self._quiet_s)
        upstream = Upstream(
            self._servers, plan.address, task_id, rejoining, writing.pending, self._lost_s
        )
        over, is_in_vain = None, False
        # A stream that says nothing more and does not end is read anew, until that brings nothing.
        while over is None or not is_in_vain:
            was_over, count = over is not None, rejoining.position.count
            with _reading(upstream, writing.pending) as reader:
                over = writing.until(reader.ready, upstream.is_over)
            if over is None:
                return _outcome(reader)
            is_in_vain = was_over and rejoining.position.count == count
        upstream.give_up()
        writing.finish()
        return over


@contextmanager
def _reading(upstream: Upstream, pending: Pending) -> Iterator[Reader]:
    """The greenlet that reads; it rings when it ends, and is gone when the block is left."""
    reader: Reader = gevent.Greenlet(_read, upstream)
    reader.link(lambda _: pending.bell.set())
    reader.start()
    try:
        yield reader
    finally:
        reader.kill()


def _read(upstream: Upstream) -> Task | HoldfastError:
    try:
        return upstream.follow()
    except HoldfastError as error:
        return error


def _outcome(reader: Reader) -> Task:
    outcome = reader.get()
    if isinstance(outcome, HoldfastError):
        raise outcome
    return outcome


def _task_row(session: Session, live: LiveRun) -> RemoteTaskRow:
    return session.get_one(RemoteTaskRow, live.id)


def _asked(task: RemoteTaskRow) -> None:
    task.asked_at = now()


def _known(task: RemoteTaskRow, task_id: str) -> None:
    task.task_id = task_id


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot store, and no longer than a message should be."""
    text = text.replace("\0", "")
    return text if len(text) <= TEXT_MAX_CHARS else f"{text[:TEXT_MAX_CHARS]} …"
