"""Signing in to a tool server (OAuth): a person is sent to whoever does that, and comes back."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from chat_app.errors import Conflict, InvalidRequest, ToolServerNotFound, ToolUnavailable
from chat_app.store import tool_logins as store
from chat_app.store.base import now
from chat_app.store.db import Database
from chat_app.store.secrets import Cipher, Unreadable
from chat_app.store.tool_logins import LoginAttemptRow, ToolClientRow, ToolLoginRow
from chat_app.store.tool_servers import OAUTH, ToolServerRow, set_state
from chat_app.toolbox.clients import bind, client_of, registered
from chat_app.toolbox.logins import expiry
from chat_app.toolbox.specs import spec_of
from chat_app.toolbox.typed import origin
from chat_app.tools.oauth import AuthServer, OAuthRequests, Tokens
from chat_app.tools.values import ServerSpec

ATTEMPT = timedelta(minutes=10)
# A client whose secret ends while somebody signs in with it is of no use.
CLIENT_LEFT = timedelta(hours=1)


class SignIns:
    """Keeps all of its state in the database: who comes back may come to another process."""

    def __init__(
        self, db: Database, cipher: Cipher, requests: OAuthRequests, redirect_uri: str
    ) -> None:
        self._db, self._cipher, self._requests = db, cipher, requests
        self._redirect_uri = redirect_uri

    def begin(self, server: ToolServerRow, user_id: int) -> str:
        """The address to which the person has to go. Raises `ToolUnavailable`."""
        spec = spec_of(server, self._cipher)
        found = self._requests.discover(spec)
        client = self._client(spec, found)
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        with self._db.transaction() as session:
            set_state(session, server.id, auth=OAUTH)
            store.drop_expired_attempts(session)
            session.add(
                LoginAttemptRow(
                    state_hash=_hash(state),
                    server_id=server.id,
                    user_id=user_id,
                    client_id=client.id,
                    wants_iss=found.wants_iss,
                    resource=found.resource,
                    scope=found.scope,
                    token_endpoint=found.token_endpoint,
                    redirect_uri=self._redirect_uri,
                    verifier_encrypted=self._cipher.encrypt(verifier),
                    expires_at=now() + ATTEMPT,
                )
            )
        return authorization_url(found, client.client_id, self._redirect_uri, state, verifier)

    def take(self, user_id: int, state: str) -> LoginAttemptRow:
        """The person's own attempt with this state, for once. Raises `InvalidRequest`."""
        with self._db.transaction() as session:
            attempt = store.take_attempt(session, _hash(state), user_id)
        if attempt is None:
            raise InvalidRequest(
                "This sign-in is over, or was begun by somebody else. Begin again.", field="state"
            )
        return attempt

    def finish(
        self,
        server: ToolServerRow,
        attempt: LoginAttemptRow,
        code: str | None,
        iss: str | None,
        error: str | None,
    ) -> None:
        """Get the tokens for the code that the person came back with, and keep them.

        Raises `ToolUnavailable`, `InvalidRequest`, `ToolServerNotFound`.
        """
        with self._db.reading() as session:
            client = session.get(ToolClientRow, attempt.client_id)
        if client is None:
            raise InvalidRequest(_CHANGED)
        # First of all, also before an error is believed (RFC 9207 §2.4).
        if (iss is None and attempt.wants_iss) or iss not in (None, client.issuer):
            raise InvalidRequest(
                f"The answer did not come from the sign-in of {server.name}.", field="iss"
            )
        if error is not None or not code:
            raise _declined(server.name, error)
        tokens = self._exchange(server, attempt, client, code)
        self._keep(attempt, tokens)

    def end(self, server_id: int, user_id: int) -> None:
        """Forget a person's tokens."""
        with self._db.transaction() as session:
            store.drop_login(session, server_id, user_id)

    def _client(self, spec: ServerSpec, found: AuthServer) -> ToolClientRow:
        """Whom we are to this issuer. What others gave for this server is void from here on."""
        with self._db.transaction() as session:
            store.drop_clients_of_others(session, spec.id, found.issuer)
            given = store.given_client(session, spec.id)
            is_moved = given is not None and not bind(given, found)
            if is_moved:
                store.drop_logins(session, spec.id)
            known = given or store.registered_client(
                session, spec.id, found.issuer, self._redirect_uri, now() + CLIENT_LEFT
            )
        if is_moved:
            raise ToolUnavailable(_MOVED.format(spec.name))
        if known is not None:
            return known
        made = self._requests.register(spec, found, self._redirect_uri)
        client = registered(spec.id, found, made, self._redirect_uri, self._cipher)
        try:
            with self._db.transaction() as session:
                session.add(client)
        except Conflict:
            raise ToolServerNotFound from None  # deleted meanwhile
        return client

    def _exchange(
        self, server: ToolServerRow, attempt: LoginAttemptRow, client: ToolClientRow, code: str
    ) -> Tokens:
        spec = spec_of(server, self._cipher)
        try:
            ours = client_of(client, self._cipher)
            verifier = self._cipher.decrypt(attempt.verifier_encrypted)
        except Unreadable:
            raise ToolUnavailable(
                f"The sign-in of {server.name} cannot be read. {_AGAIN}"
            ) from None
        more = (code, verifier, attempt.redirect_uri, attempt.resource)
        try:
            return self._requests.exchange(spec, attempt.token_endpoint, ours, *more)
        except ToolUnavailable as error:
            if error.fields.get("oauth_error") == "invalid_client" and not client.given:
                # The registration is gone; the next try makes another.
                with self._db.transaction() as session:
                    store.drop_client(session, client.id)
            raise

    def _keep(self, attempt: LoginAttemptRow, tokens: Tokens) -> None:
        issued_at, again = now(), tokens.refresh_token
        with self._db.transaction() as session:
            server = session.get(ToolServerRow, attempt.server_id, with_for_update=True)
            client = session.get(ToolClientRow, attempt.client_id)
            # Somebody may have changed the server while the person was away.
            is_same = server is not None and origin(server.url) == origin(attempt.resource)
            if client is None or not is_same:
                raise InvalidRequest(_CHANGED)
            login = ToolLoginRow(
                server_id=attempt.server_id,
                user_id=attempt.user_id,
                client_id=attempt.client_id,
                resource=attempt.resource,
                # RFC 6749 §5.1: what is not said is as it was asked for.
                scope=tokens.scope or attempt.scope,
                token_endpoint=attempt.token_endpoint,
                access_token_encrypted=self._cipher.encrypt(tokens.access_token),
                refresh_token_encrypted=self._cipher.encrypt(again) if again else None,
                issued_at=issued_at,
                expires_at=expiry(issued_at, tokens),
            )
            store.keep_login(session, login)


