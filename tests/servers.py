"""A real server under test: gunicorn in its own processes, reached over real sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from chat_app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
START_S = 60.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Server:
    """A server that answers at `url`; `log_path` has all that it printed."""

    url: str
    process: "subprocess.Popen[bytes]"
    log_path: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def address(self) -> tuple[str, int]:
        parts = httpx2.URL(self.url)
        return parts.host, parts.port or 80


@contextmanager
def serve(
    settings: Settings, log_path: Path, port: int | None = None, **more: str
) -> Iterator[Server]:
    """gunicorn over the migrated database of `settings`; with all its children killed at the end.

    It is ready when /healthz answers. `more` are further variables.
    """
    port = port or free_port()
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "wsgi:app"],
            cwd=ROOT,
            env=environment(settings) | {"PORT": str(port)} | more,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log_path)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def migrate(settings: Settings) -> None:
    """Bring the database of `settings` up to date, in a process of its own."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    env = environment(settings)
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give a process these settings, and nothing of ours besides."""
    given = {
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": ",".join(settings.secret_keys),
        "ADMIN_EMAIL": settings.admin_email,
        "ADMIN_PASSWORD": settings.admin_password,
        "OPENAI_API_KEY": settings.openai_api_key,
        "OPENAI_BASE_URL": settings.openai_base_url,
        "OPENAI_MODEL": settings.openai_model,
        "LOG_LEVEL": settings.log_level,
        "LOG_FORMAT": settings.log_format,
        "DRAIN_S": "0",
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
    }
    return {name: value for name, value in given.items() if value is not None}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + START_S
    # Reading the certificates for TLS, which nobody needs here, would cost more than all the rest.
    with httpx2.Client(base_url=server.url, timeout=1, verify=False) as http:
        while time.monotonic() < deadline:
            try:
                http.get("/healthz").raise_for_status()
                return
            except httpx2.HTTPError:
                _still_runs(server)
    raise AssertionError(f"The server does not answer:\n{server.log}")


def _still_runs(server: Server) -> None:
    try:
        server.process.wait(LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"The server ended:\n{server.log}")
