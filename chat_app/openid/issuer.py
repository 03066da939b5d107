"""An OpenID issuer, and people who sign in there: authorization code, PKCE, state and nonce.

https://openid.net/specs/openid-connect-core-1_0.html, section 3.1
"""

import secrets
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from chat_app.errors import AccessDenied, IssuerUnavailable
from chat_app.openid import id_tokens
from chat_app.openid.documents import WELL_KNOWN, Metadata, Unreadable, keys_of, metadata_of
from chat_app.openid.http import ShortClient, TooMuch
from chat_app.openid.values import USUAL, Attempt, CameBack, Client, Limits, Proven

SCOPE = "openid email profile"
ATTEMPT_S = 600
SUBJECT_MAX_CHARS = 255
STALE = "This sign-in has expired, or was used already. Please start again."
# What is not there, or not what it should be; `OAuthError` is an answer, and is told apart.
FOREIGN = (httpx2.HTTPError, httpx2.InvalidURL, TooMuch, Unreadable, ValueError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document of the issuer's, and when it has to be asked for anew."""

    what: Any
    until: float

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() < self.until


class Issuer:
    """One issuer. What it publishes is kept for a while; its keys are asked for again when a token
    does not fit them. Nothing is asked before the first sign-in.
    """

    def __init__(self, client: Client, limits: Limits = USUAL) -> None:
        self.client = client
        self._limits = limits
        self.name = client.name
        self._metadata: _Kept | None = None
        self._keys: _Kept | None = None

    def begin(self, **asked: str) -> tuple[str, Attempt]:
        """Where to send a browser, and what it has to keep. `asked` is said to the issuer, too.

        Raises `IssuerUnavailable`.
        """
        metadata = self._read_metadata()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._http() as http:
            url, _ = http.create_authorization_url(
                metadata.authorization_endpoint,
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                **asked,
            )
        return url, Attempt(state, nonce, verifier, int(time.time()))

    def come_back(self, attempt: Attempt, answer: CameBack) -> Proven:
        """Who has come back. Raises `AccessDenied`, `IssuerUnavailable`."""
        if time.time() - attempt.begun_at > ATTEMPT_S:
            raise AccessDenied(STALE)
        metadata = self._read_metadata()
        if answer.issuer != metadata.issuer and (answer.issuer or metadata.wants_iss):
            raise AccessDenied(f"The answer did not come from the sign-in of {self.name}.")
        if answer.error or not answer.code:
            log.info("sign_in_denied", issuer=self.name, error=repr(answer.error)[:100])
            raise AccessDenied(f"You were not signed in at {self.name}.")
        token = self._exchange(metadata, attempt, answer.code)
        return self._prove(metadata, attempt, token)

    def check(self) -> None:
        """Whether it is there, with metadata and keys. Raises `IssuerUnavailable`."""
        self._read_keys(self._read_metadata(), anew=True)

    def _exchange(self, metadata: Metadata, attempt: Attempt, code: str) -> dict[str, Any]:
        with self._http(metadata.auth_method) as http, self._faults_as_ours():
            try:
                token: dict[str, Any] = http.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                    redirect_uri=self.client.redirect_uri,
                )
            except OAuthError as error:
                log.warning("sign_in_not_taken", issuer=self.name, error=error.error)
                raise AccessDenied(
                    f"The sign-in of {self.name} did not accept this. Please start again."
                ) from None
        return token

    def _prove(self, metadata: Metadata, attempt: Attempt, token: dict[str, Any]) -> Proven:
        claims = self._claims(metadata, attempt, token)
        if claims.get("email") is None and metadata.userinfo_endpoint:
            # All of it, or an address of one would be taken as verified by the other.
            claims = self._userinfo(metadata.userinfo_endpoint, token, claims["sub"])
        subject = claims["sub"]
        if not 0 < len(subject) <= SUBJECT_MAX_CHARS or "\0" in subject:
            raise self._unusable("its subject is empty or too long")
        email, name = claims.get("email"), claims.get("name")
        return Proven(
            issuer=metadata.issuer,
            subject=subject,
            email=email if isinstance(email, str) else None,
            # Some send it as text.
            is_email_verified=claims.get("email_verified") is True
            or claims.get("email_verified") == "true",
            name=name if isinstance(name, str) else None,
        )

    def _claims(
        self, metadata: Metadata, attempt: Attempt, token: dict[str, Any]
    ) -> dict[str, Any]:
        id_token, access_token = token.get("id_token"), str(token.get("access_token", ""))
        if not isinstance(id_token, str):
            raise self._unusable("there is none")
        try:
            signed = self._signed(metadata, id_token)
            mine = (self.client.client_id, attempt.nonce, access_token)
            return id_tokens.check(signed, metadata, *mine)
        except (JoseError, ValueError) as error:
            is_time = isinstance(error, ExpiredTokenError) or (
                isinstance(error, ClaimError) and error.claim in ("iat", "nbf")
            )
            raise self._unusable(str(error), is_time) from None

    def _signed(self, metadata: Metadata, id_token: str) -> Any:
        """The token; with keys that we had it is tried again with those that the issuer has now."""
        had = self._keys is not None and self._keys.is_fresh
        try:
            return id_tokens.claims_of(id_token, self._read_keys(metadata), metadata.algorithms)
        except JoseError:
            if not had:
                raise
        keys = self._read_keys(metadata, anew=True)
        return id_tokens.claims_of(id_token, keys, metadata.algorithms)

    def _userinfo(self, url: str, token: dict[str, Any], subject: str) -> dict[str, Any]:
        """What an issuer with thin ID tokens says of the same person elsewhere (section 5.3)."""
        with self._http() as http, self._faults_as_ours():
            found = http.json_of(url, token=str(token.get("access_token", "")))
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise self._unusable("its userinfo is about somebody else")
        return found

    def _unusable(self, why: str, is_time: bool = False) -> AccessDenied:
        log.warning("sign_in_token_refused", issuer=self.name, why=why)
        if is_time:
            return AccessDenied(
                f"The sign-in of {self.name} sent a token of another time. The clocks of the two "
                "servers differ. Tell the operator."
            )
        return AccessDenied(f"The sign-in of {self.name} sent a token that cannot be used.")

    def _read_metadata(self) -> Metadata:
        kept = self._metadata
        if kept is None or not kept.is_fresh:
            with self._http() as http, self._faults_as_ours():
                found = metadata_of(
                    http.json_of(self.client.issuer + WELL_KNOWN), self.client.issuer
                )
            self._metadata = kept = _Kept(found, time.monotonic() + self._limits.kept_s)
        metadata: Metadata = kept.what
        return metadata

    def _read_keys(self, metadata: Metadata, anew: bool = False) -> KeySet:
        kept = self._keys
        if kept is None or anew or not kept.is_fresh:
            with self._http() as http, self._faults_as_ours():
                found = keys_of(http.json_of(metadata.jwks_uri))
            self._keys = kept = _Kept(found, time.monotonic() + self._limits.kept_s)
        keys: KeySet = kept.what
        return keys

    def _http(self, auth_method: str = "client_secret_basic") -> ShortClient:
        return ShortClient(
            self._limits,
            client_id=self.client.client_id,
            client_secret=self.client.secret,
            token_endpoint_auth_method=auth_method,
            redirect_uri=self.client.redirect_uri,
            scope=SCOPE,
            code_challenge_method="S256",
            verify=self._trusted,
        )

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        # Reading the certificates takes longer than all the rest of a request.
        return httpx2.create_ssl_context()

    @contextmanager
    def _faults_as_ours(self) -> Iterator[None]:
        try:
            yield
        except FOREIGN as fault:
            # `from None`: what the issuer sent may quote a code or a secret.
            why = str(fault) if isinstance(fault, Unreadable) else type(fault).__name__
            log.warning("issuer_unavailable", issuer=self.client.issuer, why=why)
            raise IssuerUnavailable(
                f"The sign-in of {self.name} did not answer in time."
                if isinstance(fault, (httpx2.TimeoutException, TooMuch))
                else f"The sign-in of {self.name} cannot be reached."
            ) from None
