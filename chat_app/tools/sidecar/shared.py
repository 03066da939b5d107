"""What all sessions of the sidecar share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chat_app.egress import Networks
from chat_app.tools.values import ToolLimits
from chat_app.tools.wire import Message

# A result is read up to so many times its limit, and then cut. What is longer fails.
READ_AHEAD = 16


@dataclass(frozen=True)
class Shared:
    """`tell` sends a message to the web side, `ask` a question and waits for its answer; `env` is
    what stdio servers get of the environment."""

    limits: ToolLimits
    idle_s: float  # a session that is not used for so long is closed
    networks: Networks
    env: Mapping[str, str]
    tell: Callable[[Message], None]
    ask: Callable[[str, Message], Awaitable[Any]]

    @property
    def message_bytes_max(self) -> int:
        """The longest message that is read from a server."""
        return READ_AHEAD * self.limits.result_bytes
