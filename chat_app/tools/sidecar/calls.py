"""One call in flight: what goes to the web side while it runs."""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from chat_app.tools.sidecar.http import Trace
from chat_app.tools.values import InputAnswers, InputRequest, Progress, ServerSpec
from chat_app.tools.wire import Message, read_answers, read_spec

PROGRESS_EVERY_S = 0.1
PROGRESS_CHARS_MAX = 500


class Call:
    """What was asked, and how its asker hears of it. `note` is what HTTP made of it."""

    def __init__(self, asked: Message, tell: Callable[[Message], None]) -> None:
        self.spec: ServerSpec = read_spec(asked["spec"])
        self.tool: str = asked["tool"]
        self.args: dict[str, Any] = asked["args"]
        self.answers: InputAnswers | None = read_answers(asked["answers"])
        self.is_repeatable: bool = asked["repeatable"]
        self.channel_id: int | None = asked["channel_id"]
        self.takes_input: bool = asked["takes_input"]
        self.note = Trace()
        self._id, self._tell = asked["id"], tell
        self._keys = itertools.count(1)
        self._inputs: dict[str, asyncio.Future[Message]] = {}
        self._told_s = 0.0
        self._untold: Progress | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def on_progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Told at once, or with the next one when there are more than ten a second."""
        if message is not None:
            message = message.replace("\0", "")[:PROGRESS_CHARS_MAX]
        self._untold = Progress(progress, total, message)
        wait_s = self._told_s + PROGRESS_EVERY_S - time.monotonic()
        if wait_s <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.flush)

    def flush(self) -> None:
        """Tell the last progress, if it was not told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._untold is not None:
            self._tell({"id": self._id, "kind": "progress", "value": self._untold})
            self._untold, self._told_s = None, time.monotonic()

    def new_key(self) -> str:
        return str(next(self._keys))

    async def ask(self, request: InputRequest) -> Message:
        """The person's answer to a form that the server wants in the middle of the call."""
        answer = asyncio.get_running_loop().create_future()
        self._inputs[request.key] = answer
        self._tell({"id": self._id, "kind": "input", "value": request})
        try:
            found: Message = await answer
        finally:
            del self._inputs[request.key]
        return found

    def answered(self, key: str, answer: Message) -> None:
        """What the web side says to `ask`; too late is no harm."""
        if (waiting := self._inputs.get(key)) is not None and not waiting.done():
            waiting.set_result(answer)


# Set in the task of the call. The SDK's HTTP transport carries it to whatever the server sends on
# the call's own stream.
current: ContextVar[Call | None] = ContextVar("current", default=None)
