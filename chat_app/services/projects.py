"""Projects: a context for channels, with tool servers and an AI server of their own.

Who is a member uses a project; its owner and those who run its workspace change it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chat_app import access, audit
from chat_app.access import Person
from chat_app.egress import Networks
from chat_app.errors import InvalidRequest, ProjectNotFound, QuotaExceeded
from chat_app.provisioning import reaching
from chat_app.runtime import Runtime
from chat_app.store.ai_servers import disown_ai_server
from chat_app.store.db import Session
from chat_app.store.projects import (
    PROCESS,
    PROVISIONING,
    READY,
    RUNNING,
    STOPPED,
    URL,
    ProjectRow,
    count_projects_owned_by,
    lock_project,
    projects_used_by,
)
from chat_app.store.remote_tasks import busy_projects, live_run_of_project
from chat_app.store.tool_servers import servers_of_project
from chat_app.streaming import opening
from chat_app.streaming.dialects import RunRef

PROJECTS_MAX = 200

Ref = str | int


@dataclass(frozen=True)
class ProjectShown:
    """A project as its people see it. `status` is RUNNING while a READY one has a live run;
    `may_change` says whether this person may, whatever their token allows.
    """

    id: int
    public_id: str
    workspace_id: int
    owner_id: int
    name: str
    context: str
    spec: str
    backend: str
    ai_server_url: str | None
    has_token: bool
    status: str
    last_error: str | None
    created_at: datetime
    may_change: bool


def list_projects(rt: Runtime, person: Person) -> list[ProjectShown]:
    """What the person may use: their own projects, those they are members of, and those of the
    workspaces they run, newest first.
    """
    with rt.db.reading() as session:
        found = projects_used_by(session, person.id, person.managed_workspace_ids)
        # Who left a workspace left their projects there, too.
        return _shown(session, person, [row for row in found if row.workspace_id in person.roles])


def get(rt: Runtime, person: Person, ref: Ref) -> ProjectShown:
    """Raises `ProjectNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        return _show(session, person, access.project(session, person, ref))


def to_change(rt: Runtime, person: Person, ref: Ref) -> ProjectShown:
    """As `get`, for who may change it. Raises `ProjectNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        project = access.project_to_manage(session, person, ref)
        person.must_write(project.workspace_id)
        return _show(session, person, project)


def create(rt: Runtime, person: Person, fields: dict[str, Any]) -> ProjectShown:
    """A new project of the person's own. Without an address its AI server is a process, where the
    operator configured one.

    Raises `AccessDenied`, `QuotaExceeded`, `InvalidRequest`.
    """
    workspace_id = person.home
    person.must_write(workspace_id)
    is_process = bool(rt.settings.ai_server_command) and not fields.get("ai_server_url")
    fields = {"backend": PROCESS if is_process else URL} | fields
    with rt.db.transaction() as session:
        if count_projects_owned_by(session, person.id) >= PROJECTS_MAX:
            raise QuotaExceeded(f"A person may have {PROJECTS_MAX} projects at most.")
        project = ProjectRow(workspace_id=workspace_id, owner_id=person.id, backend=URL)
        _fill(rt, person, project, fields)
        session.add(project)
        session.flush()
        audit.note(session, person, "project_made", project.name, workspace_id)
        return _show(session, person, project)


def update(rt: Runtime, person: Person, ref: Ref, changes: dict[str, Any]) -> ProjectShown:
    """Change a project; one whose AI server is another one from now on is CREATED again.

    Raises `ProjectNotFound`, `AccessDenied`, `InvalidRequest`.
    """
    with rt.db.transaction() as session:
        project = _changeable(session, person, ref)
        if _fill(rt, person, project, changes):
            disown_ai_server(session, project.id)
        audit.note(session, person, "project_changed", project.name, project.workspace_id)
        shown = _show(session, person, project)
    rt.supervisor.ring()
    return shown


