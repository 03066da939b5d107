"""One's own account: the name, the password, and where one is signed in."""

from dataclasses import dataclass
from datetime import datetime

from chat_app import audit
from chat_app.access import Person, number
from chat_app.auth import passwords, secrets
from chat_app.errors import InvalidRequest, NotFound, Unauthorized
from chat_app.runtime import Runtime
from chat_app.store.db import Session
from chat_app.store.tokens import SIGN_INS, TokenRow, end_sessions, sessions_of
from chat_app.store.users import NAME_MAX_CHARS, UserRow


@dataclass(frozen=True)
class SignedIn:
    """One place where somebody is signed in. `is_here` is the one that asks."""

    id: int
    name: str
    kind: str
    created_at: datetime
    last_used_at: datetime | None
    is_here: bool


def rename(rt: Runtime, person: Person, name: str) -> None:
    """Be called otherwise; what was said before stays under the old name.

    Raises `AccessDenied`, `InvalidRequest`.
    """
    person.must_act()
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX_CHARS or "\0" in name:
        raise InvalidRequest(f"A name has 1 to {NAME_MAX_CHARS} characters.", field="name")
    with rt.db.transaction() as session:
        session.get_one(UserRow, person.id).name = name


def has_password(rt: Runtime, person: Person) -> bool:
    """Whether they can sign in without an issuer."""
    with rt.db.reading() as session:
        return session.get_one(UserRow, person.id).password_hash is not None


def change_password(rt: Runtime, person: Person, secret: str, old: str, new: str) -> None:
    """A new password for who knows the old one, or has none yet; they are signed out everywhere
    but here.

    Raises `AccessDenied`, `InvalidRequest`, `Unauthorized` for a wrong old one.
    """
    person.must_act()
    passwords.checked(new, field="new_password")
    with rt.db.reading() as session:
        known = session.get_one(UserRow, person.id).password_hash
    if known is not None and not passwords.is_password(known, old):
        raise Unauthorized("The current password is not right.")
    password_hash = passwords.hash_password(new)
    with rt.db.transaction() as session:
        user = session.get_one(UserRow, person.id)
        user.password_hash = password_hash
        end_sessions(session, user.id, but=secrets.token_hash(secret))
        audit.note_own(session, user, "password_changed")


def sessions(rt: Runtime, person: Person, secret: str) -> list[SignedIn]:
    """Where the person is signed in, this place first, then the last used."""
    here = secrets.token_hash(secret)
    with rt.db.reading() as session:
        found = [_shown(row, here) for row in sessions_of(session, person.id)]
    return sorted(found, key=lambda one: not one.is_here)


def end_session(rt: Runtime, person: Person, ref: str | int) -> None:
    """Sign out of one place. Raises `AccessDenied`, `NotFound`."""
    person.must_act()
    with rt.db.transaction() as session:
        session.delete(row := _own(session, person, ref))
        user = session.get_one(UserRow, person.id)
        audit.note_own(session, user, "session_ended", row.name)


def end_all(rt: Runtime, person: Person) -> None:
    """Sign out of every place, this one included. Tokens for machines stay.

    Raises `AccessDenied`.
    """
    person.must_act()
    with rt.db.transaction() as session:
        end_sessions(session, person.id)
        audit.note_own(session, session.get_one(UserRow, person.id), "signed_out_everywhere")


def _own(session: Session, person: Person, ref: str | int) -> TokenRow:
    token_id = number(ref)
    found = session.get(TokenRow, token_id) if token_id else None
    if found is None or found.user_id != person.id or found.kind not in SIGN_INS:
        raise NotFound("You are not signed in there.")
    return found


def _shown(row: TokenRow, here: str) -> SignedIn:
    about = (row.id, row.name, row.kind, row.created_at, row.last_used_at)
    return SignedIn(*about, is_here=row.token_hash == here)
