"""Uses the tools of one run: asks people where that is wanted, runs calls side by side."""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import gevent
import structlog
from gevent.queue import SimpleQueue

from chat_app.errors import (
    HoldfastError,
    ToolDenied,
    ToolFailed,
    ToolLimitReached,
    ToolUnavailable,
)
from chat_app.streaming import call_events, events, points
from chat_app.streaming.asking import HELD, Asking, Decision, Parked, answers_of, as_mcp
from chat_app.streaming.events import Event
from chat_app.streaming.points import Reached
from chat_app.streaming.rounds import Call
from chat_app.toolbox.offer import OfferedTool
from chat_app.toolbox.signed import Caller
from chat_app.tools.values import (
    CallResult,
    InputAnswers,
    InputRequest,
    InputRequired,
    Progress,
    ServerSpec,
    ToolLimits,
)

HOLD_S = 600.0
HOLD_POLL_S = 0.5
STOP_WAIT_S = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A call that is to be made now; `answers` continue one that waited for a form."""

    call: Call
    tool: OfferedTool
    answers: InputAnswers | None = None


@dataclass(slots=True)
class ToolHands:
    """The tools of one run. `flush` waits until all events so far are committed, and within
    `undisturbed` the run is not interrupted, as its database must not be.
    """

    caller: Caller
    tools: dict[str, OfferedTool]
    limits: ToolLimits
    asking: Asking
    channel_id: int
    flush: Callable[[], None]
    undisturbed: Callable[[], AbstractContextManager[None]]
    report: Callable[[ServerSpec, str], None]
    reached: Reached
    _begun: set[str] = field(default_factory=set)
    _away: set[int] = field(default_factory=set)
    _spent_s: float = 0.0

    @property
    def is_spent(self) -> bool:
        return self._spent_s >= self.limits.run_s

    def begin(self, calls: Sequence[tuple[Call, HoldfastError | None]]) -> Generator[Event]:
        """Approvals that are needed, calls that need none, and the results of the impossible."""
        possible = [call for call, refusal in calls if refusal is None]
        to_ask = [call for call in possible if self.tools[call.tool].policy == "ask"]
        if to_ask:
            with self.undisturbed():
                expires_at = self.asking.open([(c, self.tools[c.tool].id) for c in to_ask])
            for call in to_ask:
                yield call_events.approval(call, expires_at)
        for call, _ in calls:
            if call not in to_ask:
                self._begun.add(call.id)
                yield call_events.started(call)
        for call, refusal in calls:
            if refusal is not None:
                yield call_events.failed(call, refusal)

    def work(self, calls: Sequence[Call]) -> Generator[Event]:
        """Run what may run; raises `Parked` when the rest waits for people."""
        decisions = self._decisions(calls)
        jobs: list[Job] = []
        for call in calls:
            yield from self._sort(call, decisions, jobs)
        if jobs:
            self.flush()  # on disk before anything is done: what is not, was not begun
            self.reached(points.CALLING)
            yield from self._run_all(jobs)
            self.flush()  # the model hears of no result that could still be lost
        if any(call.result is None for call in calls):
            raise Parked

    def _decisions(self, calls: Sequence[Call]) -> dict[tuple[str, int], Decision]:
        if not any(call.asks for call in calls):
            return {}
        with self.undisturbed():
            return self.asking.decisions()

    def _sort(
        self, call: Call, decisions: dict[tuple[str, int], Decision], jobs: list[Job]
    ) -> Iterator[Event]:
        """Make a job of a call that may run now, or give the result of one that may not."""
        tool = self.tools.get(call.tool)
        if _is_cut(call, self._begun, decisions):
            if tool is not None and tool.is_repeatable:
                jobs.append(Job(call, tool))
            else:
                yield call_events.unknown(call)
        elif tool is None:
            away = ToolUnavailable(f"The tool “{call.tool}” is not there any more.")
            yield from self._refused(call, away)
        elif call.awaits_form:
            if (answers := answers_of(call, decisions)) is not None:
                yield events.tool_progress(call.id, 0, None, "The form was answered.")
                jobs.append(Job(call, tool, answers))
        elif call.is_started:
            jobs.append(Job(call, tool))
        elif (decision := decisions.get((call.id, call.asks - 1))) is not None:
            yield from self._decided(call, tool, decision, jobs)

    def _decided(
        self, call: Call, tool: OfferedTool, decision: Decision, jobs: list[Job]
    ) -> Iterator[Event]:
        if decision.is_expired:
            yield from self._refused(call, ToolDenied("Nobody allowed this call in time."))
        elif decision.approved is False:
            yield from self._refused(call, ToolDenied("A person refused this call."))
        elif decision.approved and tool.policy == "never":
            never = ToolDenied(f"The tool “{tool.name}” is not allowed here.")
            yield from self._refused(call, never)
        elif decision.approved:
            self._begun.add(call.id)
            yield call_events.started(call)
            jobs.append(Job(call, tool))

    def _refused(self, call: Call, error: HoldfastError) -> Iterator[Event]:
        if not call.is_started:
            yield call_events.started(call)
        yield call_events.failed(call, error)

    def _run_all(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """The events of all jobs as they come. Closed early, it stops those under way."""
        news: SimpleQueue[Event | None] = SimpleQueue()
        began = time.monotonic()
        workers = [gevent.spawn(self._run, job, news) for job in jobs]
        left = len(jobs)
        try:
            while left:
                event = news.get()
                if event is None:
                    left -= 1
                else:
                    yield event
        finally:
            self._spent_s += time.monotonic() - began
            gevent.killall(workers, timeout=STOP_WAIT_S)

    def _run(self, job: Job, news: "SimpleQueue[Event | None]") -> None:
        began = time.monotonic()
        try:
            for event in self._outcome(job, news):
                self.reached(points.CALLED)
                if event.type == "tool_result" and event.fields is not None:
                    event.fields["duration_ms"] = round((time.monotonic() - began) * 1000)
                news.put(event)
        finally:
            news.put(None)

    def _outcome(self, job: Job, news: "SimpleQueue[Event | None]") -> Iterator[Event]:
        call = job.call
        try:
            result = self._call(job, news)
        except ToolUnavailable as error:
            yield from self._unavailable(job, error)
        except HoldfastError as error:
            yield call_events.failed(call, error, _is_unknown(job, error))
        except Exception as error:
            log.exception("tool_call_broke", tool=job.tool.tool, server=job.tool.server.name)
            yield call_events.failed(call, ToolFailed(f"The tool failed: {type(error).__name__}."))
        else:
            if isinstance(result, InputRequired):
                expires_at = self.asking.open_form(call, result)
                for request in result.requests:
                    yield call_events.approval(call, expires_at, request)
            else:
                yield call_events.result(call, call_events.told(result))

    def _call(self, job: Job, news: "SimpleQueue[Event | None]") -> CallResult | InputRequired:
        left_s = self.limits.run_s - self._spent_s
        if left_s <= 0:
            raise ToolLimitReached(f"All tools of an answer have {self.limits.run_s:g} s.")

        def on_progress(progress: Progress) -> None:
            told = (progress.progress, progress.total, progress.message)
            news.put(events.tool_progress(job.call.id, *told))

        def on_input(request: InputRequest) -> dict[str, Any]:
            return self._hold(job.call, request, news)

        return self.caller.call(
            job.tool.server,
            job.tool.tool,
            job.call.args,
            timeout_s=min(self.limits.call_s, left_s),
            on_progress=on_progress,
            answers=job.answers,
            on_input=on_input,
            repeatable=job.tool.is_repeatable,
            channel_id=self.channel_id,
        )

    def _unavailable(self, job: Job, error: ToolUnavailable) -> Iterator[Event]:
        server = job.tool.server
        if not error.fields.get("may_have_run") and not server.session:
            self.report(server, error.message)
        if server.id not in self._away:
            self._away.add(server.id)
            yield events.notice(error.message, error.error_code)
        yield call_events.failed(job.call, error, _is_unknown(job, error))

    def _hold(
        self, call: Call, request: InputRequest, news: "SimpleQueue[Event | None]"
    ) -> dict[str, Any]:
        """Wait for a form that an older server wants in the middle of a call. It cannot be
        parked: the server remembers it for no longer than its connection.
        """
        ask = call.asks
        held = replace(request, key=HELD)
        expires_at = self.asking.open_form(call, InputRequired((held,), None))
        news.put(call_events.approval(call, expires_at, request))
        began = time.monotonic()
        try:
            while time.monotonic() - began < HOLD_S:
                gevent.sleep(HOLD_POLL_S)
                decision = self.asking.decisions().get((call.id, ask))
                if decision is not None and decision.approved is not None:
                    news.put(events.tool_progress(call.id, 0, None, "The form was answered."))
                    return as_mcp(decision)
            return {"action": "cancel"}
        finally:
            self._spent_s -= time.monotonic() - began  # people's time is not the tools'


def _is_cut(call: Call, begun: Collection[str], decisions: dict[tuple[str, int], Decision]) -> bool:
    """Whether another process had begun it, which died in the midst of it."""
    if not call.is_started or call.id in begun:
        return False
    if not call.awaits_form:
        return True
    last = decisions.get((call.id, call.asks - 1))
    return last is None or last.key == HELD


def _is_unknown(job: Job, error: HoldfastError) -> bool:
    return bool(error.fields.get("may_have_run")) and not job.tool.is_repeatable
