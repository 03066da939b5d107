"""What tools cost: calls over open sessions, the hub while many run, the process that holds them.

A part of `make bench`, and alone `python -m bench.tools`. Ends with 1 if a call or an event failed.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psutil

from bench import table
from bench.machine import Cores, Noise, pinned
from bench.server import ENVIRONMENT, ROOT, Server, free_port
from bench.targets import Holdfast
from bench.values import Door, Load, Result, Spread, tool_over

TRANSPORTS = ("stdio", "http")
CALLS, CALLS_AT_ONCE, CALLS_A_STREAM = 500, 100, 4
# Half of a stream's chunks come before its calls, so all are open when the first one calls.
LOAD = Load(chunks=240, streams=200, ramp_s=4)
QUICK_LOAD = Load(chunks=100, streams=40, ramp_s=1)
OPENED_S = 1.0  # after the last stream was begun, all flow
MB = 1e6


class Line(NamedTuple):
    label: str
    number: float
    goal: float | None = None


class WithTools(Holdfast):
    """Holdfast with the doors of worker.py."""

    application = "bench.worker:app"

    def declare(self) -> int:
        """Add the stdio server, which is not reached yet."""
        command = [sys.executable, "-m", "bench.tool_server", "stdio"]
        env = ["--env", f"PYTHONPATH={ROOT}"]
        self.flask("mcp", "add", "stdio", "--no-sync", *env, "--stdio", *command)
        found = self.call("GET", "/api/tool-servers")["items"]
        return int(next(server["id"] for server in found if server["name"] == "stdio"))

    def connect(self, port: int) -> int:
        """Add the HTTP server, likewise."""
        fields = {"name": "http", "url": f"http://127.0.0.1:{port}/mcp"}
        return int(self.call("POST", "/api/tool-servers", fields)["id"])

    def reach(self, server_id: int) -> float:
        """Ask a server for its tools; what that took, in ms."""
        began_s = time.perf_counter()
        self.call("POST", f"/api/tool-servers/{server_id}/sync")
        return (time.perf_counter() - began_s) * 1000

    def calls(self, server_id: int, transport: str, number: int, more: str = "") -> dict[str, Any]:
        return self.call("GET", f"/bench/calls/{server_id}/{tool_over(transport)}/{number}{more}")

    def late(self) -> dict[str, Any]:
        """By how much the hub was late at most since this was asked last, see `worker.Heart`."""
        return self.call("GET", "/bench/late")

    def parts(self) -> tuple[psutil.Process, psutil.Process | None]:
        """The worker, and its sidecar if there is one."""
        found = [psutil.Process(pid) for pid in self.processes()]
        sidecar = next(
            (one for one in found if "sidecar/__main__" in " ".join(one.cmdline())), None
        )
        return found[1], sidecar  # after gunicorn's arbiter comes its only worker


class Bench:
    """`lines` are the figures; `complaints` say what failed."""

    def __init__(self, folder: Path, is_quick: bool) -> None:
        self.lines: list[Line] = []
        self.complaints: list[str] = []
        self.noise = 0.0
        self._is_quick = is_quick
        self._sent = QUICK_LOAD if is_quick else LOAD
        self._model = f"bench-{self._sent.chunks}@20+{CALLS_A_STREAM}"
        self._cores = Cores.shared_out()
        self._folder = folder

    def measure(self) -> None:
        with (
            self._serving("bench.provider") as provider,
            self._serving("bench.tool_server", "http") as tools,
        ):
            target = WithTools(provider, [self._model], self._folder, self._cores.target)
            noise = Noise(self._cores.all)
            try:
                target.begin()
                self._measure(target, tools)
            finally:
                target.stop()
            self.noise = noise.share()

    def _measure(self, target: WithTools, tools: int) -> None:
        servers = {"stdio": target.declare(), "http": target.connect(tools)}
        idle, sidecar = target.parts()
        self._add("processes for tools before one is wanted", float(sidecar is not None), 0)
        self._add("worker alone, memory (PSS), MB", _pss_mb(idle))
        self._add("sidecar started and a server reached, ms", target.reach(servers["http"]))
        target.reach(servers["stdio"])
        for transport, server_id in servers.items():
            self._calls(target, server_id, transport)
        self._memory(target, "sessions open", 130)
        target.add_agents(tool_server_ids=list(servers.values()))
        self._load(target)
        self._memory(target, "after the load")

    def _calls(self, target: WithTools, server_id: int, transport: str) -> None:
        target.calls(server_id, transport, CALLS)  # warm
        told = target.calls(server_id, transport, CALLS)
        spread = Spread.of(told["each_ms"])
        assert spread is not None
        self._add(f"a call over {transport}, median, ms", spread.p50, 5)
        self._add(f"a call over {transport}, p99, ms", spread.p99)
        told = target.calls(server_id, transport, CALLS_AT_ONCE, "?at_once=1")
        self._add(f"{CALLS_AT_ONCE} calls at once over {transport}, ms", told["all_ms"], 250)

    def _load(self, target: WithTools) -> None:
        streams, calls = self._sent.streams, self._sent.streams * CALLS_A_STREAM
        target.late()
        time.sleep(1)
        self._add("hub late at most, idle, ms", target.late()["late_ms"])
        sending = self._send(target.door(self._model))
        time.sleep(self._sent.ramp_s + OPENED_S)
        late = target.late()["late_ms"]
        self._add(f"hub late at most while {streams} streams open, ms", late)
        told, _ = sending.communicate()
        late = target.late()
        label = f"hub late at most, {streams} streams and {calls} calls, ms"
        self._add(label, late["late_ms"], 100)
        self._add("the most CPU of the worker in one turn of its hub, ms", late["own_ms"])
        result = Result.from_json(told)
        if result.latency_ms:
            self._add("a token of those streams, p99, ms", result.latency_ms.p99)
        if result.complaint:
            self.complaints.append(f"tools: {result.lost:,} events lost. {result.complaint}")

    def _send(self, door: Door) -> "subprocess.Popen[str]":
        """Runs load.py, whose result is what it prints."""
        with pinned(self._cores.load):
            sending = subprocess.Popen(
                [sys.executable, "-m", "bench.load"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=ENVIRONMENT,
            )
        assert sending.stdin is not None
        sending.stdin.write(json.dumps({"load": asdict(self._sent), "door": asdict(door)}))
        sending.stdin.close()
        sending.stdin = None  # or communicate() would write to it
        return sending

    def _memory(self, target: WithTools, when: str, goal: float | None = None) -> None:
        """The goal is for what is theirs (PSS). RSS counts twice what they share with gunicorn's
        arbiter, of which the worker is a fork, and with each other.
        """
        worker, sidecar = target.parts()
        assert sidecar is not None
        both = worker, sidecar
        self._add(f"sidecar, memory (PSS), {when}, MB", _pss_mb(sidecar))
        self._add(f"worker and sidecar (PSS), {when}, MB", sum(map(_pss_mb, both)), goal)
        rss_mb = sum(one.memory_info().rss for one in both) / MB
        self._add(f"worker and sidecar (RSS), {when}, MB", rss_mb)

    def _add(self, label: str, number: float, goal: float | None = None) -> None:
        """A quick run is held to no goals."""
        self.lines.append(Line(label, number, None if self._is_quick else goal))

    @contextmanager
    def _serving(self, module: str, *arguments: str) -> Iterator[int]:
        port = free_port()
        folder = self._folder / module
        folder.mkdir()
        command = [sys.executable, "-m", module, *arguments, str(port)]
        server = Server(command, port, folder, self._cores.provider)
        try:
            yield port
        finally:
            server.stop()


def _pss_mb(process: psutil.Process) -> float:
    """What it holds, with its share of what it shares; on Linux only."""
    return float(process.memory_full_info().pss) / MB


def measured(is_quick: bool = False) -> list[str]:
    """Measures, prints the table, and gives what failed."""
    with TemporaryDirectory(prefix="holdfast-bench-") as folder:
        bench = Bench(Path(folder), is_quick)
        bench.measure()
    print("tools: one worker, its sidecar, a tool server over stdio and one over HTTP")
    for line in bench.lines:
        print(table.line(*line))
    print(f"  Others used {bench.noise:.0%} of the cores meanwhile.")
    return bench.complaints


def main() -> int:
    complaints = measured()
    print("\n".join(complaints) or "All calls and events came.")
    return 1 if complaints else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    sys.exit(main())
