"""Waits for the answer to one question to the sidecar: progress, forms and a time limit on the
way."""

import time
from collections.abc import Callable

import gevent
import structlog
from gevent.queue import Empty

from chat_app.errors import ToolTimeout, ToolUnavailable
from chat_app.tools import wire
from chat_app.tools.process import Inbox
from chat_app.tools.values import InputRequest, Progress
from chat_app.tools.wire import Message

OnProgress = Callable[[Progress], None]
OnInput = Callable[[InputRequest], Message]

log = structlog.get_logger()


class Waiting:
    """One question that waits. The time that people take for a form does not count."""

    def __init__(
        self,
        inbox: Inbox,
        tell: Callable[[Message], None],
        timeout_s: float,
        on_progress: OnProgress | None = None,
        on_input: OnInput | None = None,
    ) -> None:
        self._inbox, self._tell = inbox, tell
        self._on_progress, self._on_input = on_progress, on_input
        self._deadline_s = time.monotonic() + timeout_s
        self._thinking: dict[str, gevent.Greenlet[..., None]] = {}
        self._asked_s = 0.0

    def answer(self) -> Message:
        """The message that ends it. Raises what it tells of, ToolTimeout, and ToolUnavailable when
        the sidecar died."""
        try:
            while True:
                message = self._next()
                match message["kind"]:
                    case "progress":
                        if self._on_progress is not None:
                            self._on_progress(wire.read_progress(message["value"]))
                    case "input":
                        self._ask(wire.read_input(message["value"]))
                    case "answered":
                        self._answered(message)
                    case "error":
                        raise wire.read_error(message["value"])
                    case "died":
                        raise ToolUnavailable(_DIED, may_have_run=True)
                    case _:
                        return message
        finally:
            gevent.killall(list(self._thinking.values()), block=False)

    def _next(self) -> Message:
        left_s = None if self._thinking else max(0.0, self._deadline_s - time.monotonic())
        try:
            return self._inbox.queue.get(timeout=left_s)
        except Empty:
            raise ToolTimeout(may_have_run=True) from None

    def _ask(self, request: InputRequest) -> None:
        """In a greenlet of its own, so that a server that gives up meanwhile is noticed."""
        if not self._thinking:
            self._asked_s = time.monotonic()
        self._thinking[request.key] = gevent.spawn(self._think, request)

    def _think(self, request: InputRequest) -> None:
        answer: Message = {"action": "cancel"}
        try:
            if self._on_input is not None:
                answer = self._on_input(request)
        except Exception:
            log.exception("a form of a tool was not answered")
        self._inbox.queue.put({"kind": "answered", "key": request.key, "answer": answer})

    def _answered(self, message: Message) -> None:
        self._thinking.pop(message["key"], None)
        if not self._thinking:
            self._deadline_s += time.monotonic() - self._asked_s
        said = {"key": message["key"], "answer": message["answer"]}
        self._tell({"op": "input", "id": self._inbox.id, **said})


_DIED = "The process that holds the connections to tool servers ended."
