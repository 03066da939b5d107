"""Projects: the list of them, making, changing and deleting one."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import RequestError
from chat_app.services import projects
from chat_app.web import shell
from chat_app.web.agent_form import VARIABLES
from chat_app.web.blueprint import bp
from chat_app.web.project_form import ProjectForm
from chat_app.web.remote_words import BACKENDS, CONTEXT_VARIABLES, PROJECT_STATUSES

LIST = "web.list_projects"


@bp.get("/settings/projects")
def list_projects() -> ResponseReturnValue:
    found = projects.list_projects(current.runtime(), current.person())
    return shell.page("projects.html", section=LIST, projects=found, statuses=PROJECT_STATUSES)


@bp.get("/settings/projects/new")
def new_project() -> ResponseReturnValue:
    return _new(ProjectForm(data={"backend": "process" if _may_start_one() else "url"}))


@bp.post("/settings/projects/new")
def create_project() -> ResponseReturnValue:
    form = ProjectForm()
    try:
        made = projects.create(current.runtime(), current.person(), form.fields())
    except RequestError as error:
        return _new(form, error), error.http_status
    return redirect(url_for("web.show_project", project_id=made.id), 303)


@bp.get("/settings/projects/<project_id>/edit")
def edit_project(project_id: str) -> ResponseReturnValue:
    project = _managed(project_id)
    form = ProjectForm(obj=project)
    if project.backend == "process":
        form.ai_server_url.data = ""  # it is ours, and another one after each start
    return _settings(project, form)


@bp.post("/settings/projects/<project_id>/edit")
def change_project(project_id: str) -> ResponseReturnValue:
    project, form = _managed(project_id), ProjectForm()
    try:
        projects.update(current.runtime(), current.person(), project_id, form.fields())
    except RequestError as error:
        return _settings(project, form, error), error.http_status
    return redirect(url_for("web.edit_project", project_id=project_id, saved=1), 303)


@bp.post("/settings/projects/<project_id>/delete")
def delete_project(project_id: str) -> ResponseReturnValue:
    projects.delete(current.runtime(), current.person(), project_id)
    return redirect(url_for(LIST), 303)


def _managed(project_id: str) -> Any:
    """The project, for who may change it. Raises `ProjectNotFound`, `AccessDenied`."""
    return projects.to_change(current.runtime(), current.person(), project_id)


def _new(form: ProjectForm, error: RequestError | None = None) -> str:
    person = current.person()
    person.must_write(person.home)
    return _settings(None, form, error)


def _settings(project: Any, form: ProjectForm, error: RequestError | None = None) -> str:
    return shell.page(
        "project_edit.html",
        section=LIST,
        project=project,
        form=form,
        error=error,
        variables=VARIABLES | CONTEXT_VARIABLES,
        # Where nobody configured a command there is nothing to choose, and only a way back.
        backends=BACKENDS if _may_start_one() or form.backend.data == "process" else {},
        saved="saved" in request.args,
    )


def _may_start_one() -> bool:
    return bool(current.runtime().settings.ai_server_command)
