"""Measures: each scenario on each target, in one run. Keeps what came, and who disturbed it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench.machine import Cores, Noise, pinned
from bench.scenarios import Scenario
from bench.server import ENVIRONMENT, ROOT, Server, free_port
from bench.targets import NotInstalled, Target
from bench.values import Door, Load, Result

WARM_UP = Load(chunks=5, streams=10, rounds=3)
WARM_UP_MODEL = "bench-5@0"
SETTLE_S = 0.5


class Run:
    """`results` are by scenario, then by target; `noise` and `complaints` say where they were."""

    def __init__(
        self, scenarios: list[Scenario], folder: Path, say: Callable[[str], object]
    ) -> None:
        self.cores = Cores.shared_out()
        self.results: dict[str, dict[str, Result]] = {s.name: {} for s in scenarios}
        self.noise: list[tuple[float, str]] = []
        self.complaints: list[str] = []
        self._scenarios, self._folder, self._say = scenarios, folder, say
        self._models = list(dict.fromkeys([WARM_UP_MODEL, *(s.model for s in scenarios)]))

    def measure(self, kinds: list[type[Target]]) -> None:
        port = free_port()
        command = [sys.executable, "-m", "bench.provider", str(port)]
        provider = Server(command, port, self._new_folder("provider"), self.cores.provider)
        try:
            for kind in kinds:
                folder = self._new_folder(kind.name)
                self._measure(kind(port, self._models, folder, self.cores.target))
        finally:
            provider.stop()

    def _measure(self, target: Target) -> None:
        self._say(target.name)
        try:
            target.start()
            self._send(WARM_UP, target.door(WARM_UP_MODEL))
            for scenario in self._scenarios:
                self._say(f" {scenario.name}")
                time.sleep(SETTLE_S)
                self._play(scenario, target)
        except NotInstalled as error:
            self._say(f": left out, {error}")
        finally:
            target.stop()
            self._say("\n")

    def _play(self, scenario: Scenario, target: Target) -> None:
        where, noise = f"{target.name} {scenario.name}", Noise(self.cores.all)
        result = self._send(scenario.load, target.door(scenario.model))
        self.noise.append((noise.share(), where))
        self.results[scenario.name][target.name] = result
        if result.complaint:
            self.complaints.append(f"{where}: {_counted(result)}. The first: {result.complaint}")

    def _send(self, load: Load, door: Door) -> Result:
        """Runs load.py, a process of its own on its own core where there are three."""
        with pinned(self.cores.load):
            done = subprocess.run(
                [sys.executable, "-m", "bench.load"],
                input=json.dumps({"load": asdict(load), "door": asdict(door)}),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                cwd=ROOT,
                env=ENVIRONMENT,
            )
        return Result.from_json(done.stdout)

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder


def _counted(result: Result) -> str:
    return (
        f"of {result.events + result.lost:,} events in {result.streams} streams {result.lost:,} "
        f"lost, {result.repeated:,} repeated, {result.disordered:,} out of order"
    )
