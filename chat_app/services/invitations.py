"""Invitations by link: who has the secret joins the workspace, with the role it was made with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chat_app import access, audit, joining
from chat_app.access import Person, number
from chat_app.auth import passwords, secrets
from chat_app.errors import (
    AccessDenied,
    InvalidRequest,
    InvitationNotFound,
    QuotaExceeded,
)
from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.invitations import InvitationRow, invitation_in, open_invitations
from chat_app.store.users import UserRow
from chat_app.store.workspaces import ROLES, WorkspaceRow, member_of

DAYS = 7
DAYS_MAX = 90
USES_MAX = 100
OPEN_MAX = 200


@dataclass(frozen=True)
class Made:
    """A fresh invitation: its link, shown this once, and the row that is kept of it."""

    url: str
    secret: str
    row: InvitationRow


@dataclass(frozen=True)
class Invited:
    """What somebody with the link is told."""

    workspace: str
    by: str | None
    role: str
    expires_at: datetime


def create(
    rt: Runtime,
    person: Person,
    ref: str | int | None,
    role: str = "member",
    days: int = DAYS,
    uses: int = 1,
) -> Made:
    """Raises `WorkspaceNotFound`, `AccessDenied`, `InvalidRequest`, `QuotaExceeded`."""
    _check(role, days, uses)
    secret = secrets.new_invitation()
    with rt.db.transaction() as session:
        workspace = access.workspace(session, person, ref)
        person.must_manage(workspace.id)
        own = "owner" if person.is_operator else person.roles[workspace.id]
        if ROLES.index(role) < ROLES.index(own):
            raise AccessDenied("Nobody invites people into a role above their own.")
        if len(open_invitations(session, workspace.id)) >= OPEN_MAX:
            raise QuotaExceeded(f"There may be {OPEN_MAX} open invitations at most.")
        row = InvitationRow(
            workspace_id=workspace.id,
            made_by_id=person.id,
            secret_hash=secrets.token_hash(secret),
            role=role,
            uses=0,
            uses_max=uses,
            expires_at=now() + timedelta(days=days),
        )
        session.add(row)
        session.flush()
        about = f"#{row.id}: {role}, {uses}×"
        audit.note(session, person, "invitation_made", about, workspace.id)
    return Made(f"{rt.settings.url}/invite/{secret}", secret, row)


def list_open(rt: Runtime, person: Person, ref: str | int | None) -> list[InvitationRow]:
    """Those of a workspace that are still good, newest first.

    Raises `WorkspaceNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        workspace = access.workspace(session, person, ref)
        person.must_oversee(workspace.id)
        return open_invitations(session, workspace.id)


def revoke(rt: Runtime, person: Person, ref: str | int) -> None:
    """Take an invitation back; whoever has joined by it stays.

    Raises `InvitationNotFound`, `AccessDenied`.
    """
    invitation_id = number(ref)
    with rt.db.transaction() as session:
        within = None if person.is_operator else person.workspace_ids
        found = invitation_in(session, within, invitation_id) if invitation_id else None
        if found is None:
            raise InvitationNotFound
        person.must_manage(found.workspace_id)
        if found.revoked_at is None:
            found.revoked_at = now()
            about = f"#{found.id}"
            audit.note(session, person, "invitation_revoked", about, found.workspace_id)


def look(rt: Runtime, secret: str) -> Invited:
    """Who invites into what. Raises `InvitationNotFound`, `InvitationOver`."""
    with rt.db.reading() as session:
        row = joining.open_invitation(session, secret)
        by = session.get(UserRow, row.made_by_id) if row.made_by_id else None
        workspace = session.get_one(WorkspaceRow, row.workspace_id)
        return Invited(workspace.name, by.name if by else None, row.role, row.expires_at)


def join(rt: Runtime, person: Person, secret: str) -> WorkspaceRow:
    """Let somebody who has an account in; who is in already keeps the role, and uses nothing up.

    Raises `InvitationNotFound`, `InvitationOver`, `AccessDenied`.
    """
    person.must_act()
    with rt.db.transaction() as session:
        row = joining.open_invitation(session, secret, is_locked=True)
        if member_of(session, row.workspace_id, person.id) is None:
            joining.let_in(session, row, session.get_one(UserRow, person.id))
        return session.get_one(WorkspaceRow, row.workspace_id)


def register(rt: Runtime, secret: str, email: str, password: str, name: str | None) -> UserRow:
    """A new person, in the workspace that the invitation leads to, were signing up closed or not.

    Raises `InvitationNotFound`, `InvitationOver`, `InvalidRequest`, `Conflict` for an address
    that is taken.
    """
    passwords.checked(password)
    look(rt, secret)  # a hash is work that nobody without an invitation makes us do
    password_hash = passwords.hash_password(password)
    with rt.db.transaction() as session:
        row = joining.open_invitation(session, secret, is_locked=True)
        user = joining.new_user(session, email, name, password_hash)
        audit.note(session, user, "account_made", user.email, row.workspace_id)
        joining.let_in(session, row, user)
        return user


def _check(role: str, days: int, uses: int) -> None:
    if role not in ROLES:
        raise InvalidRequest(f"A role is one of: {', '.join(ROLES)}.", field="role")
    if not 1 <= days <= DAYS_MAX:
        raise InvalidRequest(f"An invitation lasts 1 to {DAYS_MAX} days.", field="days")
    if not 1 <= uses <= USES_MAX:
        raise InvalidRequest(f"An invitation is for 1 to {USES_MAX} people.", field="uses")
