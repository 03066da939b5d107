"""Real gunicorns over one database, that can be killed, paused and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from chat_app.runtime import Runtime
from chat_app.services import tokens
from chat_app.settings import Settings
from chat_app.store.providers import ProviderRow
from tests.servers import ROOT, environment, free_port

START_S = 60.0
LOOK_S = 0.02
# How long the model may hold an answer back; production's 30 s are over soon on a busy machine.
HELD_MAX_S = 600.0
# lasts, renewed, looked at, patience with the queue: production's, about eight times as fast.
FAST_LEASE = (2.0, 0.5, 0.2, 0.5)
USUAL_LEASE = (15.0, 5.0, 1.0, 5.0)


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = 40.0) -> float:
    """Seconds until the condition held; fails the test when it does not come to hold."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + patience_s, f"not within {patience_s:.0f} s: {what}"
        time.sleep(LOOK_S)
    return time.monotonic() - began


@dataclass(frozen=True)
class House:
    """An installation, and its owner's token."""

    settings: Settings
    token: str
    folder: Path

    @classmethod
    def build(cls, settings: Settings, folder: Path) -> "House":
        rt = Runtime.build(settings)
        with rt.db.transaction() as session:
            provider = session.get_one(ProviderRow, 1)
            provider.base_url = settings.openai_base_url
            provider.read_timeout_s = HELD_MAX_S
        owner = tokens.owner_of(rt, settings.admin_email)
        token = tokens.issue(rt, owner.id, "faults", tokens.SCOPES, 1).secret
        rt.close()
        return cls(settings, token, folder)

    @property
    def is_sqlite(self) -> bool:
        return self.settings.database_url.startswith("sqlite")


_numbers = count(1)


@dataclass
class Server:
    """One gunicorn: an arbiter and `workers` processes behind one port."""

    house: House
    workers: int = 1
    lease: tuple[float, float, float, float] = FAST_LEASE
    drain_s: int = 0
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    number: int = field(default_factory=lambda: next(_numbers))
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def fault_file(self) -> Path:
        return self.house.folder / f"fault-{self.number}"

    @property
    def log_file(self) -> Path:
        return self.house.folder / f"server-{self.number}.log"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def start(self) -> "Server":
        """Start it, or start it again, on the same port; ready when it answers."""
        self.spawn()
        self.wait_until_ready()
        return self

    def spawn(self) -> None:
        more = {
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(self.workers),
            "DRAIN_S": str(self.drain_s),
            "FAULT_FILE": str(self.fault_file),
            "FAULT_LEASE": " ".join(map(str, self.lease)),
            "LOG_LEVEL": "INFO",
        }
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *self.options, "tests.faults.killed_app:app"],
                cwd=ROOT,
                env=environment(self.house.settings) | more | self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        wait_until(self.is_ready, "the server answers", START_S)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.log}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def worker_pids(self) -> list[int]:
        """The worker processes, not yet dead ones only."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children()
            return [child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE]
        except psutil.NoSuchProcess:
            return []

    def tree(self) -> list[int]:
        assert self.process is not None
        return [self.process.pid, *self.worker_pids()]

    def arm(self, kind: signal.Signals, point: str, passings: int) -> None:
        """From now on: whoever passes the point for the n-th time gets the signal, once."""
        draft = self.fault_file.with_suffix(".draft")
        draft.write_text(f"{kind.name} {point} {passings} {next(_numbers)}")
        draft.rename(self.fault_file)

    def disarm(self) -> bool:
        """Whether the signal had not been sent yet; now it will not be."""
        try:
            self.fault_file.unlink()
        except FileNotFoundError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL for the whole tree, at once."""
        for pid in self.tree():
            send(pid, signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def stop(self) -> None:
        """The end of a test: nothing of it stays behind."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


def send(pid: int, kind: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, kind)
