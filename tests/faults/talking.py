"""A person at one or more servers: sends until it is answered, and looks at what is kept."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from uuid import uuid4

import orjson

from tests.faults.model import Script
from tests.faults.servers import House, Server
from tests.faults.watching import Seen, Watcher
from tests.faults.wire import Door

RETRY_S = 0.1
PATIENCE_S = 30.0
TIMEOUT_S = 15.0
NO_CONTENT = 204
RETRIED = (502, 503, 504)


@dataclass(frozen=True)
class Asked:
    """A question that the server has taken: what was asked, where, and the run that answers."""

    script: Script
    channel_id: int
    message_id: int
    run_id: str


@dataclass
class Person:
    """Speaks to any of these ports. Seeded, so that a failing case can be run again."""

    house: House
    ports: Sequence[int]
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    timeout_s: float = TIMEOUT_S

    @classmethod
    def at(cls, *servers: Server, seed: int = 0) -> "Person":
        ports = [server.port for server in servers]
        return cls(servers[0].house, ports, random.Random(seed))

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request to one of the ports. Raises OSError or HTTPException when it breaks."""
        port = self.chance.choice(self.ports)
        connection = HTTPConnection("127.0.0.1", port, timeout=self.timeout_s)
        try:
            headers = {"Authorization": f"Bearer {self.house.token}"}
            sent = None if body is None else orjson.dumps(body)
            connection.request(method, path, sent, headers)
            response = connection.getresponse()
            raw = response.read()
            if not raw and response.status != NO_CONTENT:
                raise HTTPException("cut in its head")
            return response.status, orjson.loads(raw) if raw else None
        finally:
            connection.close()

    def insist(
        self, method: str, path: str, body: Any = None, allowed: tuple[int, ...] = ()
    ) -> Any:
        """As a good client: again and again until a server is there to answer."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                status, answer = self.call(method, path, body)
                if status not in RETRIED:
                    is_right = status < 400 or status in allowed
                    assert is_right, f"{method} {path}: {status} {answer}"
                    return answer
            except (OSError, HTTPException, orjson.JSONDecodeError):
                pass
            assert time.monotonic() < deadline, f"{method} {path}: no answer"
            time.sleep(RETRY_S)

    def channel(self) -> int:
        return int(self.insist("POST", "/api/channels", {})["id"])

    def ask(self, script: Script, channel_id: int | None = None) -> Asked:
        """Post a question, with the same client_id until it is taken."""
        channel_id = channel_id or self.channel()
        body = {"body": script.question, "client_id": str(uuid4())}
        taken = self.insist("POST", f"/api/channels/{channel_id}/messages", body)
        return Asked(script, channel_id, taken["message"]["id"], taken["run_id"])

    def cancel(self, run_id: str) -> Any:
        return self.insist("POST", f"/api/runs/{run_id}/cancel", {})

    def run(self, run_id: str) -> Any:
        return self.insist("GET", f"/api/runs/{run_id}")

    def messages(self, channel_id: int) -> list[dict[str, Any]]:
        listed = self.insist("GET", f"/api/channels/{channel_id}/messages?limit=200")
        items: list[dict[str, Any]] = listed["items"]
        return items

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """The run's journal as the API gives it."""
        listed = self.insist("GET", f"/api/runs/{run_id}/events?limit=1000")
        items: list[dict[str, Any]] = listed["items"]
        return items

    def doors(self, asked: Asked, by_query: bool = False) -> list[Door]:
        path = f"/api/runs/{asked.run_id}/stream"
        return [Door(port, path, self.house.token, by_query) for port in self.ports]

    def watcher(self, asked: Asked, by_query: bool = False) -> Watcher:
        chance = random.Random(self.chance.random())
        return Watcher(self.doors(asked, by_query), chance)


def audit(person: Person, asked: Asked, seen: Seen, is_whole: bool = True) -> list[str]:
    """Every way in which what was seen and what is kept are not one whole answer."""
    faults = list(seen.breaches)
    if seen.resets:
        faults.append("was told to start over")
    replies = [m for m in person.messages(asked.channel_id) if m["parent_id"] == asked.message_id]
    if len(replies) != 1:
        faults.append(f"{len(replies)} answers")
    kept = replies[0]["body"] if replies else None
    if seen.text != kept:
        faults.append(f"seen {seen.text!r}, kept {kept!r}")
    if is_whole and (kept != asked.script.answer or replies[0]["status"] != "complete"):
        faults.append(f"kept {kept!r}, {replies[0]['status'] if replies else ''}: not whole")
    journal = person.events(asked.run_id)
    if [{"seq": f.seq, **f.payload} for f in seen.frames if f.seq > 1] != journal[1:]:
        faults.append("what was seen is not what the journal has")
    return faults
