"""Reads one remote task's stream to its end, through every cut, in a greenlet of its own.

What arrives goes to `Pending`; reading never waits for the journal. How the task ended is never
guessed from the stream: the AI server is asked.
"""

import random
import time
from dataclasses import dataclass

import gevent

from chat_app.errors import AIServerUnavailable, TaskFailed
from chat_app.remote.client import AiServers
from chat_app.remote.position import Gap, Rejoining, Reopen
from chat_app.remote.values import Address, Cut, Sent, Task
from chat_app.streaming.pending import Pending

# So long an AI server may be away in the midst of a task, and go on telling of one that is over.
AI_SERVER_LOST_S = 300.0
# How often within that time it is asked about a task of which it goes on telling.
LOOKS = 5
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.1, 10.0
# How often in a row the rest of a log is asked for in vain once the task is over.
TAIL_TRIES = 4
# A stream may say `status` as often as it likes; the AI server is not asked more often than this.
STATUS_EVERY_S = 1.0
# After so much others have their turn, for as long as this took: a flood gets half of the time.
BREATH_EVENTS, BREATH_CHARS = 400, 64 * 1024
PAUSE_MAX_S = 0.1


class _Reopened(Exception):
    """Something was skipped on the way: once more, from where we are."""


@dataclass(slots=True)
class Breath:
    """When a reader lets others have their turn. `began` and `now` are seconds of the processor's
    time: to wait for the AI server takes none, but what others worked meanwhile counts, too.
    """

    began: float
    events: int = 0
    chars: int = 0

    def pause_s(self, chars: int, now: float) -> float | None:
        """For how long to pause after an event of so many characters; None for not at all."""
        self.events += 1
        self.chars += chars
        if self.events < BREATH_EVENTS and self.chars < BREATH_CHARS:
            return None
        self.events, self.chars = 0, 0
        return min(now - self.began, PAUSE_MAX_S)


class Upstream:
    """The stream of one task. `heard_at` is when the AI server last gave a sign of life."""

    def __init__(
        self,
        servers: AiServers,
        address: Address,
        task_id: str,
        rejoining: Rejoining,
        pending: Pending,
        lost_s: float = AI_SERVER_LOST_S,
    ) -> None:
        self._servers = servers
        self._address = address
        self._task_id = task_id
        self._rejoining = rejoining
        self._pending = pending
        self._lost_s = lost_s
        self._backoff_s = BACKOFF_FIRST_S
        self._asked_at = time.monotonic() - STATUS_EVERY_S  # the first `status` is asked about
        self._over_at: float | None = None  # when the task was first seen to be over
        self._said_status = False  # with the newest event of the newest stream
        self.heard_at = time.monotonic()

    def follow(self) -> Task:
        """Read until the task is over; gives it as it ended.

        Raises `TaskFailed` when the AI server no longer knows it, `AIServerUnavailable` when it
        was away for too long.
        """
        tail_tries = 0
        while True:
            was_over, count = self._over_at is not None, self._rejoining.position.count
            has_ended = self._read()
            task = self.ask()
            while task is None and has_ended and self._said_status:
                # All is read: reading it again would not tell how the task ended, either.
                self._pause()
                task = self.ask()
            if task is not None and task.status != "RUNNING":
                # A stream that ended before the task did may not have said all, unless it says so.
                if has_ended and (was_over or self._said_status) and self._has_all():
                    return task
                is_in_vain = was_over and self._rejoining.position.count == count
                tail_tries = tail_tries + 1 if is_in_vain else 0
                if tail_tries == TAIL_TRIES or self._is_too_late():
                    self.give_up()
                    return task
                if not was_over:  # it answers, and there is little left to ask for
                    self._backoff_s = BACKOFF_FIRST_S
            self._pause()

    def ask(self) -> Task | None:
        """The task as the AI server tells it now; None while it does not answer. Raises as
        `follow`.
        """
        self._asked_at = time.monotonic()
        try:
            task = self._servers.task(self._address, self._task_id)
        except AIServerUnavailable:
            if time.monotonic() - self.heard_at > self._lost_s:
                raise
            return None
        self.heard_at = time.monotonic()
        if task is None:
            raise TaskFailed("The AI server does not know this task any more.")
        if self._over_at is None and task.status != "RUNNING":
            self._over_at = self.heard_at
        return task

    def is_over(self) -> Task | None:
        """The task, once it is over. Raises as `follow`."""
        task = self.ask()
        return task if task is not None and task.status != "RUNNING" else None

    def give_up(self) -> None:
        """Say that there may be more to the log than could be had."""
        self._pending.put(Gap("cut", self._rejoining.position))

    def _read(self) -> bool:
        """Read one connection's stream; whether it came to its end.

        One that HTTP does not show counts with a `status`, or once it brought nothing new.
        """
        self._rejoining.opened()
        self._said_status = False
        count = self._rejoining.position.count
        ask_from = self._rejoining.ask_from
        try:
            with self._servers.stream(self._address, self._task_id, ask_from) as stream:
                breath = Breath(time.thread_time())
                for sent in stream:
                    self.heard_at = time.monotonic()
                    if self._take(sent):
                        return True
                    pause_s = breath.pause_s(len(sent.data), time.thread_time())
                    if pause_s is not None:
                        gevent.sleep(pause_s)
                        breath.began = time.thread_time()
                is_surely = stream.shows_its_end or self._said_status
                return is_surely or self._rejoining.position.count == count
        except _Reopened:
            return False
        except Cut:
            return False

    def _has_all(self) -> bool:
        """Whether the stream that has just ended said all there was, or told of the gap."""
        for found in self._rejoining.ended():
            if isinstance(found, Reopen):
                return False
            self._pending.put(found)
        return True

    def _take(self, sent: Sent) -> bool:
        """Pass on what is new; whether that was the end of the task."""
        self._said_status = sent.event == "status"
        for found in self._rejoining.take(sent):
            if isinstance(found, Reopen):
                raise _Reopened
            self._pending.put(found)
            self._backoff_s = BACKOFF_FIRST_S
        if self._is_too_late() and not self._said_status:
            raise Cut("The task has long been over.")
        every_s = STATUS_EVERY_S if self._said_status else self._lost_s / LOOKS
        if time.monotonic() - self._asked_at < every_s:
            return False
        return self.is_over() is not None and self._said_status

    def _is_too_late(self) -> bool:
        """Whether the task was over so long ago that there should be no more to tell of it."""
        return self._over_at is not None and time.monotonic() - self._over_at > self._lost_s

    def _pause(self) -> None:
        gevent.sleep(self._backoff_s * random.uniform(0.5, 1.0))  # noqa: S311
        self._backoff_s = min(self._backoff_s * 2, BACKOFF_MAX_S)
