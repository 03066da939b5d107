"""Opens a session with a tool server, over whichever transport it has."""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import httpx2
import mcp_types as types
from mcp.client._probe import negotiate_auto  # what Client(mode="auto") does, without its imports
from mcp.client.session import ClientSession, ElicitationFnT, IncomingMessage
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher

from chat_app.egress import parse_url
from chat_app.tools.sidecar.http import http_client
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.sidecar.stdio import stdio_transport
from chat_app.tools.values import DEMO, ServerSpec

CLIENT = types.Implementation(name="holdfast", version="1")
# Of the time for connecting: how long a server may be silent about 2026-07-28. Some of before take
# no notice of a question that they do not know, and are asked as before while there is time.
PROBE_SHARE = 0.3


@asynccontextmanager
async def connected(
    spec: ServerSpec,
    shared: Shared,
    elicit: ElicitationFnT,
    on_tools_changed: Callable[[], None],
    on_end: Callable[[], None],
    is_old: bool = False,
) -> AsyncIterator[ClientSession]:
    """A session that has shaken hands. `on_end` is called when the other side is gone. A server
    that `is_old` is not asked for a protocol of 2026.

    Raises what the transport raises, often in an ExceptionGroup, MCPError, and EgressRefused.
    """
    if spec.transport == DEMO:
        async with _demo(shared) as session:
            yield session
        return

    async def on_message(message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            on_tools_changed()

    async with _transport(spec, shared) as (read_stream, write_stream):
        session = Session(
            dispatcher=Dispatcher(read_stream, write_stream, on_end),
            probe_s=PROBE_SHARE * shared.limits.sync_s,
            elicitation_callback=elicit,
            message_handler=on_message,
            client_info=CLIENT,
        )
        async with session:
            await (session.initialize() if is_old else negotiate_auto(session))
            yield session


class Dispatcher(JSONRPCDispatcher):
    """Says when it has ended, which the SDK's session does not."""

    def __init__(self, read_stream: Any, write_stream: Any, on_end: Callable[[], None]) -> None:
        super().__init__(read_stream, write_stream)
        self._on_end = on_end

    async def run(self, *args: Any, **options: Any) -> None:
        try:
            await super().run(*args, **options)
        finally:
            self._on_end()


class Session(ClientSession):
    """Takes results as they come, and silence for an answer."""

    def __init__(self, *, probe_s: float, **options: Any) -> None:
        super().__init__(**options)
        self._probe_s = probe_s

    async def send_discover(self, version: str) -> dict[str, Any]:
        """The SDK waits for ten seconds, which is all the time there is."""
        try:
            with anyio.fail_after(self._probe_s):
                return await super().send_discover(version)
        except TimeoutError:
            raise MCPError(types.REQUEST_TIMEOUT, "The probe was not answered.") from None

    async def validate_tool_result(self, name: str, result: types.CallToolResult) -> None:
        """Not against the server's own schema: one with a costly pattern would stop all sessions,
        and a tool that does not keep its promise has still said something."""


def _transport(spec: ServerSpec, shared: Shared) -> AbstractAsyncContextManager[tuple[Any, Any]]:
    match spec.transport:
        case "stdio":
            return stdio_transport(spec, shared)
        case "sse":
            return _sse(spec, shared)
        case _:
            return _streamable_http(spec, shared)


@asynccontextmanager
async def _streamable_http(spec: ServerSpec, shared: Shared) -> AsyncIterator[tuple[Any, Any]]:
    url, bytes_max = _url(spec), shared.message_bytes_max
    async with (
        http_client(spec, shared.networks, bytes_max) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=bytes_max) as streams,
    ):
        yield streams


@asynccontextmanager
async def _sse(spec: ServerSpec, shared: Shared) -> AsyncIterator[tuple[Any, Any]]:
    def ours(*_: object, **__: object) -> httpx2.AsyncClient:
        return http_client(spec, shared.networks, shared.message_bytes_max)

    async with sse_client(_url(spec), httpx_client_factory=ours) as streams:
        yield streams


def _url(spec: ServerSpec) -> str:
    """Raises EgressRefused for what is no address, whoever typed it."""
    parse_url(spec.url or "")
    return spec.url or ""


def _demo(shared: Shared) -> AbstractAsyncContextManager[ClientSession]:
    """The built-in server, in this process.

    Imported when it is first used, and not at the top: it stands on the SDK's server side, which
    is 16 MB that an installation without it need not have.
    """
    demo = importlib.import_module("chat_app.tools.sidecar.demo")
    session: AbstractAsyncContextManager[ClientSession] = demo.demo_session(shared)
    return session
