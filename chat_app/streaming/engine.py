"""Runs answers: one greenlet each, that nobody's connection can stop.

Who answers a run holds its lease (`keeper.py`), and every write proves it (`journal.py`): a
process that was thought dead and wakes up can write nothing.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterable, Sequence

import gevent
import structlog

from chat_app.errors import HoldfastError, ServerBusy
from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Database, Session
from chat_app.store.messages import MessageRow
from chat_app.store.projects import ProjectRow, lock_project
from chat_app.store.run_events import events_after
from chat_app.store.runs import RunRow, claim, request_cancel
from chat_app.streaming import opening, points, remote_plan
from chat_app.streaming.answering import Answering
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.feeds import Feed, Feeds
from chat_app.streaming.follow import wait_for_end
from chat_app.streaming.journal import Journal, LeaseLost, LiveRun
from chat_app.streaming.lease import USUAL, Lease
from chat_app.streaming.opening import Holder, Opened, Said, Speaker
from chat_app.streaming.planning import Planner
from chat_app.streaming.points import Reached, nothing
from chat_app.streaming.relay import Relay
from chat_app.streaming.remote_plan import RemotePlan
from chat_app.streaming.running import Released, Running, Started
from chat_app.streaming.tooling import Tooling
from chat_app.streaming.turn import ModelStream, Plan

LIVE_RUNS_MAX = 4_000
STOP_WAIT_S = 5.0
RELEASE_ROUND_S = 0.2
RETRY_S = 1.0

log = structlog.get_logger()


class RunEngine:
    """The runs of this process."""

    def __init__(
        self,
        db: Database,
        feeds: Feeds,
        journal: Journal,
        planner: Planner,
        providers: ModelStream,
        tooling: Tooling,
        relay: Relay,
        resumes: bool = True,
        lease: Lease = USUAL,
        reached: Reached = nothing,
    ) -> None:
        self._db = db
        self._feeds = feeds
        self._planner = planner
        self._answering = Answering(db, journal, providers, tooling, resumes, reached, relay)
        self._lease = lease
        self._reached = reached
        self._running: dict[int, Running] = {}
        self._is_draining = False
        self._owner = ""
        self._owner_pid = 0

    @property
    def owner(self) -> str:
        """This process's name on leases: `host:pid:chance`. A forked child has its own."""
        if self._owner_pid != os.getpid():
            self._owner_pid = os.getpid()
            self._owner = f"{host()}:{self._owner_pid}:{secrets.token_hex(8)}"
        return self._owner

    def check_room(self) -> None:
        """Raises `ServerBusy` when this process answers as many questions as it can."""
        if len(self._running) >= LIVE_RUNS_MAX:
            raise ServerBusy(retry_after=5)

    @property
    def running_ids(self) -> list[int]:
        return list(self._running)

    @property
    def asking_ids(self) -> set[int]:
        """The runs that wait for their model: those that may be interrupted."""
        return {run_id for run_id, running in self._running.items() if running.is_asking}

    def ask(self, session: Session, channel: ChannelRow, said: Said, agent: AgentRow) -> Started:
        """Store what a person said and the run that answers it, for `launch` once committed."""
        opened = opening.ask(session, channel, said, self._speaker(session, agent), self._holder())
        return self._started(session, opened)

    def ask_again(
        self,
        session: Session,
        channel: ChannelRow,
        question: MessageRow,
        user_id: int,
        agent: AgentRow,
        generation: int = 1,
    ) -> Started:
        """Open a run for a stored question, for `launch` once committed; `user_id` wants it."""
        asked = (question, user_id, self._speaker(session, agent), generation)
        opened = opening.ask_again(session, channel, *asked, self._holder())
        return self._started(session, opened)

    def ask_elsewhere(
        self, session: Session, channel: ChannelRow, said: Said, project: ProjectRow
    ) -> Started:
        """As `ask`, for what a task on the project's AI server is to answer.

        Raises `ProjectNotReady`, too.
        """
        opened = opening.ask(session, channel, said, Speaker.of_project(project), self._holder())
        remote_plan.open_task(session, opened.row, project.id, channel.public_id, said.body)
        return self._started(session, opened)

    def _holder(self) -> Holder | None:
        return None if self._is_draining else Holder(self.owner, self._lease.until())

    def _started(self, session: Session, opened: Opened) -> Started:
        return Started(opened.row, opened.run, opened.first, self._plan(session, opened.row))

    def launch(self, started: Started) -> None:
        """Answer a run that was opened here and is committed, in the background.

        A process that is stopping left it in the queue, from where another one takes it.
        """
        self._reached(points.LAUNCH)
        if started.row.status == "running":
            self._feeds.begin(started.run, started.first)
            self._spawn(Running(started.run, started, attempt=1))

    def take_over(self, run: RunRef, attempt: int) -> None:
        """Go on with a run that nobody answers, in the background. Twice is once.

        `attempt` is how often it was begun before, as the caller saw it: should another process
        have begun it meanwhile, this one leaves it alone.
        """
        if run.id not in self._running and not self._is_draining:
            self._spawn(Running(run, None, attempt))

    def _spawn(self, running: Running) -> None:
        self._running[running.run.id] = running
        running.greenlet = gevent.spawn(self._execute, running)

    def cancel(self, run: RunRef) -> None:
        """Ask for the end of a run, whichever process it is in; what was said is kept."""
        with self._db.transaction() as session:
            attempt = request_cancel(session, run.id)
        self.interrupt(run.id)
        if attempt is not None:
            self.take_over(run, attempt)

    def interrupt(self, run_id: int, stop_with: type[BaseException] = gevent.GreenletExit) -> None:
        """Stop a run of this process at once; one that is not here is left alone."""
        if (running := self._running.get(run_id)) is not None:
            running.interrupt(stop_with)

    def stop(self, runs: Sequence[RunRef]) -> None:
        """Cancel runs and wait for their ends, up to `STOP_WAIT_S`."""
        for run in runs:
            self.cancel(run)
        for run in runs:
            wait_for_end(self._feeds, run, STOP_WAIT_S)

    def leave_to_others(self) -> None:
        """Take nothing new: what is opened or goes on from here waits for another process."""
        self._is_draining = True

    def drain(self, seconds: float) -> None:
        """Take nothing new, let answers finish for so long, then give back what is left."""
        self.leave_to_others()
        self._wait_for([one for one in self._running.values() if not one.is_followed], seconds)
        deadline = time.monotonic() + STOP_WAIT_S
        while self._running and time.monotonic() < deadline:
            for run_id in self.running_ids:
                self.interrupt(run_id, Released)
            # A last request may have opened another one.
            self._wait_for(self._running.values(), RELEASE_ROUND_S)

    def _wait_for(self, runs: Iterable[Running], seconds: float) -> None:
        greenlets = [running.greenlet for running in runs if running.greenlet]
        gevent.joinall(greenlets, timeout=seconds)

    def _execute(self, running: Running) -> None:
        run, started = running.run, None
        try:
            with (
                structlog.contextvars.bound_contextvars(run_id=run.public_id),
                self._feeds.writing(run) as feed,
            ):
                started = running.started or self._claim(running, feed)
                if started is not None:
                    self._reached(points.CLAIMED)
                    live = LiveRun(run.id, started.row.attempt, feed)
                    self._answering.answer(running, started, live)
        except LeaseLost:
            log.warning("lease_lost", run_id=run.public_id)
        finally:
            del self._running[run.id]
        if running.goes_on and started is not None:
            self.take_over(run, started.row.attempt)

    def _claim(self, running: Running, feed: Feed) -> Started | None:
        run, owner = running.run, self.owner
        while True:
            try:
                with self._db.transaction() as session:
                    row = claim(session, run.id, running.attempt, owner, self._lease.until())
                    if row is None:
                        return None
                    # From here on nobody else can write. What was written since the feed was
                    # read must be in it, for it gives our events their numbers.
                    feed.catch_up(events_after(session, run.id, feed.last_seq))
                    return Started(row, run, feed.events[0], self._plan(session, row))
            except ServerBusy:
                gevent.sleep(RETRY_S)

    def _speaker(self, session: Session, agent: AgentRow) -> Speaker:
        if agent.project_id is not None:
            # The project before its channel, as everybody: two who wait for each other end badly.
            lock_project(session, agent.project_id)
        return Speaker.of(agent)

    def _plan(self, session: Session, row: RunRow) -> Plan | RemotePlan | HoldfastError:
        try:
            return self._planner.plan(session, row)
        except HoldfastError as error:
            return error


def host() -> str:
    """The name of this machine, as it stands before the first colon of an owner."""
    return socket.gethostname()[:50].replace(":", "-")