def delete(rt: Runtime, person: Person, ref: Ref) -> None:
    """Delete a project with its tool servers, its runs under way and its AI server; its channels
    stay, without it.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    project_id = _halt(rt, person, ref)
    with rt.db.transaction() as session:
        project = _changeable(session, person, project_id)
        server_ids = [server.id for server in servers_of_project(session, project.id)]
        session.delete(project)
        audit.note(session, person, "project_deleted", project.name, project.workspace_id)
    for server_id in server_ids:
        rt.tool_servers.forget(server_id)


def provision(rt: Runtime, person: Person, ref: Ref) -> ProjectShown:
    """Get the project its AI server, in the background: PROVISIONING, then READY or FAILED.

    One that is READY is asked again. Raises `ProjectNotFound`, `AccessDenied`, `InvalidRequest`.
    """
    with rt.db.transaction() as session:
        project = _changeable(session, person, ref)
        # Whether there is a command knows who supervises: a shell's environment may be another.
        if project.backend == URL and project.ai_server_url is None:
            raise InvalidRequest("Say first where its AI server is.", field="ai_server_url")
        project.status, project.last_error = PROVISIONING, None
        project.tries, project.next_try_at = 0, None
        audit.note(session, person, "project_provisioned", project.name, project.workspace_id)
        shown = _show(session, person, project)
    rt.supervisor.ring()
    return shown


def stop(rt: Runtime, person: Person, ref: Ref) -> ProjectShown:
    """Stop what the project does, and the AI server if it is a process of ours.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    project_id = _halt(rt, person, ref)
    with rt.db.transaction() as session:
        project = _changeable(session, person, project_id)
        audit.note(session, person, "project_stopped", project.name, project.workspace_id)
        return _show(session, person, project)


def _halt(rt: Runtime, person: Person, ref: Ref) -> int:
    """Let nothing new begin, then stop what is under way; the project's id."""
    with rt.db.transaction() as session:
        project = _changeable(session, person, ref)
        reaching.without_server(project, STOPPED)
        disown_ai_server(session, project.id)
        run = live_run_of_project(session, project.id)
        live: list[RunRef] = [opening.ref(session, run)] if run is not None else []
    rt.supervisor.ring()
    rt.engine.stop(live)
    return project.id


def _changeable(session: Session, person: Person, ref: Ref) -> ProjectRow:
    """The project, locked: nobody opens a run in it, or provisions it, meanwhile."""
    found = access.project_to_manage(session, person, ref)
    person.must_write(found.workspace_id)
    project = lock_project(session, found.id)
    if project is None:
        raise ProjectNotFound  # deleted since it was found
    return project


def _fill(rt: Runtime, person: Person, project: ProjectRow, fields: dict[str, Any]) -> bool:
    """Whether the AI server is another one from now on."""
    backend = fields.get("backend", project.backend)
    if backend == PROCESS != project.backend and not rt.settings.ai_server_command:
        raise InvalidRequest("The operator has not set AI_SERVER_COMMAND.", field="backend")
    for name, value in fields.items():
        if name not in reaching.TYPED:
            setattr(project, name, value)
    guard = Networks(rt.settings.egress_allow)
    return reaching.fill(project, fields, rt.cipher, person.is_operator, guard)


def _shown(session: Session, person: Person, rows: list[ProjectRow]) -> list[ProjectShown]:
    busy = busy_projects(session, [row.id for row in rows])
    return [
        ProjectShown(
            id=row.id,
            public_id=row.public_id,
            workspace_id=row.workspace_id,
            owner_id=row.owner_id,
            name=row.name,
            context=row.context,
            spec=row.spec,
            backend=row.backend,
            ai_server_url=row.ai_server_url,
            has_token=row.has_token,
            status=RUNNING if row.status == READY and row.id in busy else row.status,
            last_error=row.last_error,
            created_at=row.created_at,
            may_change=access.manages_project(person, row),
        )
        for row in rows
    ]


def _show(session: Session, person: Person, row: ProjectRow) -> ProjectShown:
    return _shown(session, person, [row])[0]
