"""An installation in the process of the tests, whose engine runs, and AI servers that obey."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
from flask import Flask
from gevent.queue import Queue

from chat_app import create_app
from chat_app.runtime import Runtime
from chat_app.services import tokens
from chat_app.streaming.pace import Pace
from tests.clients import Client
from tests.conftest import settings_at
from tests.faults.ai_server import AiServer
from tests.faults.remote.oracle import Relayed, untruths
from tests.faults.remote.plan import Plan
from tests.sockets import eventually

PATIENCE_S = 40.0
# About ten times as fast as a real one.
QUICK = Pace(answer_s=1.0, silence_s=2.0, quiet_s=1.5, lost_s=5.0)
TOKEN = "a-token-of-the-AI-server"


@dataclass(frozen=True)
class Place:
    """A project, its AI server, and who speaks to it."""

    client: Client
    project_id: int
    ai_server: AiServer

    @property
    def runs(self) -> str:
        return f"/api/v1/projects/{self.project_id}/agent/runs"

    def start(self, plan: Plan) -> str:
        """The id of a run with this plan."""
        asked = {"spec": plan.spec}
        began = self.client.post(f"/api/v1/projects/{self.project_id}/agent/run", asked)
        assert began.status_code == 201, began.text
        return str(began.get_json()["run_id"])

    def watch(self, run_id: str, after: str = "") -> list[Relayed]:
        """The run's stream to its end, from after that event."""
        response = self.client.get(
            f"{self.runs}/{run_id}/stream", headers={"Last-Event-ID": after} if after else {}
        )
        assert response.status_code == 200, response.text
        return list(relayed(response.text))

    def run(self, run_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.client.get(f"{self.runs}/{run_id}").get_json()
        return shown


@dataclass
class Lab:
    """So many places at which plans are tried at the same time."""

    places: "Queue[Place]"

    def try_all(
        self,
        plans: Iterable[Plan],
        trial: Callable[[Place, Plan], list[str]],
        add: Callable[[str, list[str]], None],
    ) -> None:
        """Each plan in a trial at a free place; what it found is added to the tally."""

        def one(plan: Plan) -> None:
            place = self.places.get()
            found = [f"not within {PATIENCE_S:.0f} s"]
            with gevent.Timeout(PATIENCE_S, False):  # type: ignore[arg-type]
                found = trial(place, plan)
            add(str(plan), found)
            self.places.put(place)

        gevent.joinall([gevent.spawn(one, plan) for plan in plans], raise_error=True)


class Watched(Protocol):
    """Where a plan can be run and watched."""

    @property
    def ai_server(self) -> AiServer: ...

    def start(self, plan: Plan) -> str: ...

    def watch(self, run_id: str, after: str = "") -> list[Relayed]: ...

    def run(self, run_id: str) -> dict[str, Any]: ...


def followed(place: Watched, plan: Plan) -> list[str]:
    """Run the plan and watch it: what is untrue of what was seen, then and once more afterwards."""
    run_id = place.start(plan)
    seen = place.watch(run_id)
    found = untruths(plan, seen, place.run(run_id), place.ai_server.begun[plan.seed])
    return found + replayed(place, run_id, seen, plan.seed)


def stopped(place: Place, plan: Plan) -> list[str]:
    """As `followed`, and somebody stops the run when the task holds."""
    run_id = place.start(plan)

    def holds() -> bool:
        task = place.ai_server.task_of(plan)
        return task is not None and task.told == plan.hold_after

    eventually(holds)
    assert place.client.post(f"{place.runs}/{run_id}/stop").status_code in (200, 202)
    seen = place.watch(run_id)
    found = untruths(plan, seen, place.run(run_id), place.ai_server.begun[plan.seed])
    if not place.ai_server.stopped:
        found.append("the AI server was not told to stop")
    place.ai_server.stopped.clear()
    return found + replayed(place, run_id, seen, plan.seed)


def replayed(place: Watched, run_id: str, seen: list[Relayed], seed: int) -> list[str]:
    """What is different when the run is watched again, whole and from somewhere on."""
    cut = random.Random(seed).randrange(len(seen))  # the last event is always still to come
    if cut and seen[cut - 1].seq is None:  # what has no id comes with what is after it
        cut -= 1
    numbers = [one.seq for one in seen[:cut] if one.seq is not None]
    after = f"{run_id}:{numbers[-1]}" if numbers else ""
    found = [] if place.watch(run_id) == seen else ["a replay is not what was seen"]
    rest = seen[cut:]
    return found if place.watch(run_id, after) == rest else [*found, f"after {after} it differs"]


def relayed(text: str) -> Iterator[Relayed]:
    """The events of our own stream; what only moves the cursor is left out."""
    for block in text.split("\n\n"):
        fields = [line.partition(": ")[::2] for line in block.split("\n")]
        data = [value for name, value in fields if name == "data"]
        named = dict(fields)
        if data:
            seq = int(named["id"].rpartition(":")[2]) if "id" in named else None
            yield Relayed(seq, named.get("event", "message"), "\n".join(data))


@contextmanager
def laboratory(url: str, size: int, pace: Pace = QUICK) -> Iterator[Lab]:
    """An installation with so many projects, each with an AI server of its own."""
    app = create_app(settings_at(url, "http://127.0.0.1:1/v1"), pace=pace)
    rt: Runtime = app.extensions["holdfast"]
    rt.keeper.start()
    rt.supervisor.start()
    lab = Lab(Queue())
    with ExitStack() as open:
        open.callback(rt.close)
        for _ in range(size):
            lab.places.put(_place(app, open.enter_context(AiServer(TOKEN))))
        yield lab


def _place(app: Flask, ai_server: AiServer) -> Place:
    rt: Runtime = app.extensions["holdfast"]
    owner = tokens.owner_of(rt, rt.settings.admin_email)
    client = Client(app, tokens.issue(rt, owner.id, "lab", tokens.SCOPES, 1).secret)
    fields = {"name": "Lab", "ai_server_url": ai_server.url, "ai_server_token": TOKEN}
    made = client.post("/api/v1/projects", fields)
    assert made.status_code == 201, made.text
    path = f"/api/v1/projects/{made.get_json()['id']}"
    client.post(f"{path}/provision")
    eventually(lambda: client.get(path).get_json()["status"] == "READY")
    return Place(client, made.get_json()["id"], ai_server)
