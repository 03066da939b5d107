"""Projects: the list of them, and one with its tool servers and channels."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from chat_app import current
from chat_app.errors import RequestError
from chat_app.services import channels, projects, tool_servers
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import WITHOUT_NUL, Form, stripped, with_unix_lines
from chat_app.web.tools import TRANSPORTS

LIST = "web.list_projects"
CONTEXT_MAX_CHARS = 32_000
TOO_LONG = _("This is too long.")


class ProjectForm(Form):
    name = StringField(
        filters=[stripped],
        validators=[
            DataRequired(_("A project needs a name.")),
            Length(max=100, message=TOO_LONG),
            WITHOUT_NUL,
        ],
    )
    context = TextAreaField(
        filters=[with_unix_lines],
        validators=[Length(max=CONTEXT_MAX_CHARS, message=TOO_LONG), WITHOUT_NUL],
    )

    def fields(self) -> dict[str, Any]:
        """What the services take. Raises `InvalidRequest`."""
        self.check()
        return {"name": self.text("name"), "context": self.text("context")}


@bp.get("/settings/projects")
def list_projects() -> ResponseReturnValue:
    found = projects.list_projects(current.runtime(), current.person())
    return shell.page("projects.html", section=LIST, projects=found)


@bp.get("/settings/projects/new")
def new_project() -> ResponseReturnValue:
    return _new(ProjectForm())


@bp.post("/settings/projects/new")
def create_project() -> ResponseReturnValue:
    form = ProjectForm()
    try:
        made = projects.create(current.runtime(), current.person(), form.fields())
    except RequestError as error:
        return _new(form, error), error.http_status
    return redirect(url_for("web.show_project", project_id=made.id), 303)


@bp.get("/settings/projects/<project_id>")
def show_project(project_id: str) -> ResponseReturnValue:
    project = projects.get(current.runtime(), current.person(), project_id)
    return _page(project, ProjectForm(obj=project))


@bp.post("/settings/projects/<project_id>")
def change_project(project_id: str) -> ResponseReturnValue:
    rt, person, form = current.runtime(), current.person(), ProjectForm()
    project = projects.get(rt, person, project_id)
    try:
        projects.update(rt, person, project_id, form.fields())
    except RequestError as error:
        return _page(project, form, error), error.http_status
    return redirect(url_for("web.show_project", project_id=project_id, saved=1), 303)


@bp.post("/settings/projects/<project_id>/delete")
def delete_project(project_id: str) -> ResponseReturnValue:
    projects.delete(current.runtime(), current.person(), project_id)
    return redirect(url_for(LIST), 303)


def _new(form: ProjectForm, error: RequestError | None = None) -> str:
    person = current.person()
    person.must_write(person.home)
    return shell.page("project.html", section=LIST, project=None, form=form, error=error)


def _page(project: Any, form: ProjectForm, error: RequestError | None = None) -> str:
    rt, person = current.runtime(), current.person()
    return shell.page(
        "project.html",
        section=LIST,
        project=project,
        form=form,
        error=error,
        servers=tool_servers.list_servers(rt, person, project.id),
        channels=channels.list_of_project(rt, person, project.id),
        transports=TRANSPORTS,
        may_change=person.may_write(project.workspace_id),
        saved="saved" in request.args,
    )
