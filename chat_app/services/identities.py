"""Signing in with the OpenID issuer: from what it proves about somebody to an account here."""

import re
from dataclasses import dataclass, replace

from chat_app import audit, joining
from chat_app.access import Person
from chat_app.auth import passwords
from chat_app.errors import AccessDenied, Conflict, NotFound, Unauthorized
from chat_app.openid.issuer import STALE, Issuer
from chat_app.openid.values import Attempt, CameBack, Proven
from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.db import Session
from chat_app.store.identities import IdentityRow, identities_of, identity_of
from chat_app.store.tokens import delete_tokens_of
from chat_app.store.users import EMAIL_MAX_CHARS, NAME_MAX_CHARS, UserRow, user_by_email

__all__ = [
    "Arrival",
    "Attempt",
    "CameBack",
    "begin",
    "begin_connecting",
    "come_back",
    "connect",
    "list_own",
]

_ADDRESS = re.compile(r"[^@\s\0]+@[^@\s\0]+")


@dataclass(frozen=True)
class Arrival:
    """Who has come in. `is_cleared`: their account was there before, and what could be used in the
    place of the issuer, the password and all tokens, is gone. `is_invited`: their account is new,
    and the invitation used.
    """

    user_id: int
    by: str  # the issuer's name
    is_cleared: bool = False
    is_invited: bool = False


def begin(rt: Runtime) -> tuple[str, Attempt]:
    """Where to send the browser, and what it has to keep until it comes back.

    Raises `NotFound` where no issuer is set, `IssuerUnavailable`.
    """
    return _issuer(rt).begin()


def come_back(
    rt: Runtime, attempt: Attempt | None, answer: CameBack, invitation: str | None = None
) -> Arrival:
    """Let in who has come back from the issuer. None is an attempt that nobody knows of.

    A first sign-in is to the account with the same address, which the issuer must have verified;
    else an account is made, by the `invitation` if there is one. Raises `NotFound`,
    `AccessDenied`, `IssuerUnavailable`, `InvitationNotFound`, `InvitationOver`.
    """
    issuer = _issuer(rt)
    if attempt is None:
        raise AccessDenied(STALE)
    proven = issuer.come_back(attempt, answer)
    with rt.db.transaction() as session:
        known = identity_of(session, proven.issuer, proven.subject)
        if known is not None:
            identity, user = known
            identity.email, identity.last_used_at = _address(proven) or identity.email, now()
            arrival = Arrival(user.id, issuer.name)
        else:
            user, arrival = _first_time(rt, session, issuer, proven, invitation)
        if not user.is_active:
            raise AccessDenied("Your account here is switched off.")
        return arrival


def begin_connecting(rt: Runtime, person: Person, password: str) -> tuple[str, Attempt]:
    """As `begin`, for somebody who wants to sign in to their account with the issuer, too.

    Who merely finds a browser open must not get in for ever: their password is wanted, and the
    issuer is to ask who they are. Raises `AccessDenied`, `Unauthorized` for a wrong password.
    """
    person.must_act()
    issuer = _issuer(rt)
    with rt.db.reading() as session:
        known = session.get_one(UserRow, person.id).password_hash
    if known is None or not passwords.is_password(known, password):
        raise Unauthorized("The current password is not right.")
    url, attempt = issuer.begin(prompt="login")
    return url, replace(attempt, user_id=person.id)


def connect(rt: Runtime, person: Person, attempt: Attempt, answer: CameBack) -> None:
    """Connect the person's account with who has come back from the issuer.

    It has to be the person who began it, and an account there that nobody has here; its address
    may be another one. Raises `AccessDenied`, `Conflict`, `IssuerUnavailable`, `NotFound`.
    """
    person.must_act()
    issuer = _issuer(rt)
    if attempt.user_id != person.id:
        raise AccessDenied(STALE)
    proven = issuer.come_back(attempt, answer)
    with rt.db.transaction() as session:
        if identity_of(session, proven.issuer, proven.subject) is not None:
            raise Conflict(f"Somebody signs in here with this account of {issuer.name} already.")
        if any(one.issuer == proven.issuer for one in identities_of(session, person.id)):
            raise Conflict(f"You sign in with another account of {issuer.name} already.")
        user = session.get_one(UserRow, person.id)
        _link(session, user, issuer, proven, _address(proven) or user.email)


def list_own(rt: Runtime, person: Person) -> list[IdentityRow]:
    """How the person is known to issuers, the oldest first."""
    with rt.db.reading() as session:
        return identities_of(session, person.id)


def _issuer(rt: Runtime) -> Issuer:
    if rt.issuer is None:
        raise NotFound
    return rt.issuer


def _first_time(
    rt: Runtime, session: Session, issuer: Issuer, proven: Proven, invitation: str | None
) -> tuple[UserRow, Arrival]:
    email = _address(proven)
    if email is None:
        raise AccessDenied(f"{issuer.name} does not tell us your email address.")
    if not proven.is_email_verified:
        raise AccessDenied(
            f"{issuer.name} has not verified your email address. Verify it there, then sign in."
        )
    user = user_by_email(session, email)
    if user is None:
        user = _new(rt, session, email, proven.name, invitation)
        arrival = Arrival(user.id, issuer.name, is_invited=invitation is not None)
    elif any(one.issuer == proven.issuer for one in identities_of(session, user.id)):
        # The address has changed hands there; the account has not.
        raise AccessDenied(f"The account of {email} is somebody else's. An admin can invite you.")
    else:
        arrival = Arrival(user.id, issuer.name, is_cleared=_clear(session, user))
    _link(session, user, issuer, proven, email)
    return user, arrival


def _link(session: Session, user: UserRow, issuer: Issuer, proven: Proven, email: str) -> None:
    row = IdentityRow(user_id=user.id, issuer=proven.issuer, subject=proven.subject, email=email)
    session.add(row)
    audit.note_own(session, user, "identity_linked", f"{issuer.name}: {email}")


def _new(
    rt: Runtime, session: Session, email: str, name: str | None, invitation: str | None
) -> UserRow:
    oidc = rt.settings.oidc
    domains = oidc.domains if oidc else frozenset()
    may_join = email.partition("@")[2] in domains if domains else rt.settings.signup
    if not may_join and invitation is None:
        raise AccessDenied(f"There is no account for {email} here. An admin can invite you.")
    user = joining.new_user(session, email, _name(name), None)
    if invitation is None:
        home = joining.come_home(session, user, "member")
        audit.note(session, user, "account_made", email, home)
    else:
        row = joining.open_invitation(session, invitation, is_locked=True)
        audit.note(session, user, "account_made", email, row.workspace_id)
        joining.let_in(session, row, user)
    return user


def _clear(session: Session, user: UserRow) -> bool:
    """Anybody may have registered this address before its owner came: no secret of theirs lives on.
    An operator's account was made at the shell, and its password is the way in without the issuer.
    """
    if user.is_operator:
        return False
    had = user.password_hash is not None
    user.password_hash = None
    delete_tokens_of(session, user.id)
    return had


def _address(proven: Proven) -> str | None:
    """The address as accounts have it, None for what is none."""
    email = (proven.email or "").strip()
    # Some letters become ASCII when they are made small, as the Kelvin sign does: an address that
    # is another one must not lead to this account.
    if email.lower().isascii() and not email.isascii():
        return None
    email = email.lower()
    return email if _ADDRESS.fullmatch(email) and len(email) <= EMAIL_MAX_CHARS else None


def _name(name: str | None) -> str | None:
    return (name or "").replace("\0", "").strip()[:NAME_MAX_CHARS] or None
