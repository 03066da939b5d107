"""What the sidecar does for the sign-ins of people: discovery, registration, tokens.

Nothing that was sent or came back is repeated in an error: it may be a token.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
from mcp.client.auth import OAuthFlowError
from mcp.client.auth.oauth2 import check_registration_usable
from mcp.client.auth.utils import (
    create_client_registration_request,
    handle_registration_response,
    handle_token_response_scopes,
)
from mcp.shared.auth import OAuthClientMetadata, OAuthMetadata
from pydantic import AnyHttpUrl, AnyUrl

from chat_app.egress import Networks
from chat_app.errors import HoldfastError, ToolUnavailable
from chat_app.tools import wire
from chat_app.tools.oauth import AuthServer, OAuthClient, Tokens, read_server
from chat_app.tools.sidecar import faults
from chat_app.tools.sidecar.http import Trace, trace
from chat_app.tools.sidecar.oauth_discovery import discover
from chat_app.tools.sidecar.oauth_http import opened
from chat_app.tools.values import ServerSpec
from chat_app.tools.wire import Message

CLIENT_NAME = "Holdfast"
# What we can do at a token endpoint, the best first. Without a word about it, it takes the first
# (RFC 8414 §2).
METHODS = ("client_secret_basic", "client_secret_post", "none")
LIFE_MAX_S = 10 * 365 * 86_400
TOKEN = re.compile(r"[\x21-\x7e]{1,16000}")  # what fits into a header, and begins no other
CODE = re.compile(r"[a-z_]{1,40}")  # of the errors of RFC 6749 and those that followed it


async def answer(asked: Message, networks: Networks) -> Any:
    """The answer to a question of `tools/oauth.py`. Raises ToolUnavailable."""
    spec = wire.read_spec(asked["spec"])
    match asked["op"]:
        case "oauth.discover":
            doing: Awaitable[Any] = discover(spec, networks)
        case "oauth.register":
            doing = _register(spec, networks, read_server(asked["server"]), asked["redirect_uri"])
        case _:
            client = OAuthClient(**asked["client"])
            doing = _tokens(spec, networks, asked["token_endpoint"], client, asked["grant"])
    return await _bounded(spec, doing, asked["timeout_s"])


async def _bounded(spec: ServerSpec, doing: Awaitable[Any], timeout_s: float) -> Any:
    note = Trace()
    trace.set(note)
    try:
        async with asyncio.timeout(timeout_s):
            return await doing
    except HoldfastError:
        raise
    except Exception as fault:
        named = replace(spec, name=f"The sign-in of {spec.name}")
        raise faults.of_connecting(fault, named, note) from None


async def _register(
    spec: ServerSpec, networks: Networks, server: AuthServer, redirect_uri: str
) -> OAuthClient:
    if server.registration_endpoint is None:
        raise ToolUnavailable(
            f"The sign-in of {spec.name} takes no new clients. Whoever manages the tool server has"
            " to register Holdfast there and give its oauth_client_id."
        )
    method = next((one for one in METHODS if one in (server.auth_methods or METHODS)), "none")
    wanted = OAuthClientMetadata(
        client_name=CLIENT_NAME,
        redirect_uris=[AnyUrl(redirect_uri)],
        token_endpoint_auth_method=method,
        # OpenID Connect: a client of the web has https; plain http is for one's own machine.
        application_type="web" if redirect_uri.startswith("https:") else "native",
        scope=server.scope,
    )
    request = create_client_registration_request(_metadata(server), wanted, server.issuer)
    async with opened(spec, networks) as http:
        response = await http.send(request)
    try:
        made = await handle_registration_response(response)
        check_registration_usable(made)
    except OAuthFlowError:
        why, fields = _why(response)
        raise ToolUnavailable(
            f"The sign-in of {spec.name} did not register Holdfast as a client ({why}).", **fields
        ) from None
    return OAuthClient(
        client_id=made.client_id,
        secret=made.client_secret,
        # Where the answer says nothing, what was asked for holds.
        auth_method=made.token_endpoint_auth_method or (method if made.client_secret else "none"),
        secret_expires_at=made.client_secret_expires_at or None,
    )


def _metadata(server: AuthServer) -> OAuthMetadata:
    return OAuthMetadata(
        issuer=AnyHttpUrl(server.issuer),
        authorization_endpoint=AnyHttpUrl(server.authorization_endpoint),
        token_endpoint=AnyHttpUrl(server.token_endpoint),
        registration_endpoint=AnyHttpUrl(server.registration_endpoint or ""),
    )


async def _tokens(
    spec: ServerSpec, networks: Networks, url: str, client: OAuthClient, grant: dict[str, str]
) -> Tokens:
    headers, data = _proven(client, grant)
    request = httpx2.Request("POST", url, data=data, headers=headers)
    async with opened(spec, networks) as http:
        response = await http.send(request)
    if response.status_code not in (200, 201):
        why, fields = _why(response)
        raise ToolUnavailable(f"The sign-in of {spec.name} gave no token ({why}).", **fields)
    try:
        found = await handle_token_response_scopes(response)
    except OAuthFlowError:
        raise ToolUnavailable(f"The sign-in of {spec.name} sent no token.") from None
    given = (found.access_token, found.refresh_token)
    if not all(TOKEN.fullmatch(one) for one in given if one is not None):
        raise ToolUnavailable(f"The sign-in of {spec.name} sent a token that cannot be used.")
    life_s = found.expires_in
    return Tokens(
        access_token=found.access_token,
        refresh_token=found.refresh_token,
        expires_in_s=None if life_s is None else max(0, min(life_s, LIFE_MAX_S)),
        scope=found.scope,
    )


def _proven(client: OAuthClient, grant: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form of a request by this client (RFC 6749 §2.3.1)."""
    headers = {"Accept": "application/json", "User-Agent": "holdfast"}
    data = grant | {"client_id": client.client_id}
    if client.secret is not None and client.auth_method == "client_secret_basic":
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    elif client.secret is not None and client.auth_method == "client_secret_post":
        data["client_secret"] = client.secret
    return headers, data


def _why(response: httpx2.Response) -> tuple[str, dict[str, str]]:
    """The code that OAuth has for it, else HTTP's, and the fields of an error about it. None of
    the words: they may repeat what was sent.
    """
    code = _code(response)
    return (code, {"oauth_error": code}) if code else (f"HTTP {response.status_code}", {})


def _code(response: httpx2.Response) -> str | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    code = body.get("error") if isinstance(body, dict) else None
    return code if isinstance(code, str) and CODE.fullmatch(code) else None
