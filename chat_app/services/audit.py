"""Reading the audit log. Writing it is chat_app/audit.py's."""

from chat_app.access import Person
from chat_app.audit import KINDS
from chat_app.errors import AccessDenied, InvalidRequest
from chat_app.runtime import Runtime
from chat_app.store.audit import AuditEventRow, Wanted, page_of_events
from chat_app.store.users import UserRow, all_users
from chat_app.store.workspaces import people_of

PAGE = 50


def list_events(
    rt: Runtime,
    person: Person,
    user_id: int | None = None,
    kind: str | None = None,
    before: int | None = None,
) -> tuple[list[AuditEventRow], int | None]:
    """A page of what happened in the workspaces that the person runs, newest first, and the id
    before which the next begins; for an operator of the whole installation.

    Raises `AccessDenied`, `InvalidRequest`.
    """
    within = _within(person)
    if kind is not None and kind not in KINDS:
        raise InvalidRequest("There is no such kind of event.", field="kind")
    with rt.db.reading() as session:
        found = page_of_events(session, within, Wanted(user_id, kind, before), PAGE + 1)
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def people(rt: Runtime, person: Person) -> list[UserRow]:
    """Those whose doings the person may look at, by name. Raises `AccessDenied`."""
    within = _within(person)
    with rt.db.reading() as session:
        if within is None:
            found = {user.id: user for user in all_users(session)}
        else:
            found = {user.id: user for id in within for user, _ in people_of(session, id)}
    return sorted(found.values(), key=lambda user: (user.name.lower(), user.id))


def _within(person: Person) -> list[int] | None:
    if person.is_operator:
        return None
    if not person.managed_workspace_ids:
        raise AccessDenied
    return person.managed_workspace_ids
