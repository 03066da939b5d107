"""Signing in and out, and tokens for machines."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from chat_app import audit
from chat_app.access import Person, number
from chat_app.auth import passwords, secrets
from chat_app.errors import InvalidRequest, NotFound, ServerBusy, Unauthorized
from chat_app.runtime import Runtime
from chat_app.store import tokens
from chat_app.store.base import now
from chat_app.store.db import Session
from chat_app.store.tokens import TokenRow
from chat_app.store.users import UserRow, user_by_email
from chat_app.store.workspaces import workspaces_of

SESSION_DAYS = 30
LOGIN_TOKEN_DAYS = 7
TOKEN_DAYS_MAX = 3650
USED_EVERY = timedelta(minutes=5)
SCOPES = ("read", "write")


@dataclass(frozen=True)
class Issued:
    """A fresh secret, shown this once, and the row that is kept of it."""

    secret: str
    row: TokenRow


def sign_in(rt: Runtime, email: str, password: str, kind: str, name: str | None = None) -> Issued:
    """A new `session` or `login` token, with a name for the place. Raises `Unauthorized`, the
    same for every reason.
    """
    with rt.db.reading() as session:
        user = user_by_email(session, email)
    fits = passwords.is_password(user.password_hash if user else None, password)
    if user is None or not fits or not user.is_active:
        _note_failure(rt, user)
        raise Unauthorized("The email or the password is not right.")
    days = SESSION_DAYS if kind == "session" else LOGIN_TOKEN_DAYS
    with rt.db.transaction() as session:
        tokens.delete_expired(session)
        audit.note_own(session, user, "signed_in", name or kind)
        return _issue(session, user.id, kind, name or kind, days, SCOPES)


def open_session(rt: Runtime, user_id: int, where: str, by: str) -> Issued:
    """A new `session` token for somebody who has proven elsewhere (`by`) who they are."""
    with rt.db.transaction() as session:
        tokens.delete_expired(session)
        user = session.get_one(UserRow, user_id)
        audit.note_own(session, user, "signed_in", f"{where} ({by})")
        return _issue(session, user_id, "session", where, SESSION_DAYS, SCOPES)


def identify(rt: Runtime, secret: str) -> Person:
    """The person whose token this is. Raises `Unauthorized`."""
    with rt.db.reading() as session:
        found = tokens.live_token(session, secrets.token_hash(secret))
        if found is None:
            raise Unauthorized
        token, user, roles = found
    if token.last_used_at is None or token.last_used_at < now() - USED_EVERY:
        _note_use(rt, token.id)
    return Person.of(user, roles, token.scopes.split())


def sign_out(rt: Runtime, secret: str) -> None:
    """Forget this token; one that is not there is fine."""
    with rt.db.transaction() as session:
        found = tokens.live_token(session, secrets.token_hash(secret))
        if found is not None:
            session.delete(found[0])


def create(
    rt: Runtime, person: Person, name: str, scopes: tuple[str, ...], days: int | None
) -> Issued:
    """A token for a machine of theirs. Raises `AccessDenied` from a token that may only read."""
    person.must_act()
    return issue(rt, person.id, name, scopes, days, by=person)


def issue(
    rt: Runtime,
    user_id: int,
    name: str,
    scopes: tuple[str, ...],
    days: int | None,
    by: Person | None = None,
) -> Issued:
    """As `create`, for the operator at the shell. Raises `InvalidRequest` for a bad scope or
    number of days; None lasts for ever."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidRequest(f"A scope is one of: {', '.join(SCOPES)}.", field="scopes")
    if days is not None and not 0 < days <= TOKEN_DAYS_MAX:
        raise InvalidRequest(f"A token lasts 1 to {TOKEN_DAYS_MAX} days.", field="days")
    with rt.db.transaction() as session:
        _note(session, by, user_id, "token_made", name)
        return _issue(session, user_id, "api", name, days, scopes)


def list_tokens(rt: Runtime, user_id: int) -> list[TokenRow]:
    with rt.db.reading() as session:
        return tokens.tokens_of(session, user_id)


def revoke_own(rt: Runtime, person: Person, ref: str | int) -> None:
    """Raises `AccessDenied` from a token that may only read, `NotFound`."""
    person.must_act()
    revoke(rt, person.id, ref, by=person)


def revoke(rt: Runtime, user_id: int, ref: str | int, by: Person | None = None) -> None:
    """As `revoke_own`, for the operator. Raises `NotFound` for a token that is not theirs."""
    token_id = number(ref)
    with rt.db.transaction() as session:
        found = session.get(TokenRow, token_id) if token_id else None
        if found is None or found.user_id != user_id:
            raise NotFound("There is no such token.")
        session.delete(found)
        _note(session, by, user_id, "token_revoked", found.name)


def owner_of(rt: Runtime, email: str) -> UserRow:
    """The person with this address. Raises `NotFound`."""
    with rt.db.reading() as session:
        user = user_by_email(session, email)
    if user is None:
        raise NotFound(f"There is no person {email}.")
    return user


def _note(session: Session, by: Person | None, user_id: int, kind: str, name: str) -> None:
    """About somebody's token: by themselves, or by the operator at the shell."""
    user = session.get_one(UserRow, user_id)
    if by is not None:
        audit.note_own(session, user, kind, name)
    else:
        home = next(iter(workspaces_of(session, user_id)), None)
        audit.note(session, None, kind, f"{name} ({user.email})", home)


def _note_failure(rt: Runtime, user: UserRow | None) -> None:
    with suppress(ServerBusy), rt.db.transaction() as session:
        if user is None:
            audit.note(session, None, "sign_in_failed")
        else:
            audit.note_own(session, user, "sign_in_failed")


def _issue(
    session: Session,
    user_id: int,
    kind: str,
    name: str,
    days: int | None,
    scopes: tuple[str, ...],
) -> Issued:
    secret = secrets.new_token()
    expires_at: datetime | None = now() + timedelta(days=days) if days else None
    row = TokenRow(
        user_id=user_id,
        kind=kind,
        name=name,
        token_hash=secrets.token_hash(secret),
        scopes=" ".join(scopes),
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return Issued(secret, row)


def _note_use(rt: Runtime, token_id: int) -> None:
    with suppress(ServerBusy), rt.db.transaction() as session:
        token = session.get(TokenRow, token_id)
        if token is not None:
            token.last_used_at = now()
