"""Servers of before 2026 to which a question they do not know is worse than an error."""

import json
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from chat_app.tools.client import ToolClient
from chat_app.tools.values import ServerSpec, ToolLimits
from tests.tools.serving import at, by_hand, stdio, tool_client, web_app
from tests.tools.test_client import LONG_S, text_of

MODERN, BEFORE = "2026-07-28", "2025-11-25"
KNOWN = {
    "initialize": {
        "protocolVersion": BEFORE,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "Web by hand", "version": "1"},
    },
    "tools/list": {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]},
}
Start = Callable[..., Any]


@pytest.fixture(scope="module")
def brisk() -> Iterator[ToolClient]:
    """Less patient than usual, for most of these servers are waited for."""
    with tool_client(limits=ToolLimits(sync_s=6.0)) as made:
        yield made


@pytest.mark.parametrize("kind", ["deaf", "strict"])
def test_a_command_that_says_nothing_or_ends_is_asked_as_before(brisk: ToolClient, kind: str):
    server = by_hand(kind)
    assert brisk.list_tools(server).protocol_version == BEFORE
    assert text_of(brisk.call(server, "echo", {}, LONG_S)) == "{}"


def hang(environ: Any, start: Start) -> None:
    gevent.sleep(LONG_S)


def hang_up(environ: Any, start: Start) -> None:
    environ["wsgi.input"].socket.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("unknown", [hang, hang_up])
def test_an_address_that_says_nothing_or_hangs_up_is_asked_as_before(
    brisk: ToolClient, unknown: Callable[[Any, Start], None]
):
    def app(environ: Any, start: Start) -> list[bytes]:
        asked = json.loads(environ["wsgi.input"].read())
        if "id" not in asked:
            start("202 Accepted", [])
            return []
        if asked["method"] not in KNOWN:
            unknown(environ, start)
            return []
        start("200 OK", [("Content-Type", "application/json")])
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": KNOWN[asked["method"]]}
        return [json.dumps(answer).encode()]

    with web_app(app) as url:
        assert [tool.name for tool in brisk.list_tools(at(url)).tools] == ["echo"]


def test_a_modern_server_that_starts_slowly_is_still_asked_as_one(client: ToolClient):
    quick = stdio("mcp_server.py", "stdio", "modern")
    command = ("sh", "-c", f'sleep 3; exec {sys.executable} "$@"', "sh", *quick.command[1:])
    slow = ServerSpec(quick.id, quick.name, "stdio", command=command)
    assert client.list_tools(slow).protocol_version == MODERN
