"""A person who has an AI server do things, through servers of ours that are killed meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import gevent
import orjson

from tests.faults.ai_server import AiServer
from tests.faults.remote.lab import TOKEN, relayed
from tests.faults.remote.oracle import Relayed
from tests.faults.remote.plan import Plan
from tests.faults.servers import Server, wait_until
from tests.faults.talking import Person
from tests.faults.wire import Door

PATIENCE_S = 40.0
RETRY_S = 0.1
CREATED = 201


@dataclass(frozen=True)
class Visitor:
    """Has a project of their own, whose AI server is theirs, too."""

    person: Person
    project_id: int
    ai_server: AiServer

    @property
    def agent(self) -> str:
        return f"/api/v1/projects/{self.project_id}/agent"

    def start(self, plan: Plan) -> str:
        """The id of a run with this plan. Asked again only where the server has none: whoever got
        no answer cannot know.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(OSError, HTTPException, orjson.JSONDecodeError):
                status, answer = self.person.call("POST", f"{self.agent}/run", {"spec": plan.spec})
                if status == CREATED:
                    return str(answer["run_id"])
            for run in self.person.insist("GET", f"{self.agent}/runs")["items"]:
                if run["spec"] == plan.spec:
                    return str(run["run_id"])
            time.sleep(RETRY_S)
        raise AssertionError("no run")

    def watch(self, run_id: str, after: str = "") -> list[Relayed]:
        """The run's stream to its last event, through every cut."""
        door = Door(
            self.person.ports[0], f"{self.agent}/runs/{run_id}/stream", self.person.house.token
        )
        seen: list[Relayed] = []
        with gevent.Timeout(PATIENCE_S):
            while not (seen and seen[-1].event == "status"):
                for block in _blocks(door, after):
                    after = _id(block) or after
                    seen += relayed(block.decode())
                gevent.sleep(RETRY_S)
        return seen

    def run(self, run_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.person.insist("GET", f"{self.agent}/runs/{run_id}")
        return shown


@contextmanager
def visitor(server: Server, seed: int) -> Iterator[Visitor]:
    """One with a project that is ready."""
    person = Person.at(server, seed=seed)
    with AiServer(TOKEN) as ai_server:
        fields = {"name": "Lab", "ai_server_url": ai_server.url, "ai_server_token": TOKEN}
        path = f"/api/v1/projects/{person.insist('POST', '/api/v1/projects', fields)['id']}"
        person.insist("POST", f"{path}/provision", {})
        wait_until(lambda: person.insist("GET", path)["status"] == "READY", "it is ready")
        yield Visitor(person, int(path.rpartition("/")[2]), ai_server)


def _blocks(door: Door, after: str) -> Iterator[bytes]:
    """The whole blocks of one connection; nothing, or fewer, where it breaks."""
    rest = b""
    with suppress(OSError, ValueError), door.open(after or None) as body:
        for data in body:
            *blocks, rest = (rest + data).split(b"\n\n")
            yield from blocks


def _id(block: bytes) -> str:
    found = [line for line in block.split(b"\n") if line.startswith(b"id: ")]
    return found[-1].removeprefix(b"id: ").decode() if found else ""
