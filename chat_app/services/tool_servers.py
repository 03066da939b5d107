"""Tool servers: the system's, which operators declare, and those of projects.

Each function takes the project that a server is of, by id or public id; None is the system.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chat_app import access, audit
from chat_app.access import Person
from chat_app.egress import Networks
from chat_app.errors import Conflict, InvalidRequest, QuotaExceeded, ToolServerNotFound
from chat_app.runtime import Runtime
from chat_app.store.db import Session
from chat_app.store.projects import ProjectRow
from chat_app.store.tool_servers import (
    PROJECT,
    SYSTEM,
    ToolServerRow,
    servers_of_project,
    system_server_by_name,
    system_servers,
)
from chat_app.store.tools import tools_of
from chat_app.toolbox import clients
from chat_app.toolbox.reaching import (
    BY_ADDRESS,
    BY_COMMAND_ONLY,
    check_changes,
    check_new,
    fill,
)

SYSTEM_SERVERS_MAX = 200

Ref = str | int


@dataclass(frozen=True)
class ServerShown:
    """A tool server as a person may see it. `url` and `command` are None where they are not theirs
    to know; `has_key` is true for a key and for headers.
    """

    id: int
    name: str
    scope: str
    project_id: int | None
    transport: str
    url: str | None
    has_key: bool
    state: str
    state_message: str | None
    last_sync: datetime | None
    enabled: bool
    has_api_key: bool
    has_headers: bool
    command: tuple[str, ...] | None


@dataclass(frozen=True)
class Reached:
    """A server that answered: how many tools it has now, and how long that took."""

    tools: int
    state: str
    duration_ms: int


def list_servers(rt: Runtime, person: Person, project: Ref | None = None) -> list[ServerShown]:
    """Raises `AccessDenied`, `ProjectNotFound`."""
    with rt.db.reading() as session:
        if (place := _place(session, person, project)) is not None:
            found = servers_of_project(session, place.id)
        else:
            person.must_see_system_tools()
            found = system_servers(session)
    return [_shown(person, row) for row in found]


def get(rt: Runtime, person: Person, ref: Ref, project: Ref | None = None) -> ServerShown:
    """Raises `ToolServerNotFound`, `AccessDenied`, `ProjectNotFound`."""
    with rt.db.reading() as session:
        return _shown(person, _find(session, person, ref, project))


def named(rt: Runtime, person: Person, ref: str, project: Ref | None = None) -> ServerShown:
    """For the shell: the server with this id, whosever it is, or with this name there.

    Raises `AccessDenied`, `ToolServerNotFound`, `ProjectNotFound`.
    """
    person.must_operate()
    with rt.db.reading() as session:
        place = _place(session, person, project)
        server_id = access.number(ref)
        by_id = session.get(ToolServerRow, server_id) if server_id is not None else None
        if by_id is not None and place is not None and by_id.project_id != place.id:
            by_id = None
        found = by_id or _same_name(session, place.id if place else None, ref)
    if found is None:
        raise ToolServerNotFound
    return _shown(person, found)


def create(
    rt: Runtime, person: Person, fields: dict[str, Any], project: Ref | None = None
) -> ServerShown:
    """A new server with an address, not yet reached.

    Raises `AccessDenied`, `ProjectNotFound`, `Conflict` for a name that is taken,
    `InvalidRequest`, `QuotaExceeded`.
    """
    fields = {"transport": "http"} | fields
    if fields["transport"] not in BY_ADDRESS:
        raise InvalidRequest("A server with a command is declared at the shell.", field="transport")
    with rt.db.transaction() as session:
        place = _place(session, person, project)
        return _shown(person, _add(rt, session, person, place, fields))


def declare(rt: Runtime, person: Person, fields: dict[str, Any]) -> ServerShown:
    """A new server of the system that is a command: for the shell only.

    Whoever may call this runs programs on this machine, so no door of HTTP does. Raises
    `AccessDenied`, `Conflict`, `InvalidRequest`, `QuotaExceeded`.
    """
    with rt.db.transaction() as session:
        fields = fields | {"transport": "stdio"}
        return _shown(person, _add(rt, session, person, None, fields))


def update(
    rt: Runtime, person: Person, ref: Ref, changes: dict[str, Any], project: Ref | None = None
) -> ServerShown:
    """Change a server; one that is reached otherwise from now on is a draft again.

    Raises `ToolServerNotFound`, `AccessDenied`, `ProjectNotFound`, `Conflict`, `InvalidRequest`.
    """
    for name in BY_COMMAND_ONLY:
        if name in changes:
            raise InvalidRequest("A command is declared at the shell.", field=name)
    return _change(rt, person, ref, changes, project)


def redeclare(rt: Runtime, person: Person, ref: Ref, changes: dict[str, Any]) -> ServerShown:
    """As `update`, of a system server and with the command itself: for the shell only."""
    return _change(rt, person, ref, changes, None)


def _change(
    rt: Runtime, person: Person, ref: Ref, changes: dict[str, Any], project: Ref | None
) -> ServerShown:
    with rt.db.transaction() as session:
        row = _find(session, person, ref, project)
        _must_change(session, person, row.project_id)
        check_changes(row, changes, _guard(rt, person))
        if "name" in changes:
            _check_name(session, row.project_id, changes["name"], row.id)
        clients.change(session, row, changes, rt.cipher)
        is_moved = fill(row, changes, rt.cipher)
        _note(session, person, "tool_server_changed", row)
        if "url" in changes:
            row.by_operator = person.is_operator
    if is_moved or not row.enabled:
        rt.tool_servers.forget(row.id)
    return _shown(person, row)


def delete(rt: Runtime, person: Person, ref: Ref, project: Ref | None = None) -> None:
    """Delete a server with its tools; agents go on without them.

    Raises `ToolServerNotFound`, `AccessDenied`, `ProjectNotFound`.
    """
    with rt.db.transaction() as session:
        row = _find(session, person, ref, project)
        _must_change(session, person, row.project_id)
        session.delete(row)
        _note(session, person, "tool_server_deleted", row)
    rt.tool_servers.forget(row.id)


def sync(rt: Runtime, person: Person, ref: Ref, project: Ref | None = None) -> ServerShown:
    """Ask a server for its tools now, and store them.

    Raises `ToolServerNotFound`, `AccessDenied`, `ProjectNotFound`, or what is wrong as
    `ToolUnavailable` or `ToolTimeout`, which its state then says, too.
    """
    with rt.db.reading() as session:
        found = _find(session, person, ref, project)
        _must_change(session, person, found.project_id)
    row = rt.tool_servers.sync(found.id, person.id)
    if not row.enabled:
        rt.tool_servers.forget(row.id)  # asked for once; nobody is to use it
    return _shown(person, row)


def check(rt: Runtime, person: Person, ref: Ref, project: Ref | None = None) -> Reached:
    """Whether a server answers; what it lists is stored. Raises as `sync` does."""
    began = time.perf_counter()
    server = sync(rt, person, ref, project)
    took_ms = round((time.perf_counter() - began) * 1000)
    with rt.db.reading() as session:
        return Reached(len(tools_of(session, [server.id])), server.state, took_ms)


def _place(session: Session, person: Person, project: Ref | None) -> ProjectRow | None:
    return None if project is None else access.project_to_manage(session, person, project)


def _find(session: Session, person: Person, ref: Ref, project: Ref | None) -> ToolServerRow:
    place = _place(session, person, project)
    return access.tool_server(session, person, ref, place.id if place else None)


def _must_change(session: Session, person: Person, project_id: int | None) -> None:
    if project_id is None:
        person.must_operate()
    else:
        person.must_write(session.get_one(ProjectRow, project_id).workspace_id)


def _add(
    rt: Runtime, session: Session, person: Person, place: ProjectRow | None, fields: dict[str, Any]
) -> ToolServerRow:
    project_id = place.id if place else None
    _must_change(session, person, project_id)
    scope = SYSTEM if place is None else PROJECT
    row = ToolServerRow(scope=scope, project_id=project_id, by_operator=person.is_operator)
    check_new(fields, _guard(rt, person))
    _check_room(rt, session, place)
    _check_name(session, project_id, fields["name"], None)
    fill(row, fields, rt.cipher)
    session.add(row)
    session.flush()
    clients.change(session, row, fields, rt.cipher)
    _note(session, person, "tool_server_made", row)
    return row


def _note(session: Session, person: Person, kind: str, row: ToolServerRow) -> None:
    """For those who run the project's workspace; the system's are the operators'."""
    project = session.get(ProjectRow, row.project_id) if row.project_id else None
    audit.note(session, person, kind, row.name, project.workspace_id if project else None)


