"""How people come in: new accounts, the workspace that is everybody's, and invitations.

For services, in a transaction of theirs.
"""

from chat_app import audit
from chat_app.auth import secrets
from chat_app.errors import Conflict, InvitationNotFound, InvitationOver
from chat_app.store.db import Session
from chat_app.store.invitations import InvitationRow, invitation_by_hash
from chat_app.store.users import NAME_MAX_CHARS, UserRow, user_by_email
from chat_app.store.workspaces import WorkspaceMemberRow, first_workspace

EMPTY = "The installation is empty. Run `flask --app wsgi db upgrade` first."
OVER = {
    "revoked": "This invitation was taken back.",
    "used": "This invitation was used already.",
    "expired": "This invitation has expired.",
}


def new_user(
    session: Session,
    email: str,
    name: str | None,
    password_hash: str | None,
    is_operator: bool = False,
) -> UserRow:
    """Somebody who is in no workspace yet. Raises `Conflict` for an address that is taken."""
    email = email.strip().lower()
    if user_by_email(session, email) is not None:
        raise Conflict("There is an account with this email already.", field="email")
    user = UserRow(
        email=email,
        name=name or email.partition("@")[0][:NAME_MAX_CHARS],
        password_hash=password_hash,
        is_operator=is_operator,
    )
    session.add(user)
    session.flush()
    return user


def come_home(session: Session, user: UserRow, role: str) -> int:
    """Let them into the first workspace; gives its id. Raises `Conflict` where there is none."""
    workspace = first_workspace(session)
    if workspace is None:
        raise Conflict(EMPTY)
    session.add(WorkspaceMemberRow(workspace_id=workspace.id, user_id=user.id, role=role))
    return workspace.id


def open_invitation(session: Session, secret: str, is_locked: bool = False) -> InvitationRow:
    """Raises `InvitationNotFound`, `InvitationOver`. Locked, nobody else uses it meanwhile."""
    row = invitation_by_hash(session, secrets.token_hash(secret), is_locked)
    if row is None:
        raise InvitationNotFound("There is no such invitation. The link may be cut short.")
    if row.state != "open":
        raise InvitationOver(OVER[row.state])
    return row


def let_in(session: Session, row: InvitationRow, user: UserRow) -> None:
    """The row is locked: nobody takes the last place at the same time."""
    row.uses += 1
    member = WorkspaceMemberRow(workspace_id=row.workspace_id, user_id=user.id, role=row.role)
    session.add(member)
    about = f"{user.name}: {row.role} (#{row.id})"
    audit.note(session, user, "member_joined", about, row.workspace_id)
