"""A process that listens, and all that it starts."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from bench.machine import pinned, tree

ROOT = Path(__file__).resolve().parents[1]
# Nothing of the shell's: no keys, no proxies, no settings.
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
START_S = 30.0
STOP_S = 5.0
LOOK_EVERY_S = 0.05


class Server:
    """Runs once it is made, in `folder`, on `cores`. Raises RuntimeError if it does not start."""

    def __init__(
        self, command: list[str], port: int, folder: Path, cores: set[int], **environment: str
    ) -> None:
        self.port = port
        self._log = folder / "log"
        with pinned(cores), self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=ENVIRONMENT | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_listens()

    def processes(self) -> list[int]:
        """The ids of all there are now."""
        return tree(self._process.pid)

    def stop(self) -> None:
        """Politely, then with all its children."""
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a session of its own: only ours is in it
        self._process.wait()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_S
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"It does not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(LOOK_EVERY_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
