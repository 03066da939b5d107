"""Projects with AI servers that are real processes, on each database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from chat_app.provisioning.holding import child_of
from chat_app.provisioning.supervisor import Supervisor
from chat_app.remote.children import Child, lives
from chat_app.store.ai_servers import AiServerRow, ai_server_of, disown_ai_server
from chat_app.store.db import Database
from chat_app.store.projects import PROCESS, PROVISIONING, ProjectRow
from tests.provisioning.supervising import ROOT, SERVER, supervisor
from tests.sockets import eventually
from tests.template import KINDS, Template

ELSEWHERE = (
    "import tests.patched, runpy;"
    "runpy.run_module('tests.provisioning.supervising', run_name='__main__')"
)


@pytest.fixture(scope="module", params=KINDS)
def migrated(
    request: pytest.FixtureRequest, template: Template, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The address of a migrated and seeded database, once of each kind."""
    return template.copy(request.param, tmp_path_factory.mktemp("provisioning"))


@dataclass
class Yard:
    """Where projects get their AI servers; `supervise` starts one more supervisor here."""

    db: Database
    url: str
    folder: Path
    started: list[Supervisor] = field(default_factory=list)

    def supervise(self, how: str = "works", **more: Any) -> Supervisor:
        """Here, with AI servers that are `how` (see ai_server.py)."""
        one, _ = supervisor(self.db, self.folder, more.pop("command", (*SERVER, how)), **more)
        one.start()
        self.started.append(one)
        return one

    @contextmanager
    def elsewhere(self, how: str = "works") -> "Iterator[subprocess.Popen[bytes]]":
        """A supervisor in a process of its own."""
        told = {"url": self.url, "folder": str(self.folder), "command": [*SERVER, how]}
        process = subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE, json.dumps(told)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def project(self, **fields: Any) -> int:
        """The id of a project that is to become ready."""
        fields = {"name": "P", "backend": PROCESS, "status": PROVISIONING} | fields
        with self.db.transaction() as session:
            project = ProjectRow(workspace_id=1, owner_id=1, **fields)
            session.add(project)
            session.flush()
            return project.id

    def read(self, project_id: int) -> ProjectRow:
        with self.db.reading() as session:
            return session.get_one(ProjectRow, project_id)

    def change(self, project_id: int, **fields: Any) -> None:
        with self.db.transaction() as session:
            for name, value in fields.items():
                setattr(session.get_one(ProjectRow, project_id), name, value)

    def child(self, project_id: int) -> Child | None:
        with self.db.reading() as session:
            row = ai_server_of(session, project_id)
        return child_of(row) if row else None

    def becomes(self, project_id: int, status: str) -> ProjectRow:
        eventually(lambda: self.read(project_id).status == status)
        return self.read(project_id)

    def ready(self, project_id: int) -> Child:
        self.becomes(project_id, "READY")
        child = self.child(project_id)
        assert child is not None
        assert lives(child)
        return child

    def stop(self, project_id: int) -> None:
        """As the service does it."""
        with self.db.transaction() as session:
            session.get_one(ProjectRow, project_id).status = "STOPPED"
            disown_ai_server(session, project_id)

    def starts(self, project_id: int) -> list[int]:
        """The pids of all AI servers that ever began for a project."""
        file = self.folder / self.read(project_id).public_id / "starts"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def rows(self) -> int:
        with self.db.reading() as session:
            return session.query(AiServerRow).count()

    def close(self) -> None:
        for one in self.started:
            one.stop()
        with self.db.transaction() as session:
            session.execute(delete(ProjectRow))
        supervisor(self.db, self.folder, ())[1].end_left()
        self.db.close()


@pytest.fixture
def yard(migrated: str, tmp_path: Path) -> Iterator[Yard]:
    found = Yard(Database(migrated), migrated, tmp_path)
    yield found
    found.close()
