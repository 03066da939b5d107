"""The people of a workspace, and inviting more."""

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import RequestError
from chat_app.services import invitations, members
from chat_app.services.invitations import Made
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.people_forms import InvitationForm
from chat_app.web.roles import MEANINGS, ROLES

Ref = str | None


@bp.get("/settings/people")
def list_people() -> ResponseReturnValue:
    return _page(request.args.get("workspace"))


@bp.post("/settings/people/<workspace_id>/<user_id>/role")
def change_role(workspace_id: str, user_id: str) -> ResponseReturnValue:
    person, role = current.person(), request.form.get("role", "")
    try:
        members.change_role(current.runtime(), person, workspace_id, user_id, role)
    except RequestError as error:
        return _page(workspace_id, error)
    return _back(workspace_id)


@bp.post("/settings/people/<workspace_id>/<user_id>/remove")
def remove_person(workspace_id: str, user_id: str) -> ResponseReturnValue:
    person = current.person()
    try:
        members.remove(current.runtime(), person, workspace_id, user_id)
    except RequestError as error:
        return _page(workspace_id, error)
    if user_id == str(person.id):
        return redirect(url_for("web.home"), 303)
    return _back(workspace_id)


@bp.post("/settings/people/<workspace_id>/invitations")
def invite(workspace_id: str) -> ResponseReturnValue:
    person, form = current.person(), InvitationForm()
    try:
        form.check()
        given = (form.text("role"), int(form.text("days")), form.uses.data or 1)
        made = invitations.create(current.runtime(), person, workspace_id, *given)
    except RequestError as error:
        return _page(workspace_id, error, form)
    return _page(workspace_id, made=made)


@bp.post("/settings/people/<workspace_id>/invitations/<invitation_id>/revoke")
def revoke_invitation(workspace_id: str, invitation_id: str) -> ResponseReturnValue:
    invitations.revoke(current.runtime(), current.person(), invitation_id)
    return _back(workspace_id)


def _back(workspace_id: str) -> ResponseReturnValue:
    return redirect(url_for("web.list_people", workspace=workspace_id), 303)


def _page(
    workspace_id: Ref,
    error: RequestError | None = None,
    form: InvitationForm | None = None,
    made: Made | None = None,
) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    workspace = members.get_workspace(rt, person, workspace_id)
    roles = members.roles_to_give(person, workspace.id)
    page = shell.page(
        "people.html",
        workspace=workspace,
        workspaces=members.list_workspaces(rt, person),
        members=members.list_members(rt, person, workspace.id),
        invitations=invitations.list_open(rt, person, workspace.id) if roles else [],
        roles=ROLES,
        meanings=MEANINGS,
        may_give=roles,
        form=form or InvitationForm(formdata=None),
        error=error,
        made=made,
    )
    response = make_response(page, error.http_status if error else 200)
    if made is not None:
        response.headers["Cache-Control"] = "no-store"  # the link is shown this once
    return response