def authorization_url(
    found: AuthServer, client_id: str, redirect_uri: str, state: str, verifier: str
) -> str:
    """Where a person signs in (RFC 6749 §4.1.1, RFC 7636, RFC 8707)."""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        "resource": found.resource,
    }
    if found.scope:
        asked["scope"] = found.scope
        if "offline_access" in found.scope.split():
            asked["prompt"] = "consent"  # OpenID Connect §11 gives no refresh token without
    parts = urlsplit(found.authorization_endpoint)
    query = "&".join(filter(None, (parts.query, urlencode(asked))))
    return urlunsplit(parts._replace(query=query, fragment=""))


def challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _declined(name: str, error: str | None) -> ToolUnavailable:
    if error == "access_denied":
        return ToolUnavailable(f"You are not signed in to {name}: access was not granted.")
    is_word = error is not None and error.isascii() and error.replace("_", "").isalpha()
    why = f" ({error})" if is_word and len(error or "") <= 40 else ""
    return ToolUnavailable(f"The sign-in of {name} did not work{why}. {_AGAIN}")


_AGAIN = "Try again."
_MOVED = (
    "{} has people sign in elsewhere than before. Whoever manages the tool server has to give its"
    " oauth_client_id again."
)
_CHANGED = "The tool server was changed while you signed in. Begin again."
