"""Invitations by link. Whoever has the secret sends it in a body: addresses are logged."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.auth import PersonOut
from chat_app.api.schemas.base import show
from chat_app.api.schemas.people import (
    InvitationIn,
    InvitationOut,
    InvitedOut,
    OfWorkspace,
    RegisterInvitedIn,
    SecretIn,
    WorkspaceOut,
)
from chat_app.services import invitations

bp = Blueprint("invitations", __name__, url_prefix="/api/invitations")


@bp.get("")
def list_invitations() -> ResponseReturnValue:
    person, wanted = current.person(), reading.query(OfWorkspace)
    found = invitations.list_open(current.runtime(), person, wanted.workspace_id)
    return {"items": [show(InvitationOut, row) for row in found], "next": None}


@bp.post("")
def create_invitation() -> ResponseReturnValue:
    person, body = current.person(), reading.body(InvitationIn)
    made = invitations.create(
        current.runtime(), person, body.workspace_id, body.role, body.days, body.uses
    )
    return show(InvitationOut, made.row) | {"secret": made.secret, "url": made.url}, 201


@bp.delete("/<invitation_id>")
def revoke_invitation(invitation_id: str) -> ResponseReturnValue:
    invitations.revoke(current.runtime(), current.person(), invitation_id)
    return "", 204


@bp.post("/look")
def look() -> ResponseReturnValue:
    return show(InvitedOut, invitations.look(current.runtime(), reading.body(SecretIn).secret))


@bp.post("/accept")
def accept() -> ResponseReturnValue:
    person, body = current.person(), reading.body(SecretIn)
    return show(WorkspaceOut, invitations.join(current.runtime(), person, body.secret))


@bp.post("/register")
def register() -> ResponseReturnValue:
    body = reading.body(RegisterInvitedIn)
    user = invitations.register(
        current.runtime(), body.secret, body.email, body.password, body.name
    )
    return show(PersonOut, user), 201
