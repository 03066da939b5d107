"""Tool servers for tests, and what a client under test heard of them."""

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gevent import pywsgi

from chat_app.egress import Networks
from chat_app.tools.client import ToolClient
from chat_app.tools.values import DEMO, Listing, ServerSpec, ToolLimits
from tests.sockets import eventually

HERE = Path(__file__).parent
ENVIRON = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
LIMITS = ToolLimits(sync_s=10.0, result_bytes=64 * 1024)
PATIENCE_S = 30.0
numbers = itertools.count(1)


class Heard:
    """The news of a client, by the server's id."""

    def __init__(self) -> None:
        self.tools: list[tuple[int, Listing]] = []
        self.lost: list[tuple[int, str]] = []

    def on_tools(self, spec: ServerSpec, listing: Listing) -> None:
        self.tools.append((spec.id, listing))

    def on_lost(self, spec: ServerSpec, message: str) -> None:
        self.lost.append((spec.id, message))

    def listings(self, spec: ServerSpec) -> list[Listing]:
        return [listing for id, listing in self.tools if id == spec.id]

    def losses(self, spec: ServerSpec) -> list[str]:
        return [message for id, message in self.lost if id == spec.id]


class Notebook:
    """Notes in memory."""

    def __init__(self) -> None:
        self.notes: dict[int, dict[int, str]] = {}

    def add(self, channel_id: int, text: str) -> int:
        mine = self.notes.setdefault(channel_id, {})
        mine[len(mine) + 1] = text
        return len(mine)

    def all(self, channel_id: int) -> list[tuple[int, str]]:
        return list(self.notes.get(channel_id, {}).items())

    def delete(self, channel_id: int, number: int) -> bool:
        return self.notes.get(channel_id, {}).pop(number, None) is not None


@contextmanager
def tool_client(
    heard: Heard | None = None,
    limits: ToolLimits = LIMITS,
    networks: Networks | None = None,
    notes: Any = None,
    environ: dict[str, str] = ENVIRON,
    **more: Any,
) -> Iterator[ToolClient]:
    heard = heard or Heard()
    notes = notes or Notebook()
    networks = networks or Networks()
    news = (heard.on_tools, heard.on_lost)
    client = ToolClient(limits, networks, *news, notes, environ, **more)
    try:
        yield client
    finally:
        client.close()


def by_hand(kind: str = "old", **env: str) -> ServerSpec:
    """A server of 2025 over stdio; see by_hand.py for the kinds."""
    return stdio("by_hand.py", kind, **env)


def with_sdk(**env: str) -> ServerSpec:
    """A server of 2026 over stdio."""
    return stdio("mcp_server.py", "stdio", "modern", **env)


def stdio(file: str, *args: str, **env: str) -> ServerSpec:
    id, command = next(numbers), (sys.executable, str(HERE / file), *args)
    return ServerSpec(id, f"Server {id}", "stdio", command=command, env=tuple(env.items()))


def at(url: str, transport: str = "http", **more: Any) -> ServerSpec:
    """A server that an operator typed: nothing about its address is checked."""
    id = next(numbers)
    return ServerSpec(id, f"Server {id}", transport, url, **{"is_guarded": False, **more})


def demo() -> ServerSpec:
    return ServerSpec(next(numbers), "Demo", DEMO)


def lived(path: Path) -> list[str]:
    """What a server wrote about its life."""
    return path.read_text().splitlines() if path.exists() else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    kind: str, transport: str = "http", port: int | None = None, **env: str
) -> Iterator[ServerSpec]:
    """A server made with the SDK over HTTP, in a process of its own."""
    port = port or free_port()
    args = [sys.executable, str(HERE / "mcp_server.py"), transport, kind, str(port)]
    with subprocess.Popen(args, env={**ENVIRON, **env}) as process:
        try:
            eventually(lambda: accepts(port), PATIENCE_S)
            path = "sse" if transport == "sse" else "mcp"
            yield at(f"http://127.0.0.1:{port}/{path}", transport)
        finally:
            process.kill()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def web_app(app: Any, **tls: Any) -> Iterator[str]:
    """The address of a WSGI app that is served from here; over TLS with an `ssl_context`."""
    server = pywsgi.WSGIServer(("127.0.0.1", 0), app, log=None, error_log=None, **tls)
    server.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/mcp"
    finally:
        server.stop(timeout=0.1)
