"""A tool server made with the SDK that wants people to sign in: `python oauth_server.py PORT`.

It signs in by itself whoever comes, as person-1, person-2 and so on. A refresh token is good for
one use. What it does is changed by `POST /control` with a JSON object of `Behaviour`'s fields, and
`GET /seen` counts what was asked of it.
"""

import secrets
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyUrl
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

GIVEN = OAuthClientInformationFull(
    client_id="typed-client",
    client_secret="typed-secret",
    token_endpoint_auth_method="client_secret_basic",
    redirect_uris=[AnyUrl("http://127.0.0.1:8000/tools/callback")],
    scope="tools",
)


@dataclass
class Behaviour:
    """`life_s` is how long access tokens last from now on, `refresh_s` how long a refresh takes.
    With `deny` nobody is let in. `forget` ends all tokens of that kind, or all clients, at once.
    """

    life_s: int = 3600
    refresh_s: float = 0.0
    deny: bool = False
    iss: str | None = None
    forget: str = ""


@dataclass
class Seen:
    registrations: int = 0
    exchanges: int = 0
    refreshes: int = 0
    reused: int = 0
    resources: list[str | None] = field(default_factory=list)


class Provider:
    def __init__(self, issuer: str) -> None:
        self.issuer, self.behaviour, self.seen = issuer, Behaviour(), Seen()
        self.clients = {GIVEN.client_id: GIVEN}
        self.codes: dict[str, AuthorizationCode] = {}
        self.access: dict[str, AccessToken] = {}
        self.refresh: dict[str, RefreshToken] = {}
        self.used: set[str] = set()
        self.people = 0

    def control(self, changes: dict[str, Any]) -> None:
        self.behaviour = Behaviour(**{**asdict(self.behaviour), "forget": "", **changes})
        match self.behaviour.forget:
            case "access":
                self.access.clear()
            case "refresh":
                self.refresh.clear()
            case "clients":
                self.clients = {}

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self.seen.registrations += 1
        self.clients[client_info.client_id] = client_info

    async def authorize(
        self, client: OAuthClientInformationFull, params: AuthorizationParams
    ) -> str:
        back, iss = str(params.redirect_uri), self.behaviour.iss or self.issuer
        if self.behaviour.deny:
            denied = {"error": "access_denied", "error_description": "<b>No.</b>"}
            return construct_redirect_uri(back, state=params.state, iss=iss, **denied)
        code = secrets.token_urlsafe(32)
        self.people += 1
        self.codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=True,
            resource=params.resource,
            subject=f"person-{self.people}",
        )
        return construct_redirect_uri(back, code=code, state=params.state, iss=iss)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        self.seen.exchanges += 1
        del self.codes[authorization_code.code]
        return self._tokens(authorization_code)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> RefreshToken | None:
        self.seen.refreshes += 1
        self.seen.reused += refresh_token in self.used
        await anyio.sleep(self.behaviour.refresh_s)
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        if self.refresh.pop(refresh_token.token, None) is None:
            raise TokenError("invalid_grant", f"{refresh_token.token} was used before")
        self.used.add(refresh_token.token)
        return self._tokens(refresh_token)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """Nobody asks."""

    def _tokens(self, grant: AuthorizationCode | RefreshToken) -> OAuthToken:
        access, again = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.seen.resources.append(grant.resource)
        about: dict[str, Any] = {
            "client_id": grant.client_id,
            "scopes": grant.scopes,
            "resource": grant.resource,
            "subject": grant.subject,
        }
        life_s = self.behaviour.life_s
        self.access[access] = AccessToken(
            token=access, expires_at=int(time.time()) + life_s, **about
        )
        self.refresh[again] = RefreshToken(token=again, **about)
        return OAuthToken(
            access_token=access,
            refresh_token=again,
            expires_in=life_s,
            scope=" ".join(grant.scopes),
        )


def main(port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    provider = Provider(url)
    server: MCPServer[Any] = MCPServer(
        "Guarded",
        log_level="CRITICAL",
        auth_server_provider=provider,
        auth=AuthSettings.model_validate(
            {
                "issuer_url": url,
                "resource_server_url": f"{url}/mcp",
                "required_scopes": ["tools"],
                "client_registration_options": ClientRegistrationOptions(
                    enabled=True, valid_scopes=["tools"], default_scopes=["tools"]
                ),
                "validate_token_resource": True,
            }
        ),
    )

    @server.tool(annotations=types.ToolAnnotations(read_only_hint=True), structured_output=False)
    async def whoami() -> str:
        """Say for whom this is done."""
        token = get_access_token()
        return token.subject or "" if token else ""

    @server.custom_route("/control", methods=["POST"])
    async def control(request: Request) -> Response:
        provider.control(await request.json())
        return Response(status_code=204)

    @server.custom_route("/seen", methods=["GET"])
    async def seen(request: Request) -> Response:
        return JSONResponse(asdict(provider.seen))

    uvicorn.run(server.streamable_http_app(), host="127.0.0.1", port=port, log_level="critical")


if __name__ == "__main__":
    main(int(sys.argv[1]))
