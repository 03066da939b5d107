"""A migrated database, on SQLite and PostgreSQL, with an agent and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.store import schema
from chat_app.store.agents import AgentRow
from chat_app.store.db import Database, Session
from chat_app.store.projects import ProjectRow
from chat_app.store.secrets import Cipher
from chat_app.store.tool_servers import AgentToolServerRow, ToolServerRow
from chat_app.store.tools import ToolRow
from chat_app.store.users import UserRow
from chat_app.store.workspaces import WorkspaceRow
from tests.template import KINDS, Template

CIPHER = Cipher(["a-secret-for-tests-long-enough"])


@pytest.fixture(scope="session")
def bare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(fill, request, tmp_path_factory.mktemp("bare"))


def fill(url: str) -> None:
    db = Database(url)
    schema.upgrade(db)
    with db.transaction() as session:
        session.add(WorkspaceRow(id=1, name="Home"))
        session.add(UserRow(id=1, email="a@example.com", name="Ann", password_hash=""))
        session.flush()
        session.add(AgentRow(id=1, workspace_id=1, name="Helper", handle="helper"))
        for number in (1, 2):
            session.add(ProjectRow(id=number, workspace_id=1, owner_id=1, name=f"P{number}"))
    db.close()


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, bare: Template, tmp_path: Path) -> Iterator[str]:
    """The address of such a database, once of each kind."""
    with bare.lent(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    db = Database(url)
    yield db
    db.close()


def add_server(session: Session, name: str, **values: object) -> ToolServerRow:
    """A connected system server that is offered to the agent, or a project's."""
    given = {"scope": "system", "transport": "http", "url": "http://x", "state": "connected"}
    server = ToolServerRow(name=name, **{**given, **values})
    session.add(server)
    session.flush()
    if server.is_system:
        session.add(AgentToolServerRow(agent_id=1, server_id=server.id))
    return server


def add_tool(session: Session, server: ToolServerRow, name: str, **values: object) -> ToolRow:
    given = {"input_schema": {}, "annotations": {}}
    tool = ToolRow(server_id=server.id, name=name, **{**given, **values})
    session.add(tool)
    session.flush()
    return tool
