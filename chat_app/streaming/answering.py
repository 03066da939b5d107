"""One attempt at an answer, from its claim to its end: asked, journalled, and closed, parked or
given back.
"""

import secrets
from contextlib import closing

import gevent
import structlog

from chat_app.errors import (
    HoldfastError,
    InternalError,
    ProviderTimeout,
    RunCancelled,
    RunInterrupted,
    ServerBusy,
)
from chat_app.store.db import Database
from chat_app.store.run_events import StoredEvent
from chat_app.store.runs import RunRow, release_run
from chat_app.streaming import asking, events, points
from chat_app.streaming.asking import Parked
from chat_app.streaming.ending import Ending, close
from chat_app.streaming.journal import Journal, LeaseLost, LiveRun
from chat_app.streaming.points import Reached
from chat_app.streaming.relay import Relay
from chat_app.streaming.remote_plan import RemotePlan
from chat_app.streaming.rounds import Story
from chat_app.streaming.running import Released, Running, Started
from chat_app.streaming.tooling import Tooling
from chat_app.streaming.turn import Answer, ModelStream, Plan, take

RUN_MAX_S = 1_800
ATTEMPTS_MAX = 3
# To follow a task again asks nobody anything anew: only a run that kills its process must end.
FOLLOWED_MAX = 20
RETRY_S = 1.0

log = structlog.get_logger()


class Answering:
    """How runs are answered in this process."""

    def __init__(
        self,
        db: Database,
        journal: Journal,
        providers: ModelStream,
        tooling: Tooling,
        resumes: bool,
        reached: Reached,
        relay: Relay,
    ) -> None:
        self._db = db
        self._journal = journal
        self._providers = providers
        self._tooling = tooling
        self._resumes = resumes
        self._reached = reached
        self._relay = relay

    def answer(self, running: Running, started: Started, live: LiveRun) -> None:
        """Answer a run that this process holds. Raises `LeaseLost` when it no longer does."""
        row, answer = started.row, Answer(tokens=started.row.usage)
        error: HoldfastError | None = None
        try:
            running.check()  # before anything that was said is withdrawn
            self._begin_again(started, live)
            self._ask(running, started, live, answer)
        except Released:
            self._release(live)
            return
        except Parked:
            self._park(running, live, answer)
            return
        except gevent.GreenletExit:
            error = RunCancelled()
        except HoldfastError as failed:
            error = failed
        except LeaseLost:
            raise
        except Exception:
            error = InternalError(incident=secrets.token_hex(6))
            log.exception("run_broke", incident=error.fields["incident"])
        if isinstance(error, RunCancelled) and isinstance(started.plan, RemotePlan):
            self._relay.stop(started.plan, live)
        self._finish(live, Ending(row, answer, error))

    def _begin_again(self, started: Started, live: LiveRun) -> None:
        """Withdraw what an earlier attempt left unfinished, or end here with what it left."""
        row = started.row
        if row.attempt == 1:
            return
        log.info("run_taken_over", attempt=row.attempt)
        if row.cancel_requested:
            raise RunCancelled  # what was said is kept
        # One that was given back, or waited for a person, did not lose its process.
        if row.attempt - row.released > self._attempts_max(started):
            raise RunInterrupted
        from_seq = events.unfinished_text(live.feed.events)
        if from_seq is not None:
            self._journal.append(live, events.restart(from_seq))
            self._journal.flush(live)

    def _attempts_max(self, started: Started) -> int:
        if isinstance(started.plan, RemotePlan):
            return FOLLOWED_MAX
        return ATTEMPTS_MAX if self._resumes else 1

    def _ask(self, running: Running, started: Started, live: LiveRun, answer: Answer) -> None:
        """Get the answer from where it comes from: a model, or a task on an AI server."""
        if started.row.cancel_requested:
            raise RunCancelled
        match started.plan:
            case Plan() as plan:
                self._ask_model(running, started.row, plan, live, answer)
            case RemotePlan() as plan:
                running.is_followed = True
                self._relay.follow(running, plan, live)
            case error:
                raise error

    def _ask_model(
        self, running: Running, row: RunRow, plan: Plan, live: LiveRun, answer: Answer
    ) -> None:
        story = Story.of(live.feed.events)
        with (
            running.asking(),
            gevent.Timeout(RUN_MAX_S, ProviderTimeout("The answer took too long.")),
        ):
            offer, notices = self._tooling.prepare(row, plan.offer, running.undisturbed)
            for notice in [] if story.notices else notices:  # said once, not by each attempt
                self._journal.append(live, story.see(notice))
            hands = self._tooling.hands(
                row, offer, lambda: self._journal.flush(live), running.undisturbed
            )
            plan = Plan(plan.endpoint, plan.request, offer, self._tooling.limits.rounds)
            with closing(take(self._providers, hands, plan, answer, story)) as turn:
                for event in turn:
                    self._journal.append(live, event)

    def _finish(self, live: LiveRun, ending: Ending) -> None:
        """Write down how it ended, then show it."""
        self._journal.flush(live)
        self._reached(points.FINISHING)
        try:
            last = self._close(live, ending)
        except LeaseLost:
            raise
        except Exception:
            # The ending itself cannot be stored: then one that surely can, or nobody hears of it.
            error = InternalError(incident=secrets.token_hex(6))
            log.exception("run_broke", incident=error.fields["incident"])
            last = self._close(live, Ending(ending.row, Answer(), error))
        self._reached(points.CLOSED)
        live.feed.publish([last])
        ending.log()

    def _close(self, live: LiveRun, ending: Ending) -> StoredEvent:
        while True:
            try:
                with self._db.transaction() as session:
                    last = close(session, live, ending)
                    self._reached(points.CLOSING)
                return last
            except ServerBusy:
                gevent.sleep(RETRY_S)

    def _release(self, live: LiveRun) -> None:
        self._journal.flush(live)
        with self._db.transaction() as session:
            release_run(session, live.id, live.attempt)
        log.info("run_released")

    def _park(self, running: Running, live: LiveRun, answer: Answer) -> None:
        """Put the run aside until people have answered, in the database and nowhere else."""
        self._journal.flush(live)
        self._reached(points.PARKING)
        while True:
            try:
                with self._db.transaction() as session:
                    until = asking.park(session, live, answer.tokens)
                break
            except ServerBusy:
                gevent.sleep(RETRY_S)
        running.goes_on = until is None
        log.info("run_parked")
