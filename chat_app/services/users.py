"""People: registering, the members of a workspace, passwords."""

from chat_app import audit, joining
from chat_app.access import Person
from chat_app.auth import passwords, secrets
from chat_app.errors import AccessDenied, Conflict, InvalidRequest, UserNotFound
from chat_app.runtime import Runtime
from chat_app.store.tokens import end_sessions
from chat_app.store.users import UserRow, all_users, first_operator, user_by_email
from chat_app.store.workspaces import ROLES, people_of, workspace_ids, workspaces_of


def register(rt: Runtime, email: str, password: str, name: str | None) -> UserRow:
    """Sign up: a new member of the first workspace.

    Raises `AccessDenied` where signing up is closed, `Conflict` for an address that is taken.
    """
    if not rt.settings.signup:
        raise AccessDenied("Signing up is closed here. An admin can add you.")
    return create(rt, email, password, name, role="member", is_own=True)


def create(
    rt: Runtime,
    email: str,
    password: str,
    name: str | None,
    role: str,
    is_operator: bool = False,
    is_own: bool = False,
) -> UserRow:
    """A new person in the first workspace, who did it themselves if `is_own`.

    Raises `InvalidRequest`, `Conflict`.
    """
    if role not in ROLES:
        raise InvalidRequest(f"A role is one of: {', '.join(ROLES)}.", field="role")
    password_hash = passwords.hash_password(passwords.checked(password))
    with rt.db.transaction() as session:
        user = joining.new_user(session, email, name, password_hash, is_operator)
        home = joining.come_home(session, user, role)
        who = user if is_own else None
        audit.note(session, who, "account_made", f"{user.email}: {role}", home)
        return user


def set_password(rt: Runtime, email: str, password: str) -> UserRow:
    """A new password; whoever is signed in with the old one is not any more.

    Raises `UserNotFound`, `InvalidRequest`.
    """
    password_hash = passwords.hash_password(passwords.checked(password))
    with rt.db.transaction() as session:
        user = user_by_email(session, email)
        if user is None:
            raise UserNotFound
        user.password_hash = password_hash
        end_sessions(session, user.id)
        home = next(iter(workspaces_of(session, user.id)), None)
        audit.note(session, None, "password_changed", user.email, home)
        return user


def list_users(rt: Runtime) -> list[UserRow]:
    """All people of the installation."""
    with rt.db.reading() as session:
        return all_users(session)


def operator(rt: Runtime) -> Person:
    """Who sits at the shell: the first operator, as an owner of every workspace.

    Raises `Conflict` where the installation has no operator yet.
    """
    with rt.db.reading() as session:
        user = first_operator(session)
        if user is None:
            raise Conflict(joining.EMPTY)
        return Person.of(user, dict.fromkeys(workspace_ids(session), "owner"))


def person(rt: Runtime, email: str) -> Person:
    """The person with this address, with the rights that are theirs. Raises `UserNotFound`."""
    with rt.db.reading() as session:
        user = user_by_email(session, email)
        if user is None:
            raise UserNotFound
        return Person.of(user, workspaces_of(session, user.id))


def members(rt: Runtime, person: Person) -> list[tuple[UserRow, str]]:
    """The people of the person's workspace, each with the role."""
    with rt.db.reading() as session:
        return people_of(session, person.home)


def new_password() -> str:
    """A password that nobody has to think up."""
    return secrets.new_password()
