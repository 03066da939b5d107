"""Watches a run of an AI server over HTTP to its end, through cuts, and judges what was seen."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from chat_app.cli.advice import ADVICE, BUFFERED, Trouble, unreachable
from chat_app.cli.distant import SILENCE_S, Installation
from chat_app.remote.values import Sent

BACKOFF_S, BACKOFF_MAX_S = 0.5, 10.0
SILENT = (
    "it has to send `event: log` on GET /tasks/<id>/stream;"
    " docs/api.md and examples/ai_server.py show how."
)


@dataclass
class Tally:
    """What the events of a run told so far. Pure."""

    counts: Counter[str] = field(default_factory=Counter)
    cursor: str = ""
    cuts: int = 0
    refusal: str | None = None  # an `error` of Holdfast's own: no use in coming back

    def add(self, sent: Sent) -> None:
        self.counts[sent.event] += 1
        self.cursor = sent.id or self.cursor
        self.refusal = self.refusal or _refusal(sent)

    @property
    def events(self) -> int:
        return self.counts.total()

    @property
    def has_ended(self) -> bool:
        return bool(self.counts["status"])

    @property
    def sentence(self) -> str:
        kinds = ", ".join(f"{number} {kind}" for kind, number in self.counts.most_common())
        return f"{_count(self.events, 'event')}: {kinds or 'none'}; {_count(self.cuts, 'cut')}."


@dataclass
class Watching:
    """One person before one run. `tell_event` and `tell_cut` are called as things happen."""

    installation: Installation
    project_id: int
    run_id: str
    timeout_s: float
    tell_event: Callable[[Sent], None]
    tell_cut: Callable[[str], None]
    tally: Tally = field(default_factory=Tally)
    has_heard: bool = False  # anything at all, a sign of life included

    def watch(self) -> None:
        """Until the run's last event; comes back after every cut. Raises Trouble."""
        deadline = time.monotonic() + self.timeout_s
        waits = _waits()
        while True:
            before = self.tally.events
            reason = self._read(deadline)
            if self.tally.has_ended or self.tally.refusal:
                return
            self.tally.cuts += 1
            self.tell_cut(reason)
            if self.tally.events > before:
                waits = _waits()
            self._wait(next(waits), deadline)

    def _read(self, deadline: float) -> str:
        """One connection to its end; why it ended."""
        silence_s = min(SILENCE_S, self._left(deadline))
        try:
            stream = self.installation.stream(
                self.project_id, self.run_id, self.tally.cursor, silence_s
            )
            with stream as pieces:
                for events in pieces:
                    self.has_heard = True
                    for sent in events:
                        self.tally.add(sent)
                        self.tell_event(sent)
                    if self.tally.has_ended:
                        break
                    self._left(deadline)
        except httpx2.HTTPError as error:
            self._left(deadline)
            if not self.has_heard:
                raise self._never_heard(error) from error
            return unreachable(self.installation.url, error).problem
        except Trouble as trouble:
            if not (trouble.may_pass and self.has_heard):
                raise
            return trouble.problem
        return "The stream ended before the run did."

    def _wait(self, pause_s: float, deadline: float) -> None:
        time.sleep(min(pause_s, self._left(deadline)))

    def _left(self, deadline: float) -> float:
        """Seconds; raises Trouble when there are none."""
        if (left := deadline - time.monotonic()) > 0:
            return left
        problem = f"The run has not ended within {self.timeout_s:g} s."
        if not self.has_heard:
            raise Trouble(problem, BUFFERED)
        advice = f"It goes on: watch it with --run {self.run_id}, and give it a longer --timeout."
        if not self.tally.events:
            problem = f"Not one event of the run came within {self.timeout_s:g} s."
            advice += f" If nothing comes even then, the AI server is silent: {SILENT}"
        raise Trouble(problem, advice)

    def _never_heard(self, error: httpx2.HTTPError) -> Trouble:
        if isinstance(error, httpx2.ReadTimeout):
            return Trouble("The stream was asked for, and not one byte of it came.", BUFFERED)
        return unreachable(self.installation.url, error)


def verdict(tally: Tally, run: dict[str, Any]) -> Trouble | None:
    """What is wrong with a run that was watched, None where nothing is. `run` is as the API
    shows it.
    """
    status = run["status"]
    if status in ("FAILED", "STOPPED"):
        why = f": {run['error']}" if run.get("error") else "."
        advice = ADVICE.get(run.get("error_code") or "", ADVICE["task_failed"])
        return Trouble(f"The run ended {status}{why}", advice)
    if not tally.has_ended or status != "DONE":
        reason = tally.refusal or "The stream ended without its last event, `status`"
        return Trouble(f"{reason}; the run is {status}.", BUFFERED)
    if not tally.counts["log"]:
        return Trouble(
            "Not one `log` event came.",
            f"The AI server did its task and said nothing: {SILENT}",
        )
    return None


def _refusal(sent: Sent) -> str | None:
    """What an `error` of Holdfast's own says after which there is no use in coming back."""
    if sent.event != "error" or sent.id:
        return None
    try:
        error = orjson.loads(sent.data)
        return None if error["retryable"] else f"{error['error_code']}: {error['error']}"
    except (ValueError, KeyError, TypeError):
        return None


def _waits() -> Iterator[float]:
    pause_s = BACKOFF_S
    while True:
        yield pause_s * random.uniform(0.5, 1.0)  # noqa: S311
        pause_s = min(pause_s * 2, BACKOFF_MAX_S)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
