"""Projects: a context for channels, with tool servers of its own."""

from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import QuotaExceeded
from chat_app.runtime import Runtime
from chat_app.store.projects import ProjectRow, projects_of
from chat_app.store.tool_servers import servers_of_project

PROJECTS_MAX = 200


def list_projects(rt: Runtime, person: Person) -> list[ProjectRow]:
    """The person's own projects and those of the workspaces they run, newest first."""
    with rt.db.reading() as session:
        found = projects_of(session, person.id, person.managed_workspace_ids)
    # Who left a workspace left their projects there, too.
    return [project for project in found if project.workspace_id in person.roles]


def get(rt: Runtime, person: Person, ref: str | int) -> ProjectRow:
    """Raises `ProjectNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        return access.project(session, person, ref)


def create(rt: Runtime, person: Person, fields: dict[str, Any]) -> ProjectRow:
    """A new project of the person's own. Raises `AccessDenied`, `QuotaExceeded`."""
    workspace_id = person.home
    person.must_write(workspace_id)
    with rt.db.transaction() as session:
        if len(projects_of(session, person.id, [])) >= PROJECTS_MAX:
            raise QuotaExceeded(f"A person may have {PROJECTS_MAX} projects at most.")
        project = ProjectRow(workspace_id=workspace_id, owner_id=person.id, **fields)
        session.add(project)
        session.flush()
        return project


def update(rt: Runtime, person: Person, ref: str | int, changes: dict[str, Any]) -> ProjectRow:
    """Raises `ProjectNotFound`, `AccessDenied`."""
    with rt.db.transaction() as session:
        project = access.project(session, person, ref)
        person.must_write(project.workspace_id)
        for name, value in changes.items():
            setattr(project, name, value)
        return project


def delete(rt: Runtime, person: Person, ref: str | int) -> None:
    """Delete a project with its tool servers; its channels stay, without it.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    with rt.db.transaction() as session:
        project = access.project(session, person, ref)
        person.must_write(project.workspace_id)
        server_ids = [server.id for server in servers_of_project(session, project.id)]
        session.delete(project)
    for server_id in server_ids:
        rt.tool_servers.forget(server_id)
