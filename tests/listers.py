"""Tool servers for tests of what is around them: they list what they are told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask

from chat_app.errors import ToolUnavailable
from chat_app.runtime import Runtime
from chat_app.toolbox.servers import ToolServers
from chat_app.toolbox.sign_ins import SignIns
from chat_app.tools.oauth import OAuthRequests
from chat_app.tools.values import Listing, ServerSpec, ToolSpec
from chat_app.tools.wire import Message

ECHO = ToolSpec("echo", "Says it again.", {"type": "object"}, {"readOnlyHint": True})
SEND = ToolSpec("send", "Sends a letter.", {"type": "object"}, {})


@dataclass
class FakeTools:
    """Stands for the sidecar's client. `tools` is what every server lists, `fault` why none does;
    `asked` and `forgotten` is what came.
    """

    tools: tuple[ToolSpec, ...] = (ECHO, SEND)
    fault: Exception | None = None
    asked: list[ServerSpec] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)

    def list_tools(self, spec: ServerSpec, fresh: bool = False) -> Listing:
        self.asked.append(spec)
        if self.fault is not None:
            raise self.fault
        return Listing(self.tools, "2025-11-25")

    def forget(self, server_id: int) -> None:
        self.forgotten.append(server_id)

    def fail(self, message: str = "It is away.") -> None:
        self.fault = ToolUnavailable(message)


def nobody_signs_in(question: Message, timeout_s: float) -> Any:
    raise ToolUnavailable("It does not offer to sign in.")


@contextmanager
def faked(app: Flask) -> Iterator[FakeTools]:
    """Lets the application's tool servers be fakes for a while."""
    runtime: Runtime = app.extensions["holdfast"]
    fake = FakeTools()
    servers = ToolServers(runtime.db, runtime.cipher, fake)
    oauth = OAuthRequests(nobody_signs_in)
    sign_ins = SignIns(runtime.db, runtime.cipher, oauth, "http://127.0.0.1:8000/tools/callback")
    app.extensions["holdfast"] = replace(runtime, tool_servers=servers, sign_ins=sign_ins)
    try:
        yield fake
    finally:
        app.extensions["holdfast"] = runtime
