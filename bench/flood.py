"""What a remote run costs whose log is a flood: memory, and what other streams feel of it.

`python -m bench.flood [--mb-s 10] [--seconds 10]`. Ends with 1 if it costs more than it may.
"""

import argparse
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench import table
from bench.machine import Cores, pinned
from bench.server import ENVIRONMENT, ROOT, Server, free_port
from bench.targets import Holdfast
from bench.values import Load, Result

MB = 1e6
MEMORY_MAX_MB = 64
KEPT_EVENTS_MAX, KEPT_MAX_MB = 10_000, 4 * 1.048576
LOAD = Load(chunks=200, streams=50, ramp_s=2)
MODEL = "bench-200@20"
LOOK_S = 0.1
READY_S = 30.0


class Watched(Holdfast):
    """Holdfast with the doors of worker.py, and a project."""

    application = "bench.worker:app"

    def project(self, ai_server: int) -> str:
        """Where the agent of a ready project is."""
        fields = {"name": "Flood", "ai_server_url": f"http://127.0.0.1:{ai_server}"}
        path = f"/api/v1/projects/{self.call('POST', '/api/v1/projects', fields)['id']}"
        self.call("POST", f"{path}/provision")
        deadline = time.monotonic() + READY_S
        while self.call("GET", path)["status"] != "READY":
            if time.monotonic() > deadline:
                raise RuntimeError("The project does not get ready.")
            time.sleep(LOOK_S)
        return f"{path}/agent"

    def late(self) -> dict[str, float]:
        """By how much the hub was late at most since this was asked last, see `worker.Heart`."""
        return self.call("GET", "/bench/late")

    def worker(self) -> psutil.Process:
        return psutil.Process(self.processes()[1])  # after gunicorn's arbiter comes its only worker

    def kept(self) -> tuple[int, float]:
        """How many events of the log are kept, and their MB."""
        with closing(sqlite3.connect(self._folder / "bench.db")) as db:
            sql = "select count(*), sum(length(data)) from run_events where type in ('log', 'gap')"
            count, size = db.execute(sql).fetchone()
        return int(count), (size or 0) / MB

    def seen(self) -> int:
        """The number of the last event of the log."""
        with closing(sqlite3.connect(self._folder / "bench.db")) as db:
            sql = "select max(seq) from run_events where type = 'log'"
            return int(db.execute(sql).fetchone()[0])


class Memory:
    """The most that a process held while this was watched, in MB."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self._is_over = process, threading.Event()
        self.before = self.peak = self._now()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _now(self) -> float:
        return float(self._process.memory_full_info().uss) / MB

    def _watch(self) -> None:
        while not self._is_over.wait(LOOK_S):
            self.peak = max(self.peak, self._now())


class Bench:
    """`complaints` say what was too much."""

    def __init__(self, folder: Path) -> None:
        self.complaints: list[str] = []
        self._folder = folder
        self._cores = Cores.shared_out()

    def measure(self, mb_s: float, seconds: float) -> None:
        with self._serving("bench.provider") as provider, self._serving("bench.ai_server") as flood:
            target = Watched(provider, [MODEL], self._folder, self._cores.target)
            try:
                target.start()
                self._measure(target, target.project(flood), {"mb_s": mb_s, "seconds": seconds})
            finally:
                target.stop()

    def _measure(self, target: Watched, agent: str, spec: dict[str, float]) -> None:
        target.late()
        self._others(target, "in peace")
        with Memory(target.worker()) as memory:
            run = target.call("POST", f"{agent}/run", {"spec": json.dumps(spec)})
            self._others(target, "in the flood")
            ended = self._ended(target, f"{agent}/runs/{run['run_id']}")
        told = json.loads(ended["result"])
        self._tell("sent by the AI server, MB/s", told["bytes"] / told["seconds"] / MB)
        self._tell("sent by the AI server, events", told["events"])
        self._tell("journalled, events", target.seen())
        events, size_mb = target.kept()
        self._tell("kept, events", events, KEPT_EVENTS_MAX)
        self._tell("kept, MB", size_mb, KEPT_MAX_MB)
        self._tell("more memory (USS) at most, MB", memory.peak - memory.before, MEMORY_MAX_MB)
        if ended["status"] != "DONE":
            self.complaints.append(f"The run ended {ended['status']}: {ended['error']}")

    def _others(self, target: Watched, when: str) -> None:
        """What other streams feel."""
        self._tell(f"a token of {LOAD.streams} streams, p99, ms, {when}", self._load(target))
        late = target.late()
        self._tell(f"hub late at most, ms, {when}", late["late_ms"])
        self._tell(f"the most CPU in one turn of the hub, ms, {when}", late["own_ms"])

    def _tell(self, label: str, number: float, goal: float | None = None) -> None:
        print(table.line(label, number, goal), flush=True)
        if goal is not None and number > goal:
            self.complaints.append(f"{label}: {number:,.1f} is more than {goal:,.1f}.")

    def _ended(self, target: Watched, path: str) -> dict[str, Any]:
        while (run := target.call("GET", path))["status"] == "RUNNING":
            time.sleep(LOOK_S)
        return run

    def _load(self, target: Watched) -> float:
        door = target.door(MODEL)
        asked = json.dumps({"door": asdict(door), "load": asdict(LOAD)})
        with pinned(self._cores.load):
            told = subprocess.run(
                [sys.executable, "-m", "bench.load"],
                input=asked,
                cwd=ROOT,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=True,
            )
        result = Result.from_json(told.stdout)
        if result.complaint:
            self.complaints.append(result.complaint)
        return result.latency_ms.p99 if result.latency_ms else 0.0

    @contextmanager
    def _serving(self, module: str) -> Iterator[int]:
        port, folder = free_port(), self._folder / module
        folder.mkdir()
        command = [sys.executable, "-m", module, str(port)]
        server = Server(command, port, folder, self._cores.provider)
        try:
            yield port
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--mb-s", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=12)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="holdfast-bench-") as folder:
        bench = Bench(Path(folder))
        bench.measure(given.mb_s, given.seconds)
    print("\n".join(bench.complaints) or "A flood costs what it may.")
    return 1 if bench.complaints else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    sys.exit(main())
