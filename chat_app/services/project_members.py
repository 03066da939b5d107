"""Who uses a project besides its owner and those who run its workspace."""

from chat_app import access
from chat_app.access import Person
from chat_app.errors import InvalidRequest, UserNotFound
from chat_app.runtime import Runtime
from chat_app.store.projects import ProjectMemberRow, is_in_project, people_in_project
from chat_app.store.users import UserRow, user_by_email
from chat_app.store.workspaces import member_of

OWNER, MEMBER = "owner", "member"


def list_members(rt: Runtime, person: Person, ref: str | int) -> list[tuple[UserRow, str]]:
    """The owner, then the members by name, each with what they are.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        project = access.project(session, person, ref)
        owner = session.get_one(UserRow, project.owner_id)
        members = people_in_project(session, project.id)
    return [(owner, OWNER), *((user, MEMBER) for user in members)]


def add(
    rt: Runtime, person: Person, ref: str | int, user_id: int | None, email: str | None
) -> tuple[UserRow, str]:
    """Let somebody of the workspace use a project, by id or address; again is fine.

    Raises `ProjectNotFound`, `AccessDenied`, `UserNotFound`, `InvalidRequest` for neither.
    """
    if user_id is None and email is None:
        raise InvalidRequest("Say who: user_id or email.", field="user_id")
    with rt.db.transaction() as session:
        project = access.project_to_manage(session, person, ref)
        person.must_write(project.workspace_id)
        user = session.get(UserRow, user_id) if user_id else user_by_email(session, email or "")
        if user is None or member_of(session, project.workspace_id, user.id) is None:
            raise UserNotFound
        if user.id == project.owner_id:
            return user, OWNER
        if not is_in_project(session, project.id, user.id):
            session.add(ProjectMemberRow(project_id=project.id, user_id=user.id))
        return user, MEMBER


def remove(rt: Runtime, person: Person, ref: str | int, user_ref: str) -> None:
    """Take a member out; anybody may leave by themselves.

    Raises `ProjectNotFound`, `AccessDenied`, `UserNotFound` for who is no member.
    """
    user_id = access.number(user_ref)
    with rt.db.transaction() as session:
        project = access.project(session, person, ref)
        if user_id == person.id:
            person.must_act()
        else:
            project = access.project_to_manage(session, person, ref)
            person.must_write(project.workspace_id)
        member = session.get(ProjectMemberRow, (project.id, user_id)) if user_id else None
        if member is None:
            raise UserNotFound
        session.delete(member)
