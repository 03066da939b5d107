"""The four ways a stream can take: how each is started, asked and stopped."""

import json
import os
import shutil
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, ClassVar

from bench.server import ENVIRONMENT, ROOT, START_S, Server, free_port
from bench.values import Door

SECRET = "only-for-the-bench"


class NotInstalled(Exception):
    """The machine lacks the program."""


class Target:
    """The provider itself with nothing in between, and what the others have in common."""

    name: ClassVar[str] = "direct"

    def __init__(self, provider: int, models: list[str], folder: Path, cores: set[int]) -> None:
        """`provider` is its port, `models` what will be asked for."""
        self.port = provider
        self._provider, self._models = provider, models
        self._folder, self._cores = folder, cores
        self._server: Server | None = None

    def start(self) -> None:
        """Ready for requests when it returns. Raises `NotInstalled` and RuntimeError."""

    def door(self, model: str) -> Door:
        """Where streams of a model are had."""
        return Door(self.port, self.request(model), self.processes())

    def processes(self) -> list[int]:
        """The ids of all that it runs as."""
        return self._server.processes() if self._server else []

    def request(self, model: str) -> str:
        """The HTTP request for one stream of a model."""
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return _post("/v1/chat/completions", body)

    def stop(self) -> None:
        if self._server:
            self._server.stop()

    def _serve(self, command: list[str], **environment: str) -> None:
        self._server = Server(command, self.port, self._folder, self._cores, **environment)


class Nginx(Target):
    """The least that can stand in between."""

    name = "nginx"

    def start(self) -> None:
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise NotInstalled("nginx is not installed")
        self.port = free_port()
        text = (ROOT / "bench/nginx.conf").read_text()
        words = {"FOLDER": self._folder, "PROVIDER": self._provider, "PORT": self.port}
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        config = self._folder / "nginx.conf"
        config.write_text(text)
        self._serve([program, "-p", str(self._folder), "-c", str(config)])


class Naive(Target):
    """naive.py on gunicorn's gevent worker."""

    name = "naive"

    def start(self) -> None:
        self.port = free_port()
        gunicorn = "-m gunicorn bench.naive:app -k gevent --no-control-socket"
        gunicorn += f" --worker-connections 5000 --backlog 2048 -b 127.0.0.1:{self.port}"
        provider = f"http://127.0.0.1:{self._provider}/v1"
        self._serve([sys.executable, *gunicorn.split()], BENCH_PROVIDER=provider)

    def request(self, model: str) -> str:
        return _post("/chat", {"model": model, "message": "hello"})


class Holdfast(Target):
    """Holdfast as `make run` starts it: one worker, SQLite, everything on. Each model an agent."""

    name = "holdfast"
    application = "wsgi:app"
    _token = ""

    def start(self) -> None:
        self.begin()
        self.add_agents()

    def begin(self) -> None:
        """Start it, without agents for the models."""
        self.port = free_port()
        settings = self.settings()
        self.flask("db", "upgrade")
        gunicorn = ["-m", "gunicorn", self.application, "-c", str(ROOT / "gunicorn.conf.py")]
        self._serve([sys.executable, *gunicorn], **settings)
        login = {"email": "admin@example.com", "password": SECRET}
        self._token = self.call("POST", "/api/v1/auth/login", login)["access_token"]

    def add_agents(self, **more: Any) -> None:
        for model in self._models:
            agent = {"name": model, "handle": _handle(model), "model": model}
            self.call("POST", "/api/agents", agent | more)

    def settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": f"sqlite:///{self._folder}/bench.db",
            "SECRET_KEY": SECRET,
            "ADMIN_PASSWORD": SECRET,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self._provider}/v1",
            "OPENAI_API_KEY": "none",
            "PORT": str(self.port),
            "DRAIN_S": "0",
        }

    def flask(self, *arguments: str) -> None:
        """Run a command of Holdfast's shell. Raises RuntimeError."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        environment = ENVIRONMENT | self.settings()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(arguments)}:\n{done.stderr[-2000:]}")

    def request(self, model: str) -> str:
        path = f"/api/app/chat/stream?agent={_handle(model)}&message=hello"
        return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._token}\r\n\r\n"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a door of its API answers. Raises RuntimeError."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection.request(method, path, json.dumps(body or {}), headers)
        answer: dict[str, Any] = json.load(connection.getresponse())
        connection.close()
        if "retryable" in answer:  # a refusal
            raise RuntimeError(f"{path}: {answer}")
        return answer


TARGETS: tuple[type[Target], ...] = (Target, Nginx, Naive, Holdfast)


def _handle(model: str) -> str:
    """A handle has no @ and no +."""
    return model.replace("@", "-").replace("+", "-")


def _post(path: str, body: dict[str, Any]) -> str:
    text = json.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(text)}\r\n\r\n{text}"
