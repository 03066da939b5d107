"""Remote runs for tests: a project with an AI server, and what its watchers read."""

from dataclasses import dataclass
from typing import Any

import orjson

from chat_app.access import Person
from chat_app.runtime import Runtime
from chat_app.services import remote_runs, users
from chat_app.services.remote_runs import RemoteRun
from chat_app.store.projects import READY, ProjectRow
from chat_app.store.remote_tasks import RemoteTaskRow
from chat_app.store.runs import RunRow, run_by_public_id
from chat_app.streaming import opening
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.follow import Listener
from chat_app.streaming.hangup import Hangup
from tests.faults.ai_server import AiServer
from tests.faults.remote.plan import Plan
from tests.streaming.runs import wait_until


def project(rt: Runtime, url: str | None, **fields: Any) -> int:
    """The id of a new project of the first operator, ready unless told otherwise."""
    about = {"name": "Builder", "status": READY, "by_operator": True, "ai_server_url": url}
    with rt.db.transaction() as session:
        row = ProjectRow(workspace_id=1, owner_id=1, **(about | fields))
        session.add(row)
        session.flush()
        return row.id


@dataclass
class Builder:
    """The operator, in a project of theirs whose AI server plays plans."""

    rt: Runtime
    server: AiServer
    project_id: int
    person: Person

    @classmethod
    def at(cls, rt: Runtime, server: AiServer, **fields: Any) -> "Builder":
        return cls(rt, server, project(rt, server.url, **fields), users.operator(rt))

    def start(self, plan: Plan) -> RemoteRun:
        return remote_runs.start(self.rt, self.person, self.project_id, plan.spec)

    def get(self, run: RemoteRun) -> RemoteRun:
        return remote_runs.get(self.rt, self.person, self.project_id, run.run_id)

    def stop(self, run: RemoteRun) -> RemoteRun:
        return remote_runs.stop(self.rt, self.person, self.project_id, run.run_id)

    def ended(self, run: RemoteRun) -> RemoteRun:
        """The run, once it has ended."""
        wait_until(lambda: not self.get(run).is_live)
        return self.get(run)

    def raw(self, run: RemoteRun, cursor: str | None = None) -> bytes:
        """The bytes of its stream, read to the end."""
        listener = Listener(cursor, Hangup())
        place = (self.rt, self.person, self.project_id, run.run_id)
        return b"".join(remote_runs.stream(*place, listener))

    def told(self, run: RemoteRun) -> list[tuple[str, str]]:
        """Name and data of the events of its stream, read to the end."""
        return [(event.name, event.data) for event in named_events(self.raw(run)) if event.name]


@dataclass(frozen=True)
class Named:
    """An event as a client reads it; no name, and no data, where it only moves the cursor."""

    id: str | None
    name: str
    data: str


def named_events(raw: bytes) -> list[Named]:
    """What is in the bytes of a stream of the log dialect, but for comments and `retry`."""
    found = []
    for block in raw.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line[:1] not in ("", ":")]
        fields = [line.split(": ", 1) for line in lines if not line.startswith("retry")]
        by_name = dict(fields)
        data = "\n".join(value for name, value in fields if name == "data")
        if by_name:
            found.append(Named(by_name.get("id"), by_name.get("event", ""), data))
    return found


def run_row(rt: Runtime, run: RemoteRun) -> RunRow:
    with rt.db.reading() as session:
        row = run_by_public_id(session, run.run_id)
    assert row is not None
    return row


def ref(rt: Runtime, run: RemoteRun) -> RunRef:
    with rt.db.reading() as session:
        return opening.ref(session, run_row(rt, run))


def task_row(rt: Runtime, run: RemoteRun) -> RemoteTaskRow:
    with rt.db.reading() as session:
        return session.get_one(RemoteTaskRow, run_row(rt, run).id)


def logs(plan: Plan) -> list[tuple[str, str]]:
    """What a watcher is to read of a task that goes well."""
    end = {"success": "Task success", "failed": f"Task failed: {plan.why}"}
    return [*plan.said, ("status", end[plan.end])]


def as_json(data: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(data)
    return found
