"""Runs answers: one greenlet each, that nobody's connection can stop."""

import secrets
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import gevent
import structlog

from chat_app.errors import HoldfastError, InternalError, RunCancelled, ServerBusy
from chat_app.store.base import now
from chat_app.store.db import Database, Session
from chat_app.store.messages import MessageRow, replace_answers
from chat_app.store.run_events import StoredEvent, append_events
from chat_app.store.runs import RunRow, claim, close_run, request_cancel
from chat_app.streaming import events
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.feeds import Feeds
from chat_app.streaming.follow import wait_for_end
from chat_app.streaming.journal import Journal, LeaseLost, LiveRun
from chat_app.streaming.planning import Planner
from chat_app.streaming.turn import Answer, ModelStream, Plan, take

LIVE_RUNS_MAX = 4_000
LEASE_S = 15
STOP_WAIT_S = 5.0

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Running:
    """A run's greenlet, and whether it may be interrupted at the moment."""

    greenlet: gevent.Greenlet
    is_cancelled: bool = False
    is_asking: bool = False


class RunEngine:
    """The runs of this process."""

    def __init__(
        self,
        db: Database,
        feeds: Feeds,
        journal: Journal,
        planner: Planner,
        providers: ModelStream,
    ) -> None:
        self._db = db
        self._feeds = feeds
        self._journal = journal
        self._planner = planner
        self._providers = providers
        self._running: dict[int, Running] = {}
        self._owner = f"{socket.gethostname()[:50]}:{secrets.token_hex(8)}"

    def check_room(self) -> None:
        """Raises `ServerBusy` when this process answers as many questions as it can."""
        if len(self._running) >= LIVE_RUNS_MAX:
            raise ServerBusy(retry_after=5)

    def launch(self, run: RunRef) -> None:
        """Start answering a committed run, in the background. Twice is once."""
        if run.id not in self._running:
            self._running[run.id] = Running(gevent.spawn(self._execute, run))

    def cancel(self, run: RunRef) -> None:
        """Ask for the end of a run; one of this process stops at once, what was said is kept."""
        with self._db.transaction() as session:
            request_cancel(session, run.id)
        running = self._running.get(run.id)
        if running is not None:
            running.is_cancelled = True
            gevent.get_hub().loop.run_callback(_interrupt, running)

    def stop(self, runs: Sequence[RunRef]) -> None:
        """Cancel runs and wait for their ends, up to `STOP_WAIT_S`."""
        for run in runs:
            self.cancel(run)
        for run in runs:
            wait_for_end(self._feeds, run, STOP_WAIT_S)

    def _execute(self, run: RunRef) -> None:
        try:
            with (
                structlog.contextvars.bound_contextvars(run_id=run.public_id),
                self._feeds.writing(run) as feed,
            ):
                row = self._claim(run)
                if row is not None:
                    self._answer(row, LiveRun(run.id, row.attempt, feed))
        except LeaseLost:
            log.warning("lease_lost", run_id=run.public_id)
        finally:
            del self._running[run.id]

    def _claim(self, run: RunRef) -> RunRow | None:
        with self._db.transaction() as session:
            row = session.get(RunRow, run.id)
            until = now() + timedelta(seconds=LEASE_S)
            return claim(session, run.id, row.attempt, self._owner, until) if row else None

    def _answer(self, row: RunRow, live: LiveRun) -> None:
        answer = Answer(text=[])
        error: HoldfastError | None = None
        try:
            self._ask(row, live, answer)
        except HoldfastError as failed:
            error = failed
        except gevent.GreenletExit:
            error = RunCancelled()
        except LeaseLost:
            raise
        except Exception:
            error = InternalError(incident=secrets.token_hex(6))
            log.exception("run_broke", incident=error.fields["incident"])
        self._finish(row, live, answer, error)

    def _ask(self, row: RunRow, live: LiveRun, answer: Answer) -> None:
        running = self._running[live.id]
        plan = self._plan(row)
        running.is_asking = True
        try:
            if running.is_cancelled:
                raise RunCancelled
            with closing(take(self._providers, plan, answer)) as turn:
                for event in turn:
                    self._journal.append(live, event)
        finally:
            running.is_asking = False

    def _plan(self, row: RunRow) -> Plan:
        with self._db.reading() as session:
            return self._planner.plan(session, row)

    def _finish(
        self, row: RunRow, live: LiveRun, answer: Answer, error: HoldfastError | None
    ) -> None:
        """Write down how it ended: reply, run and the last event in one transaction."""
        self._journal.flush(live)
        while True:
            try:
                with self._db.transaction() as session:
                    last = _close(session, row, live, answer, error)
                break
            except ServerBusy:
                gevent.sleep(1)
        live.feed.publish([last])
        log.info(
            "run_ended",
            status=_status(error)[0],
            error_code=error.error_code if error else None,
            cause=repr(error.__cause__) if error and error.__cause__ else None,
            chars=len(answer.body),
            **(answer.tokens or {}),
        )


def _interrupt(running: Running) -> None:
    # Runs in the hub: nothing can have moved between the check and the throw, so what is thrown
    # always hits the waiting for the model and never a transaction.
    if running.is_asking:
        running.greenlet.throw(gevent.GreenletExit)


def _close(
    session: Session,
    row: RunRow,
    live: LiveRun,
    answer: Answer,
    error: HoldfastError | None,
) -> StoredEvent:
    status, reply_status = _status(error)
    won = close_run(
        session,
        row.id,
        live.attempt,
        status=status,
        error_code=error.error_code if error else None,
        error=error.message if error else None,
        finish_reason=answer.finish_reason,
        usage=answer.tokens,
        model=answer.model or row.model,
    )
    if not won:
        raise LeaseLost
    reply = session.get_one(MessageRow, row.reply_id)
    reply.body = answer.body
    reply.status = reply_status
    reply.error_code = error.error_code if error else None
    reply.usage = answer.tokens
    reply.model = answer.model or row.model
    if row.generation > 1 and error is None:
        replace_answers(session, row.question_id, row.reply_id)
    if error is None:
        end = events.done(reply.id, answer.finish_reason or "stop", answer.tokens, reply.model)
    else:
        end = events.failure(error.as_dict(), reply.id if answer.body else None)
    last = StoredEvent(row.id, len(live.feed.events) + 1, *events.encode(end))
    append_events(session, [last])
    return last


def _status(error: HoldfastError | None) -> tuple[str, str]:
    """The run's status and its reply's, `(run, reply)`."""
    if error is None:
        return "done", "complete"
    if error.error_code in ("run_cancelled", "run_interrupted"):
        ended = error.error_code.removeprefix("run_")
        return ended, ended
    return "failed", "failed"
