"""Asks Holdfast a question and prints the answer as it comes, whatever happens on the way.

    HOLDFAST_TOKEN=hf_… python examples/client.py http://127.0.0.1:8000 1 "What is a monad?"

or with HOLDFAST_EMAIL and HOLDFAST_PASSWORD. It needs httpx2, or httpx: change the import.
"""

import json
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

BACKOFF_S, BACKOFF_MAX_S = 1.0, 30.0
TIMEOUT = httpx.Timeout(10, read=45)  # seconds; the server gives a sign of life every 15

Event = dict[str, Any]
Sleep = Callable[[float], None]


class Refused(Exception):
    """The server said no, and asking again will not help."""


@dataclass
class Answer:
    """What the events told so far. Pure: `add` each, then look at `text`, `end` and `cursor`."""

    cursor: str = ""
    end: Event | None = None
    _pieces: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(text for _, text in self._pieces)

    def add(self, event_id: str, event: Event) -> None:
        self.cursor = event_id
        if event["type"] == "start":  # of the whole; with "reset" all that came before is void
            self._pieces = []
        elif event["type"] == "restart":  # a server died: this part of the text comes anew
            self._pieces = [piece for piece in self._pieces if piece[0] < event["from_seq"]]
        elif event["type"] == "chunk":
            self._pieces.append((int(event_id.rpartition(":")[2]), event["content"]))
        elif event["type"] in ("done", "error"):
            self.end = event


def pauses() -> Iterator[float]:
    """Seconds before each attempt: 1, 2, 4 … 30, up to half less, so that not all come at once."""
    pause = BACKOFF_S
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311
        pause = min(pause * 2, BACKOFF_MAX_S)


def events(pieces: Iterable[bytes]) -> Iterator[tuple[str, Event]]:
    """The id and the JSON of each whole event in a stream."""
    rest = b""  # lines end in LF, and in nothing else that `splitlines` knows
    for piece in pieces:
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"data" in fields:
                yield fields.get(b"id", b"").decode(), json.loads(fields[b"data"])


def check(response: httpx.Response) -> None:
    """Raises `Refused` where asking again is in vain, httpx's error where it may help."""
    if not response.is_success:
        try:
            error = json.loads(response.read())
            retryable, message = error["retryable"], error["error"]
        except (ValueError, KeyError, TypeError):  # not ours: a proxy's 502, say
            retryable, message = response.status_code >= 500, f"HTTP {response.status_code}"
        if not retryable:
            raise Refused(message)
    response.raise_for_status()


def post(http: httpx.Client, path: str, body: Event, sleep: Sleep = time.sleep) -> Event:
    """Post until it is answered. With a `client_id` in the body, twice is once."""
    waits = pauses()
    while True:
        try:
            response = http.post(path, json=body)
            check(response)
            return dict(response.json())
        except httpx.HTTPError:
            sleep(next(waits))


def follow(http: httpx.Client, run_id: str, sleep: Sleep = time.sleep) -> Iterator[Answer]:
    """The answer after each event, to its end; comes back after every break. Raises `Refused`."""
    answer, waits = Answer(), pauses()
    while answer.end is None:
        query = {"last_event_id": answer.cursor} if answer.cursor else {}
        try:
            with http.stream("GET", f"/api/runs/{run_id}/stream", params=query) as response:
                check(response)
                for event_id, event in events(response.iter_bytes()):
                    if event_id:
                        answer.add(event_id, event)
                        waits = pauses()
                        yield answer
                    elif not event["retryable"]:  # an event without an id is a refusal
                        raise Refused(event["error"])
        except httpx.HTTPError:
            pass
        if answer.end is None:
            sleep(next(waits))


def show(answers: Iterable[Answer]) -> Event:
    """Print the text as it grows, and all of it again where some was withdrawn; gives the end."""
    printed, end = "", None
    for answer in answers:
        if not answer.text.startswith(printed):
            print("\n[the server was interrupted; once more]")
            printed = ""
        print(answer.text[len(printed) :], end="", flush=True)
        printed, end = answer.text, answer.end
    print()
    return end or {}


def main(url: str, channel: str, question: str) -> str | None:
    """Gives what went wrong, None for a whole answer."""
    with httpx.Client(base_url=url, timeout=TIMEOUT) as http:
        if not (token := os.environ.get("HOLDFAST_TOKEN")):
            who = {name: os.environ[f"HOLDFAST_{name.upper()}"] for name in ("email", "password")}
            token = post(http, "/api/v1/auth/login", who)["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        body = {"body": question, "client_id": str(uuid.uuid4())}
        run_id = post(http, f"/api/channels/{channel}/messages", body).get("run_id")
        end = show(follow(http, run_id)) if run_id else {"error": "Nobody answers here."}
    return end.get("error")


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:4]))
    except Refused as refused:
        sys.exit(f"Refused: {refused}")
