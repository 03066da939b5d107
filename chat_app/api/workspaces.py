"""The workspaces that a person is in, and the people there."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.auth import MemberOut
from chat_app.api.schemas.base import show
from chat_app.api.schemas.people import RoleIn, WorkspaceOut
from chat_app.services import members

bp = Blueprint("workspaces", __name__, url_prefix="/api/workspaces")


@bp.get("")
def list_workspaces() -> ResponseReturnValue:
    person = current.person()
    found = members.list_workspaces(current.runtime(), person)
    items = [show(WorkspaceOut, row) | {"role": person.roles.get(row.id)} for row in found]
    return {"items": items, "next": None}


@bp.get("/<workspace_id>/members")
def list_members(workspace_id: str) -> ResponseReturnValue:
    found = members.list_members(current.runtime(), current.person(), workspace_id)
    items = [show(MemberOut, user) | {"role": role} for user, role in found]
    return {"items": items, "next": None}


@bp.patch("/<workspace_id>/members/<user_id>")
def change_member(workspace_id: str, user_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(RoleIn)
    user, role = members.change_role(current.runtime(), person, workspace_id, user_id, body.role)
    return show(MemberOut, user) | {"role": role}


@bp.delete("/<workspace_id>/members/<user_id>")
def remove_member(workspace_id: str, user_id: str) -> ResponseReturnValue:
    members.remove(current.runtime(), current.person(), workspace_id, user_id)
    return "", 204
