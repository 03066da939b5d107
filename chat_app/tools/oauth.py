"""OAuth with tool servers, as greenlets see it. The requests are made by the sidecar.

MCP's authorization, https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from chat_app.errors import ToolTimeout, ToolUnavailable
from chat_app.tools.values import ServerSpec
from chat_app.tools.wire import Message

# The sidecar gives up first, so that nothing is under way any more when we do.
DISCOVER_S, REQUEST_S = 15.0, 10.0
LONGER_S = 5.0

Ask = Callable[[Message, float], Any]


@dataclass(frozen=True, slots=True)
class AuthServer:
    """Who signs people in for a tool server, as their metadata say.

    `resource` is what a token is asked for (RFC 8707), `scope` what it is to allow. With
    `wants_iss` each answer has to name the issuer (RFC 9207). `auth_methods` are the ways in which
    a client may prove itself; empty where nothing is said.
    """

    issuer: str
    resource: str
    scope: str | None
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str | None
    auth_methods: tuple[str, ...] = ()
    wants_iss: bool = False


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """What Holdfast is to an authorization server. `secret_expires_at` is Unix time."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    auth_method: str = "none"
    secret_expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gave; `expires_in_s` is None where the server does not say."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in_s: int | None = None
    scope: str | None = None


class OAuthRequests:
    """Asks authorization servers. All raise ToolUnavailable with a sentence; where the server gave
    an error code of OAuth, such as `invalid_grant`, it is in the field `oauth_error`.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def discover(self, spec: ServerSpec) -> AuthServer:
        """Who signs people in for this server; it is asked without any token."""
        raw = self._asked("oauth.discover", spec, DISCOVER_S)
        return read_server(raw)

    def register(self, spec: ServerSpec, server: AuthServer, redirect_uri: str) -> OAuthClient:
        """A new client of ours (RFC 7591)."""
        more = {"server": server, "redirect_uri": redirect_uri}
        return OAuthClient(**self._asked("oauth.register", _bare(spec), REQUEST_S, **more))

    def exchange(
        self,
        spec: ServerSpec,
        token_endpoint: str,
        client: OAuthClient,
        code: str,
        verifier: str,
        redirect_uri: str,
        resource: str,
    ) -> Tokens:
        """The tokens for a code that somebody came back with."""
        grant = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "resource": resource,
        }
        return self._tokens(spec, token_endpoint, client, grant)

    def refresh(
        self,
        spec: ServerSpec,
        token_endpoint: str,
        client: OAuthClient,
        refresh_token: str,
        resource: str,
    ) -> Tokens:
        """New tokens. Without a refresh token among them the old one goes on being good."""
        grant = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "resource": resource,
        }
        return self._tokens(spec, token_endpoint, client, grant)

    def _tokens(
        self, spec: ServerSpec, token_endpoint: str, client: OAuthClient, grant: dict[str, str]
    ) -> Tokens:
        more = {"token_endpoint": token_endpoint, "client": client, "grant": grant}
        return Tokens(**self._asked("oauth.tokens", _bare(spec), REQUEST_S, **more))

    def _asked(self, op: str, spec: ServerSpec, timeout_s: float, **more: Any) -> Any:
        question = {"op": op, "spec": spec, "timeout_s": timeout_s, **more}
        try:
            return self._ask(question, timeout_s + LONGER_S)
        except ToolTimeout:
            raise ToolUnavailable(f"The sign-in of {spec.name} did not answer in time.") from None


def read_server(raw: Message) -> AuthServer:
    return AuthServer(**{**raw, "auth_methods": tuple(raw["auth_methods"])})


def _bare(spec: ServerSpec) -> ServerSpec:
    """What is secret of a tool server is for that server alone."""
    return replace(spec, headers=())
