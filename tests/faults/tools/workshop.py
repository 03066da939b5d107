"""An installation with tool servers that write down what they do."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

import psutil

from chat_app import create_app
from chat_app.runtime import Runtime
from chat_app.services import agents, tool_servers, tools, users
from tests.faults.servers import House, Server, wait_until
from tests.faults.tools.tool_model import ToolModel
from tests.servers import ROOT, free_port

PROGRAM = ROOT / "tests" / "faults" / "tools" / "tool_server.py"
SIDECAR = "chat_app/tools/sidecar/__main__.py"
LOCAL = "local_"  # before the names of the tools over stdio
START_S = 60.0
ASKED_FIRST = "sign"


class Entry(NamedTuple):
    """One line of the ledger."""

    at: float
    nonce: str
    tool: str
    what: str


@dataclass(frozen=True)
class Ledger:
    """What the tool servers wrote."""

    path: Path

    @property
    def entries(self) -> list[Entry]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        words = (line.split() for line in lines)
        return [Entry(float(at), nonce, tool, what) for at, nonce, tool, what in words]

    def of(self, nonce: str, what: str) -> list[Entry]:
        return [one for one in self.entries if (one.nonce, one.what) == (nonce, what)]

    def has(self, nonces: list[str], what: str) -> bool:
        found = {one.nonce for one in self.entries if one.what == what}
        return found.issuperset(nonces)

    def release(self, nonce: str) -> None:
        """Let a call that holds come to its end."""
        Path(f"{self.path}.{nonce}").touch()


@dataclass
class ToolServer:
    """The one over streamable HTTP, in a process of its own."""

    ledger: Ledger
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def start(self) -> "ToolServer":
        args = [sys.executable, str(PROGRAM), str(self.ledger.path), "", str(self.port)]
        self.process = subprocess.Popen(args)
        wait_until(self._is_there, "the tool server answers", START_S)
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _is_there(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, HTTPException):
            return False
        else:
            return True
        finally:
            connection.close()


@dataclass
class Workshop:
    """A house whose agent has the tools of both servers; `sign` asks a person first."""

    house: House
    model: ToolModel
    server: ToolServer

    @property
    def ledger(self) -> Ledger:
        return self.server.ledger

    @property
    def env(self) -> dict[str, str]:
        """Variables for a server: what it starts is known by them, whoever its parent is."""
        return {"HOME": str(self.house.folder)}

    def helpers(self) -> list[psutil.Process]:
        """The sidecars of this house, and the tool servers that those started."""
        return [process for process in psutil.process_iter() if self._is_helper(process)]

    def orphans(self, *servers: Server) -> list[psutil.Process]:
        """Those of them that belong to no worker of these any more."""
        workers = [psutil.Process(pid) for server in servers for pid in server.worker_pids()]
        kept: set[psutil.Process] = set()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                kept.update(worker.children(recursive=True))
        return [process for process in self.helpers() if process not in kept]

    def sidecars(self, server: Server) -> list[psutil.Process]:
        """Those of the workers of a server."""
        workers = server.worker_pids()
        found = [one for one in self.helpers() if is_sidecar(one)]
        return [one for one in found if one.ppid() in workers]

    def _is_helper(self, process: psutil.Process) -> bool:
        try:
            if process.environ().get("HOME") != self.env["HOME"]:
                return False
            return process.status() != psutil.STATUS_ZOMBIE and not _is_gunicorn(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def is_sidecar(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(word.endswith(SIDECAR) for word in process.cmdline())
    return False


def _is_gunicorn(process: psutil.Process) -> bool:
    return "gunicorn" in process.cmdline()


@contextmanager
def workshop(house: House, model: ToolModel) -> Iterator[Workshop]:
    server = ToolServer(Ledger(house.folder / "ledger")).start()
    try:
        _furnish(house, server)
        yield Workshop(house, model, server)
    finally:
        server.kill()


def _furnish(house: House, server: ToolServer) -> None:
    """Declare both servers, and give their tools to the agent."""
    app = create_app(house.settings)
    rt: Runtime = app.extensions["holdfast"]
    operator = users.operator(rt)
    command = [sys.executable, str(PROGRAM), str(server.ledger.path), LOCAL, "stdio"]
    made = [
        tool_servers.create(rt, operator, {"name": "Far", "url": server.url}),
        tool_servers.declare(rt, operator, {"name": "Near", "command": command}),
    ]
    for one in made:
        tool_servers.sync(rt, operator, one.id)
    listed = [tool for one in made for tool in tools.list_tools(rt, operator, one.id)]
    for tool in listed:
        if tool.name.endswith(ASKED_FIRST):
            tools.update(rt, operator, tool.id, {"policy": "ask"})
    agent = agents.list_agents(rt, operator)[0]
    agents.update(rt, operator, agent.id, {"tool_server_ids": [one.id for one in made]})
    rt.close()


def running(servers: list[Server]) -> list[Server]:
    down = [one for one in servers if one.process is None or one.process.poll() is not None]
    for one in down:
        one.spawn()
    for one in down:
        one.wait_until_ready()
    return servers
