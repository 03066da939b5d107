"""Tools: what their servers listed, and what somebody decided about them."""

from dataclasses import dataclass
from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import ToolNotFound
from chat_app.runtime import Runtime
from chat_app.store.db import Session
from chat_app.store.projects import ProjectRow
from chat_app.store.tool_servers import system_servers
from chat_app.store.tools import ToolRow, tools_of
from chat_app.toolbox.offer import effective_policy
from chat_app.tools import policy

Ref = str | int


@dataclass(frozen=True)
class ToolShown:
    """A tool of a server. `policy` is the one that holds, `chosen` the one that somebody chose,
    `usual` what holds where nobody did.
    """

    id: int
    server_id: int
    name: str
    description: str
    input_schema: dict[str, Any]
    annotations: dict[str, Any]
    enabled: bool
    policy: str
    chosen: str | None
    usual: str
    changed: bool


def list_tools(
    rt: Runtime, person: Person, server: Ref, project: Ref | None = None
) -> list[ToolShown]:
    """The tools of a server of the system, or of this project.

    Raises `ToolServerNotFound`, `AccessDenied`, `ProjectNotFound`.
    """
    with rt.db.reading() as session:
        project_id = _project_id(session, person, project)
        row = access.tool_server(session, person, server, project_id)
        return [_shown(tool) for tool in tools_of(session, [row.id])]


def list_system_tools(rt: Runtime, person: Person) -> dict[int, list[ToolShown]]:
    """The tools of every server of the system, by server: what agents may be given.

    Raises `AccessDenied`.
    """
    person.must_see_system_tools()
    with rt.db.reading() as session:
        servers = [server.id for server in system_servers(session)]
        found: dict[int, list[ToolShown]] = {server_id: [] for server_id in servers}
        for tool in tools_of(session, servers):
            found[tool.server_id].append(_shown(tool))
    return found


def update_all(
    rt: Runtime,
    person: Person,
    server: Ref,
    wanted: dict[int, dict[str, Any]],
    project: Ref | None = None,
) -> None:
    """Change tools of one server, `{tool id: {"enabled", "policy"}}`, all or none of them.

    A tool that is that way already is left alone, so nobody agrees to it by the way. Raises
    `ToolServerNotFound`, `ToolNotFound`, `AccessDenied`, `ProjectNotFound`.
    """
    with rt.db.transaction() as session:
        project_id = _project_id(session, person, project)
        row = access.tool_server(session, person, server, project_id)
        known = {tool.id: tool for tool in tools_of(session, [row.id])}
        for tool_id, values in wanted.items():
            if (tool := known.get(tool_id)) is None:
                raise ToolNotFound
            _must_change(session, person, tool)
            for name, value in values.items():
                if getattr(tool, name) != value:
                    setattr(tool, name, value)
                    tool.changed = False


def update(
    rt: Runtime, person: Person, ref: Ref, changes: dict[str, Any], project: Ref | None = None
) -> ToolShown:
    """Change a tool, wherever it is, or one of this project. Who does agrees to what it is now.

    Raises `ToolNotFound`, `AccessDenied`, `ProjectNotFound`.
    """
    with rt.db.transaction() as session:
        project_id = _project_id(session, person, project)
        tool = access.tool(session, person, ref)
        if project_id is not None and tool.server.project_id != project_id:
            raise ToolNotFound
        _must_change(session, person, tool)
        for name, value in changes.items():
            setattr(tool, name, value)
        tool.changed = False
        return _shown(tool)


def _project_id(session: Session, person: Person, project: Ref | None) -> int | None:
    return None if project is None else access.project_to_manage(session, person, project).id


def _must_change(session: Session, person: Person, tool: ToolRow) -> None:
    if tool.server.project_id is None:
        person.must_operate()
    else:
        person.must_write(session.get_one(ProjectRow, tool.server.project_id).workspace_id)


def _shown(tool: ToolRow) -> ToolShown:
    return ToolShown(
        id=tool.id,
        server_id=tool.server_id,
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=tool.annotations,
        enabled=tool.enabled,
        policy=effective_policy(tool, tool.server, None),
        chosen=tool.policy,
        usual=policy.default(tool.server.is_system, tool.annotations),
        changed=tool.changed,
    )
