"""The tokens with which people use tool servers that want a sign-in (OAuth), kept fresh.

A refresh token may be good for one use only, and who loses the answer has lost the login. So one
process at a time refreshes, in a greenlet that nobody's impatience ends, and whatever the answer
is it gets stored.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import gevent
import structlog

from chat_app.egress import EgressRefused
from chat_app.errors import HoldfastError, ServerBusy, ToolUnavailable
from chat_app.store import tool_logins as store
from chat_app.store.base import now
from chat_app.store.db import Database
from chat_app.store.secrets import Cipher, Unreadable
from chat_app.toolbox.clients import client_of
from chat_app.toolbox.specs import person_of
from chat_app.toolbox.typed import origin
from chat_app.tools.oauth import OAuthClient, OAuthRequests, Tokens
from chat_app.tools.values import ServerSpec

# A token is made new so long before its end, or in the second half of a life that is shorter.
REFRESH_BEFORE = timedelta(seconds=60)
# Longer than a refresh can take (tools/oauth.py): after it whoever had the lease is dead.
LEASE = timedelta(seconds=30)
WAIT_S = 35.0
POLL_S = 0.1
STORE_AGAIN_S = 0.5
# A token that is refused so soon after it was made will not get better by another.
NEWBORN = timedelta(seconds=10)

log = structlog.get_logger()


def sign_in_first(name: str) -> ToolUnavailable:
    return _sign_in(f"{name} wants you to sign in first: open Tools.")


def sign_in_again(name: str) -> ToolUnavailable:
    return _sign_in(f"{name} wants you to sign in again: open Tools.")


def _sign_in(sentence: str) -> ToolUnavailable:
    # `auth` sets it apart from a server that merely does not like its key.
    return ToolUnavailable(sentence, sign_in=True, auth="oauth")


@dataclass(frozen=True)
class Held:
    """A login, readable."""

    id: int
    generation: int
    client_row: int
    client: OAuthClient
    is_given: bool
    token_endpoint: str
    resource: str
    access_token: str
    refresh_token: str | None
    issued_at: datetime
    expires_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= now()

    @property
    def is_stale(self) -> bool:
        if self.expires_at is None:
            return False
        before = min(REFRESH_BEFORE, (self.expires_at - self.issued_at) / 2)
        return self.expires_at - before <= now()


class Logins:
    """Completes specs; see `signed`."""

    def __init__(self, db: Database, cipher: Cipher, requests: OAuthRequests) -> None:
        self._db, self._cipher, self._requests = db, cipher, requests

    def signed(self, spec: ServerSpec, refused: ServerSpec | None = None) -> ServerSpec:
        """The spec with the token of the person whom its `session` names.

        `refused` is what this gave before and the server did not take: then there is a newer
        token, or one is made. Raises ToolUnavailable, with `sign_in=True` where the person has to
        do something about it.
        """
        others = tuple(pair for pair in spec.headers if pair[0].lower() != "authorization")
        token = self._token(spec, _token_of(refused) if refused else None)
        return replace(spec, headers=(("Authorization", f"Bearer {token}"), *others))

    def _token(self, spec: ServerSpec, refused: str | None) -> str:
        deadline, seen = time.monotonic() + WAIT_S, None
        while time.monotonic() < deadline:
            held = self._held(spec)
            is_refused = held.access_token == refused
            # A token that was just made is as fresh as it gets, however short its life.
            is_new = seen not in (None, (held.id, held.generation))
            if not is_refused and (is_new or not held.is_stale):
                return held.access_token
            seen = seen or (held.id, held.generation)
            if is_refused and not held.is_stale and now() - held.issued_at < NEWBORN:
                raise sign_in_again(spec.name)
            if held.refresh_token is None:
                return self._last_of(spec, held, is_refused)
            fault = self._refresh_or_wait(spec, held)
            if fault is not None:
                if is_refused or held.is_over or fault.fields.get("sign_in"):
                    raise fault
                return held.access_token  # it is still good, and its issuer is away
        raise ToolUnavailable(f"The sign-in of {spec.name} is being renewed. Try again.")

    def _last_of(self, spec: ServerSpec, held: Held, is_refused: bool) -> str:
        """A token that nothing can follow."""
        if not is_refused and not held.is_over:
            return held.access_token
        self._end(held)
        raise sign_in_again(spec.name)

    def _held(self, spec: ServerSpec) -> Held:
        """The person's login. Raises ToolUnavailable for none."""
        if (user_id := person_of(spec)) is None:
            raise sign_in_first(spec.name)
        with self._db.reading() as session:
            found = store.login_of(session, spec.id, user_id)
        if found is None:
            raise sign_in_first(spec.name)
        login, client = found
        if not _is_for(spec, login.resource):
            # The server moved to another host, which must not see what its old one was given.
            with self._db.transaction() as session:
                store.drop_generation(session, login.id, login.generation)
            raise sign_in_first(spec.name)
        try:
            return self._readable(login, client)
        except Unreadable:
            raise sign_in_again(spec.name) from None

    def _readable(self, login: store.ToolLoginRow, client: store.ToolClientRow) -> Held:
        """Raises Unreadable."""
        decrypt = self._cipher.decrypt
        again = login.refresh_token_encrypted
        return Held(
            id=login.id,
            generation=login.generation,
            client_row=client.id,
            client=client_of(client, self._cipher),
            is_given=client.given,
            token_endpoint=login.token_endpoint,
            resource=login.resource,
            access_token=decrypt(login.access_token_encrypted),
            refresh_token=decrypt(again) if again is not None else None,
            issued_at=login.issued_at,
            expires_at=login.expires_at,
        )

    def _refresh_or_wait(self, spec: ServerSpec, held: Held) -> HoldfastError | None:
        """After it the login is to be looked at again, unless this gives what went wrong."""
        with self._db.transaction() as session:
            is_ours = store.take_lease(session, held.id, held.generation, LEASE)
        if not is_ours:
            gevent.sleep(POLL_S)
            return None
        # In a greenlet of its own: who waits here may be cancelled, the request must not be.
        fault: HoldfastError | None = gevent.spawn(self._refresh, spec, held).get()
        return fault

    def _refresh(self, spec: ServerSpec, held: Held) -> HoldfastError | None:
        try:
            tokens = self._requests.refresh(
                spec, held.token_endpoint, held.client, held.refresh_token or "", held.resource
            )
        except ToolUnavailable as error:
            return self._not_refreshed(spec, held, error)
        except Exception as error:
            log.warning("token_not_refreshed", server_id=spec.id, error=type(error).__name__)
            return self._not_refreshed(spec, held, ToolUnavailable())
        return self._store(held, tokens)

    def _not_refreshed(
        self, spec: ServerSpec, held: Held, error: ToolUnavailable
    ) -> ToolUnavailable:
        code = error.fields.get("oauth_error")
        if code == "invalid_grant":
            self._end(held)
            return sign_in_again(spec.name)
        if code in ("invalid_client", "unauthorized_client") and not held.is_given:
            # The registration is gone; the next sign-in makes another.
            with self._db.transaction() as session:
                store.drop_client(session, held.client_row)
            return sign_in_again(spec.name)
        with self._db.transaction() as session:
            store.release_lease(session, held.id, held.generation)
        return error

    def _store(self, held: Held, tokens: Tokens) -> ServerBusy | None:
        """As long as the lease is ours: the old tokens may be good for nothing any more."""
        issued_at, deadline = now(), time.monotonic() + LEASE / timedelta(seconds=1)
        again = tokens.refresh_token or held.refresh_token
        while True:
            try:
                with self._db.transaction() as session:
                    store.renew(
                        session,
                        held.id,
                        held.generation,
                        access_token=self._cipher.encrypt(tokens.access_token),
                        refresh_token=self._cipher.encrypt(again) if again else None,
                        issued_at=issued_at,
                        expires_at=expiry(issued_at, tokens),
                    )
                return None
            except ServerBusy as busy:
                if time.monotonic() > deadline:
                    log.error("token_not_stored", login_id=held.id)
                    return busy
                gevent.sleep(STORE_AGAIN_S)

    def _end(self, held: Held) -> None:
        with self._db.transaction() as session:
            store.drop_generation(session, held.id, held.generation)


def expiry(issued_at: datetime, tokens: Tokens) -> datetime | None:
    """When the access token ends, as a time: what a server tells is only how long it lives."""
    if tokens.expires_in_s is None:
        return None
    return issued_at + timedelta(seconds=tokens.expires_in_s)


def _token_of(spec: ServerSpec) -> str:
    return dict(spec.headers).get("Authorization", "").removeprefix("Bearer ")


def _is_for(spec: ServerSpec, resource: str) -> bool:
    try:
        return origin(spec.url) == origin(resource)
    except EgressRefused:
        return False
