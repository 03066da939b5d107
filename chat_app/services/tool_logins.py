"""Signing in to tool servers (OAuth), each person for themselves, and the page of them all."""

from dataclasses import dataclass
from datetime import datetime

from chat_app import access
from chat_app.access import Person
from chat_app.errors import (
    AccessDenied,
    HoldfastError,
    InvalidRequest,
    ProjectNotFound,
    ToolServerNotFound,
    ToolUnavailable,
)
from chat_app.runtime import Runtime
from chat_app.store.db import Session
from chat_app.store.projects import ProjectRow, projects_of
from chat_app.store.tool_logins import oauth_servers_used_by, servers_signed_in_to
from chat_app.store.tool_servers import OAUTH, ToolServerRow, servers_of_project, system_servers
from chat_app.store.tools import tool_counts
from chat_app.toolbox.reaching import BY_ADDRESS

Ref = str | int


@dataclass(frozen=True)
class ServerSeen:
    """A tool server on the page. `project` is None for the system's; `is_signed_in` is None where
    nobody has to sign in; `tools` is how many it listed; `may_open` is whether its tools are for
    them to look at.
    """

    id: int
    name: str
    project: str | None
    project_id: int | None
    transport: str
    state: str
    state_message: str | None
    last_sync: datetime | None
    enabled: bool
    tools: int
    is_signed_in: bool | None
    may_sync: bool
    may_open: bool


@dataclass(frozen=True)
class CameBack:
    """What an authorization server sent along with the person."""

    state: str
    code: str | None
    iss: str | None
    error: str | None


def list_seen(rt: Runtime, person: Person) -> list[ServerSeen]:
    """The tool servers that a person may see, the system's first: those that they may manage, and
    of all others those to which agents and channels of theirs want them to sign in.
    """
    with rt.db.reading() as session:
        projects = {project.id: project for project in _projects(session, person)}
        own = _system(session, person)
        for project_id in projects:
            own += servers_of_project(session, project_id)
        known = {row.id for row in own}
        used = oauth_servers_used_by(session, person.id, person.workspace_ids)
        rows = own + [row for row in used if row.id not in known]
        for row in rows:
            if row.project_id is not None and row.project_id not in projects:
                projects[row.project_id] = session.get_one(ProjectRow, row.project_id)
        signed_in = servers_signed_in_to(session, person.id)
        tools = tool_counts(session, [row.id for row in rows])
    rows.sort(key=lambda row: not row.is_system)
    return [
        ServerSeen(
            id=row.id,
            name=row.name,
            project=projects[row.project_id].name if row.project_id else None,
            project_id=row.project_id,
            transport=row.transport,
            state=row.state,
            state_message=row.state_message,
            last_sync=row.last_sync,
            enabled=row.enabled,
            tools=tools.get(row.id, 0),
            is_signed_in=row.id in signed_in if row.auth == OAUTH else None,
            may_sync=row.id in known and _may_change(person, row, projects),
            may_open=row.id in known,
        )
        for row in rows
    ]


def sees_any(rt: Runtime, person: Person) -> bool:
    """Whether there is anything on that page for them."""
    if person.managed_workspace_ids:
        return True
    with rt.db.reading() as session:
        return bool(
            projects_of(session, person.id, [])
            or oauth_servers_used_by(session, person.id, person.workspace_ids)
        )


def connect(rt: Runtime, person: Person, ref: Ref) -> str:
    """The address at which the person signs in to this server.

    Raises `ToolServerNotFound`, `AccessDenied`, `InvalidRequest` for one without sign-ins, and
    `ToolUnavailable`.
    """
    with rt.db.reading() as session:
        server = _find(session, person, ref)
    if server.transport not in BY_ADDRESS:
        raise InvalidRequest("Nobody has to sign in to this server.")
    if server.api_key_encrypted is not None:
        raise InvalidRequest("This server is used with a key, so nobody has to sign in.")
    return rt.sign_ins.begin(server, person.id)


def come_back(rt: Runtime, person: Person, answer: CameBack) -> ServerSeen:
    """Sign the person in with what they came back with; then the server's tools are read.

    Raises as `connect` does, and what is wrong with the tools as `ToolUnavailable`.
    """
    attempt = rt.sign_ins.take(person.id, answer.state)
    with rt.db.reading() as session:
        server = _find(session, person, attempt.server_id)
    rt.sign_ins.finish(server, attempt, answer.code, answer.iss, answer.error)
    try:
        rt.tool_servers.sync(server.id, person.id)
    except HoldfastError as error:
        raise ToolUnavailable(
            f"You are signed in to {server.name}, but its tools cannot be read. {error.message}"
        ) from error
    return seen(rt, person, server.id)


def disconnect(rt: Runtime, person: Person, ref: Ref) -> None:
    """Forget the person's tokens for this server. Raises `ToolServerNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        server = _find(session, person, ref)
    rt.sign_ins.end(server.id, person.id)


def seen(rt: Runtime, person: Person, ref: Ref) -> ServerSeen:
    """One of `list_seen`. Raises `ToolServerNotFound`."""
    server_id = access.number(ref)
    for server in list_seen(rt, person):
        if server.id == server_id:
            return server
    raise ToolServerNotFound


def _find(session: Session, person: Person, ref: Ref) -> ToolServerRow:
    """The server, if the person may sign in to it."""
    server_id = access.number(ref)
    row = session.get(ToolServerRow, server_id) if server_id is not None else None
    if row is None:
        raise ToolServerNotFound
    used = oauth_servers_used_by(session, person.id, person.workspace_ids)
    if all(row.id != one.id for one in used):
        _must_see(session, person, row)
    if "write" not in person.scopes:
        raise AccessDenied
    return row


def _must_see(session: Session, person: Person, row: ToolServerRow) -> None:
    if row.project_id is None:
        person.must_see_system_tools()
        return
    try:
        access.project_to_manage(session, person, row.project_id)
    except (ProjectNotFound, AccessDenied) as error:
        raise ToolServerNotFound from error


def _projects(session: Session, person: Person) -> list[ProjectRow]:
    found = projects_of(session, person.id, person.managed_workspace_ids)
    return [project for project in found if project.workspace_id in person.roles]


def _system(session: Session, person: Person) -> list[ToolServerRow]:
    try:
        person.must_see_system_tools()
    except AccessDenied:
        return []
    return system_servers(session)


def _may_change(person: Person, row: ToolServerRow, projects: dict[int, ProjectRow]) -> bool:
    if row.project_id is None:
        return person.is_operator and "write" in person.scopes
    return person.may_write(projects[row.project_id].workspace_id)
