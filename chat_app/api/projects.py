"""Projects, by either id."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.projects import ProjectChanges, ProjectIn, ProjectOut
from chat_app.services import projects

bp = Blueprint("projects", __name__, url_prefix="/api/v1/projects")


@bp.get("")
def list_projects() -> ResponseReturnValue:
    found = projects.list_projects(current.runtime(), current.person())
    return {"items": [show(ProjectOut, project) for project in found], "next": None}


@bp.post("")
def create_project() -> ResponseReturnValue:
    person, fields = current.person(), reading.body(ProjectIn).given()
    return show(ProjectOut, projects.create(current.runtime(), person, fields)), 201


@bp.get("/<project_id>")
def get_project(project_id: str) -> ResponseReturnValue:
    return show(ProjectOut, projects.get(current.runtime(), current.person(), project_id))


@bp.patch("/<project_id>")
def update_project(project_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(ProjectChanges).given()
    return show(ProjectOut, projects.update(current.runtime(), person, project_id, changes))


@bp.delete("/<project_id>")
def delete_project(project_id: str) -> ResponseReturnValue:
    projects.delete(current.runtime(), current.person(), project_id)
    return "", 204
