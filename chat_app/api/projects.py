"""Projects, by either id."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.auth import MemberOut
from chat_app.api.schemas.base import show
from chat_app.api.schemas.projects import ProjectChanges, ProjectIn, ProjectMemberIn, ProjectOut
from chat_app.services import project_members, projects

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


@bp.post("/<project_id>/provision")
def provision_project(project_id: str) -> ResponseReturnValue:
    project = projects.provision(current.runtime(), current.person(), project_id)
    return show(ProjectOut, project), 202


@bp.post("/<project_id>/stop")
def stop_project(project_id: str) -> ResponseReturnValue:
    return show(ProjectOut, projects.stop(current.runtime(), current.person(), project_id))


@bp.get("/<project_id>/members")
def list_members(project_id: str) -> ResponseReturnValue:
    found = project_members.list_members(current.runtime(), current.person(), project_id)
    items = [show(MemberOut, user) | {"role": role} for user, role in found]
    return {"items": items, "next": None}


@bp.post("/<project_id>/members")
def add_member(project_id: str) -> ResponseReturnValue:
    rt, person, body = current.runtime(), current.person(), reading.body(ProjectMemberIn)
    user, role = project_members.add(rt, person, project_id, body.user_id, body.email)
    return show(MemberOut, user) | {"role": role}, 201


@bp.delete("/<project_id>/members/<user_id>")
def remove_member(project_id: str, user_id: str) -> ResponseReturnValue:
    project_members.remove(current.runtime(), current.person(), project_id, user_id)
    return "", 204
