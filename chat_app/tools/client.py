"""The tool servers, as greenlets see them. Nothing of MCP or asyncio is in this process."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from gevent.lock import RLock

from chat_app.egress import Networks
from chat_app.errors import ToolFailed, ToolTimeout, ToolUnavailable
from chat_app.tools import wire
from chat_app.tools.news import News, Notes
from chat_app.tools.process import Process
from chat_app.tools.values import (
    CallResult,
    InputAnswers,
    InputRequired,
    Listing,
    ServerSpec,
    ToolLimits,
)
from chat_app.tools.waiting import OnInput, OnProgress, Waiting
from chat_app.tools.wire import Message

# A sidecar that ends sooner, without an answer, was of no use; another is not started at once.
USEFUL_S = 10.0
FIRST_PAUSE_S, MAX_PAUSE_S = 0.5, 30.0
IDLE_S = 15 * 60.0

OnTools = Callable[[ServerSpec, Listing], None]
OnLost = Callable[[ServerSpec, str], None]


class ToolClient:
    """Starts its sidecar at the first use, and again after a fork or when it died.

    `on_tools` is told each list of tools that a server gave, asked for or not; `on_lost` of a
    connection that broke without anybody having closed it, with a sentence. Both run in a greenlet.
    `environ` is all that the sidecar and the stdio servers see of the environment. A session that
    is not used for `idle_s` is closed.
    """

    def __init__(
        self,
        limits: ToolLimits,
        egress: Networks,
        on_tools: OnTools,
        on_lost: OnLost,
        notes: Notes,
        environ: Mapping[str, str],
        idle_s: float = IDLE_S,
    ) -> None:
        self._limits, self._environ = limits, dict(environ)
        self._setup = {
            "limits": asdict(limits),
            "idle_s": idle_s,
            "networks": wire.networks(egress),
            "env": self._environ,
        }
        self._news = News(on_tools, on_lost, notes)
        self._lock = RLock()
        self._process: Process | None = None
        self._pid = os.getpid()
        self._useless = 0
        self._not_before_s = 0.0

    def list_tools(self, spec: ServerSpec, fresh: bool = False) -> Listing:
        """The server's tools; `fresh` asks it again although they are known.

        Opens a session where there is none; `fresh` does so even while the server is left alone
        for its failures. Raises ToolUnavailable, also when it all takes longer than `sync_s`.
        """
        question = {"op": "list", "spec": spec, "fresh": fresh}
        try:
            answer = self._ask(question, self._limits.sync_s)
        except ToolTimeout:
            took = f"{self._limits.sync_s:g} s"
            raise ToolUnavailable(f"{spec.name} did not answer within {took}.") from None
        return wire.read_listing(answer["value"])

    def call(
        self,
        spec: ServerSpec,
        tool: str,
        args: dict[str, Any],
        timeout_s: float,
        on_progress: OnProgress | None = None,
        answers: InputAnswers | None = None,
        on_input: OnInput | None = None,
        repeatable: bool = False,
        channel_id: int | None = None,
    ) -> CallResult | InputRequired:
        """What the tool gave back; a tool that failed is a result with `is_error`.

        InputRequired when the server wants a person's answers first: call again, with `answers`.
        A server of before 2026 asks in the middle instead: `on_input` gives such an answer
        (`{"action", "content"}`) in a greenlet of its own, and the time limit waits for it.
        With `repeatable` a call is made once more where the connection broke under it.
        `channel_id` is told to the demo server only. To kill the greenlet is to cancel the call.

        Raises ToolTimeout, ToolFailed (the server refused the call) and ToolUnavailable. Where
        the tool may have run for all that, the error has the field `may_have_run=True`; where the
        server wants a key or a sign-in, `sign_in=True`.
        """
        question = {
            "op": "call",
            "spec": spec,
            "tool": tool,
            "args": args,
            "answers": answers,
            "repeatable": repeatable,
            "channel_id": channel_id,
            "takes_input": on_input is not None,
        }
        answer = self._ask(question, timeout_s, on_progress, on_input)
        if answer["kind"] == "required":
            return wire.read_required(answer["value"])
        return wire.read_result(answer["value"])

    def ask(self, question: Message, timeout_s: float) -> Any:
        """The answer to a question that belongs to no session, see tools/oauth.py.

        Raises ToolUnavailable, ToolTimeout.
        """
        return self._ask(question, timeout_s)["value"]

    def forget(self, server_id: int) -> None:
        """Close all sessions of a server that was deleted, disabled or changed."""
        if self._process is not None and self._pid == os.getpid():
            self._process.tell({"op": "forget", "server_id": server_id})

    def close(self) -> None:
        """End the sidecar and all that it started; takes seconds at most. It may be used again."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and self._pid == os.getpid():
            process.close()

    def _ask(
        self,
        question: Message,
        timeout_s: float,
        on_progress: OnProgress | None = None,
        on_input: OnInput | None = None,
    ) -> Message:
        process = self._running()
        try:
            with process.asking(question) as inbox:
                return Waiting(inbox, process.tell, timeout_s, on_progress, on_input).answer()
        except wire.Unsendable:
            raise ToolFailed("The tool's arguments cannot be sent.") from None

    def _running(self) -> Process:
        with self._lock:
            if self._process is not None and self._pid != os.getpid():
                self._process.abandon()
                self._process = None
            self._pid = os.getpid()
            if self._process is None:
                self._process = self._start()
            return self._process

    def _start(self) -> Process:
        wait_s = self._not_before_s - time.monotonic()
        if wait_s > 0:
            raise ToolUnavailable(
                f"The process for tool servers keeps ending; it starts again in {wait_s:.0f} s.",
                retry_after=max(1, round(wait_s)),
            )
        try:
            return Process(self._setup, self._environ, self._hear, self._ended)
        except OSError:
            raise ToolUnavailable("The process for tool servers cannot be started.") from None

    def _hear(self, message: Message) -> None:
        if (process := self._process) is not None:
            self._news.hear(message, process.tell)

    def _ended(self, process: Process) -> None:
        if self._process is process:
            self._process = None
        is_old = time.monotonic() - process.began_s > USEFUL_S
        if process.is_closing or process.has_answered or is_old:
            self._useless = 0
            return
        pause_s = min(FIRST_PAUSE_S * 2**self._useless, MAX_PAUSE_S)
        # The first one that ends early may be an accident (a test's, an operator's kill).
        self._not_before_s = time.monotonic() + pause_s if self._useless else 0.0
        self._useless += 1
