"""An installation that is reached over HTTP, as its clients do, and nothing else of it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import quote

import httpx2

from chat_app.cli.advice import not_holdfast, refused, unreachable
from chat_app.remote.sse import SseParser
from chat_app.remote.values import Sent

CONNECT_S = 10.0
ANSWER_S = 40.0  # a run is answered when the AI server has begun it, or had its time to
SILENCE_S = 45.0  # on a stream, which gives a sign of life every 15 s
Item = dict[str, Any]


class Installation:
    """A client of it. What is asked raises Trouble."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        timeout = httpx2.Timeout(ANSWER_S, connect=CONNECT_S)
        self._http = httpx2.Client(base_url=self.url, timeout=timeout)

    def close(self) -> None:
        self._http.close()

    def look(self) -> None:
        """Is it there, and is it Holdfast?"""
        self._ask("GET", "/healthz", "status")

    def sign_in(self, email: str, password: str) -> None:
        who = {"email": email, "password": password}
        self.use(self._ask("POST", "/api/v1/auth/login", "access_token", who)["access_token"])

    def use(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"

    def me(self) -> Item:
        return self._ask("GET", "/api/v1/auth/me", "email")

    def projects(self) -> list[Item]:
        return list(self._ask("GET", "/api/v1/projects", "items")["items"])

    def start(self, project_id: int, spec: str | None) -> Item:
        """Start a run, with the project's own spec where none is given."""
        asked = {"spec": spec} if spec else {}
        return self._ask("POST", f"/api/v1/projects/{project_id}/agent/run", "run_id", asked)

    def run(self, project_id: int, run_id: str) -> Item:
        return self._ask("GET", _run(project_id, run_id), "run_id")

    def stream(
        self, project_id: int, run_id: str, after: str, silence_s: float = SILENCE_S
    ) -> AbstractContextManager[Iterator[list[Sent]]]:
        """One connection to a run's stream: the events that came with each piece, which are none
        where it was a sign of life.

        Opening raises Trouble where the stream is refused; opening and reading raise
        httpx2.HTTPError where the connection breaks.
        """
        headers = {"Last-Event-ID": after} if after else {}
        return self._stream(f"{_run(project_id, run_id)}/stream", headers, silence_s)

    @contextmanager
    def _stream(
        self, path: str, headers: dict[str, str], silence_s: float
    ) -> Iterator[Iterator[list[Sent]]]:
        timeout = httpx2.Timeout(silence_s, connect=CONNECT_S)
        parser = SseParser()
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise refused(self.url, response, _json(response))
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise not_holdfast(self.url, response)
            yield (parser.feed(piece) for piece in response.iter_bytes())

    def _ask(self, method: str, path: str, wanted: str, body: Item | None = None) -> Item:
        """The JSON of an answer, which has to have the field that is wanted."""
        try:
            response = self._http.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise unreachable(self.url, error) from error
        answer = _json(response)
        if not response.is_success:
            raise refused(self.url, response, answer)
        if not isinstance(answer, dict) or wanted not in answer:
            raise not_holdfast(self.url, response)
        return answer


def _run(project_id: int, run_id: str) -> str:
    return f"/api/v1/projects/{project_id}/agent/runs/{quote(run_id, safe='')}"


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
