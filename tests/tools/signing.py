"""The tool server that wants a sign-in, and a browser that goes there."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.sockets import eventually
from tests.tools.serving import ENVIRON, HERE, PATIENCE_S, accepts, free_port


@dataclass(frozen=True)
class Guarded:
    """A server as oauth_server.py makes it."""

    origin: str

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    def control(self, **behaviour: Any) -> None:
        _http().post(f"{self.origin}/control", json=behaviour).raise_for_status()

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = _http().get(f"{self.origin}/seen").json()
        return found


@contextmanager
def guarded() -> Iterator[Guarded]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, str(HERE / "oauth_server.py"), str(port)], env=ENVIRON
    ) as process:
        try:
            eventually(lambda: accepts(port), PATIENCE_S)
            yield Guarded(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def signed_in_at(authorization_url: str) -> httpx2.URL:
    """Where a browser is sent back to once its person has signed in there."""
    answer = _http().get(authorization_url)
    assert answer.status_code in (302, 303), answer.text
    return httpx2.URL(answer.headers["location"])


def _http() -> httpx2.Client:
    return httpx2.Client(verify=False, timeout=30)
