"""The people of a workspace: who they are, what they may do there, and who leaves.

Owners and admins run a workspace. Nobody gives or takes a role above their own, and a workspace
keeps an owner. An operator may do all of it in every workspace.
"""

from chat_app import access, audit
from chat_app.access import Person, number
from chat_app.errors import AccessDenied, Conflict, InvalidRequest, UserNotFound
from chat_app.runtime import Runtime
from chat_app.store.channels import leave_channels
from chat_app.store.db import Session
from chat_app.store.invitations import revoke_invitations_of
from chat_app.store.projects import leave_projects
from chat_app.store.users import UserRow
from chat_app.store.workspaces import (
    ROLES,
    WorkspaceMemberRow,
    WorkspaceRow,
    count_owners,
    lock_workspace,
    member_of,
    people_of,
    workspaces_by_id,
)

ABOVE = "Only somebody with that role, or a higher one, can do this."


def list_workspaces(rt: Runtime, person: Person) -> list[WorkspaceRow]:
    """Those that the person is in; all of them for an operator."""
    with rt.db.reading() as session:
        ids = None if person.is_operator else person.workspace_ids
        return workspaces_by_id(session, ids)


def get_workspace(rt: Runtime, person: Person, ref: str | int | None) -> WorkspaceRow:
    """The workspace with this id; None is their first. Raises `WorkspaceNotFound`,
    `AccessDenied` for somebody who is in none."""
    with rt.db.reading() as session:
        return access.workspace(session, person, ref)


def list_members(rt: Runtime, person: Person, ref: str | int | None) -> list[tuple[UserRow, str]]:
    """The people of a workspace, each with the role, by name. Raises `WorkspaceNotFound`."""
    with rt.db.reading() as session:
        return people_of(session, access.workspace(session, person, ref).id)


def change_role(
    rt: Runtime, person: Person, ref: str | int, user_ref: str | int, role: str
) -> tuple[UserRow, str]:
    """Give a member another role.

    Raises `WorkspaceNotFound`, `AccessDenied`, `UserNotFound`, `InvalidRequest`, `Conflict` for
    the last owner.
    """
    if role not in ROLES:
        raise InvalidRequest(f"A role is one of: {', '.join(ROLES)}.", field="role")
    with rt.db.transaction() as session:
        workspace = access.workspace(session, person, ref)
        person.must_manage(workspace.id)
        member = _locked(session, workspace, user_ref)
        check_rank(person, workspace.id, member.role, role)
        if role != "owner":
            _keep_an_owner(session, member)
        user = session.get_one(UserRow, member.user_id)
        if role != member.role:
            about = f"{user.name}: {member.role} → {role}"
            audit.note(session, person, "member_role_changed", about, workspace.id)
        member.role = role
        if not user.is_operator:
            lost = set(ROLES) - set(_below(role))
            revoke_invitations_of(session, workspace.id, user.id, lost)
        return user, role


def remove(rt: Runtime, person: Person, ref: str | int, user_ref: str | int) -> None:
    """Take somebody out of a workspace and its channels; everybody may leave by themselves.

    Raises `WorkspaceNotFound`, `AccessDenied`, `UserNotFound`, `Conflict` for the last owner.
    """
    with rt.db.transaction() as session:
        workspace = access.workspace(session, person, ref)
        person.must_act()
        if number(user_ref) != person.id:
            person.must_manage(workspace.id)
        member = _locked(session, workspace, user_ref)
        if member.user_id != person.id:
            check_rank(person, workspace.id, member.role)
        _keep_an_owner(session, member)
        leave_channels(session, workspace.id, member.user_id)
        leave_projects(session, workspace.id, member.user_id)
        # Or a link that they kept would let them in again.
        revoke_invitations_of(session, workspace.id, member.user_id, ROLES)
        session.delete(member)
        name = session.get_one(UserRow, member.user_id).name
        audit.note(session, person, "member_removed", name, workspace.id)


def roles_to_give(person: Person, workspace_id: int) -> tuple[str, ...]:
    """The roles that this person can give to others there, the highest first."""
    if person.is_operator:
        return ROLES
    return _below(person.roles.get(workspace_id))


def check_rank(person: Person, workspace_id: int, *roles: str) -> None:
    """Raises `AccessDenied` where one of these roles is above the person's own."""
    if not set(roles) <= set(roles_to_give(person, workspace_id)):
        raise AccessDenied(ABOVE)


def _below(role: str | None) -> tuple[str, ...]:
    """What somebody with this role can give to others."""
    return ROLES[ROLES.index(role) :] if role in access.MANAGERS else ()


def _locked(session: Session, workspace: WorkspaceRow, user_ref: str | int) -> WorkspaceMemberRow:
    """The member, whom nobody else changes now: two owners cannot demote each other at once."""
    lock_workspace(session, workspace.id)
    user_id = number(user_ref)
    member = member_of(session, workspace.id, user_id) if user_id is not None else None
    if member is None:
        raise UserNotFound
    return member


def _keep_an_owner(session: Session, member: WorkspaceMemberRow) -> None:
    if member.role == "owner" and count_owners(session, member.workspace_id) <= 1:
        raise Conflict("A workspace keeps an owner. Make somebody else one first.")