def _guard(rt: Runtime, person: Person) -> Networks | None:
    """Where the addresses that this person types may lead; None is anywhere."""
    return None if person.is_operator else Networks(rt.settings.egress_allow)


def _check_room(rt: Runtime, session: Session, place: ProjectRow | None) -> None:
    if place is None:
        if len(system_servers(session)) >= SYSTEM_SERVERS_MAX:
            raise QuotaExceeded(f"There may be {SYSTEM_SERVERS_MAX} tool servers at most.")
        return
    # Locked, or two at once would both find room for the last one.
    session.refresh(place, with_for_update=True)
    most = rt.settings.tool_servers_max
    if len(servers_of_project(session, place.id)) >= most:
        raise QuotaExceeded(f"A project may have {most} tool servers at most.")


def _check_name(session: Session, project_id: int | None, name: str, own_id: int | None) -> None:
    same = _same_name(session, project_id, name)
    if same is not None and same.id != own_id:
        raise Conflict("There is a tool server with this name already.", field="name")


def _same_name(session: Session, project_id: int | None, name: str) -> ToolServerRow | None:
    if project_id is None:
        return None if "\0" in name else system_server_by_name(session, name)
    found = servers_of_project(session, project_id)
    return next((server for server in found if server.name == name), None)


def _shown(person: Person, row: ToolServerRow) -> ServerShown:
    # An address may hold a secret, and the system's are the operator's.
    is_theirs = person.is_operator or not row.is_system
    return ServerShown(
        id=row.id,
        name=row.name,
        scope=row.scope,
        project_id=row.project_id,
        transport=row.transport,
        url=row.url if is_theirs else None,
        has_key=row.has_key,
        state=row.state,
        state_message=row.state_message,
        last_sync=row.last_sync,
        enabled=row.enabled,
        has_api_key=row.api_key_encrypted is not None,
        has_headers=row.headers_encrypted is not None,
        command=tuple(row.command) if row.command and person.is_operator else None,
    )
