"""Finds out who signs people in for a tool server (RFC 9728, RFC 8414, OpenID Connect)."""

from dataclasses import replace
from urllib.parse import urlsplit

import httpx2
import mcp_types as types
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    build_protected_resource_metadata_discovery_urls,
    create_oauth_metadata_request,
    extract_resource_metadata_from_www_auth,
    extract_scope_from_www_auth,
    get_client_metadata_scopes,
    handle_auth_metadata_response,
    handle_protected_resource_response,
    issuers_match,
)
from mcp.shared.auth import DEFAULT_GRANT_TYPES, OAuthMetadata, ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed, resource_url_from_server_url

from chat_app.egress import Networks
from chat_app.errors import ToolUnavailable
from chat_app.tools.oauth import AuthServer
from chat_app.tools.sidecar.oauth_http import Wire, opened
from chat_app.tools.values import ServerSpec

SCOPE_MAX_CHARS = 2_000
URL_MAX_CHARS = 2_000
# Any method will do: all that is wanted is the challenge of a server that knows nobody yet.
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": types.LATEST_PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "holdfast", "version": "1"},
    },
}


async def discover(spec: ServerSpec, networks: Networks) -> AuthServer:
    """Raises ToolUnavailable, EgressRefused, and what httpx2 raises."""
    async with opened(spec, networks) as wire:
        challenge = await wire.head(_hello(spec))
    # What comes from here on goes to others, and without what is secret of this server.
    async with opened(replace(spec, headers=()), networks) as wire:
        resource = await _resource_metadata(wire, spec, challenge)
        metadata = await _server_metadata(wire, spec, resource)
        found = _described(spec, challenge, resource, metadata)
        for url in (
            found.authorization_endpoint,
            found.token_endpoint,
            found.registration_endpoint,
        ):
            if url is not None:
                await wire.check_reach(url)
    return found


def _hello(spec: ServerSpec) -> httpx2.Request:
    # Every request made without the client's own builder lacks its headers.
    headers = [("User-Agent", "holdfast"), *spec.headers]
    if spec.transport == "sse":
        return httpx2.Request(
            "GET", spec.url or "", headers=[*headers, ("Accept", "text/event-stream")]
        )
    accept = ("Accept", "application/json, text/event-stream")
    return httpx2.Request("POST", spec.url or "", headers=[*headers, accept], json=HELLO)


async def _resource_metadata(
    wire: Wire, spec: ServerSpec, challenge: httpx2.Response
) -> ProtectedResourceMetadata | None:
    """None where the server has none, as those of before June 2025."""
    named = extract_resource_metadata_from_www_auth(challenge)
    failed = None
    for url in build_protected_resource_metadata_discovery_urls(named, spec.url or ""):
        response = await wire.send(create_oauth_metadata_request(url))
        if (found := await handle_protected_resource_response(response)) is not None:
            return found
        if response.status_code >= 500 or response.status_code == 429:
            failed = response.status_code
    if failed is not None:  # which says nothing about whether there are any
        raise ToolUnavailable(f"The sign-in of {spec.name} answered with HTTP status {failed}.")
    return None


async def _server_metadata(
    wire: Wire, spec: ServerSpec, resource: ProtectedResourceMetadata | None
) -> OAuthMetadata:
    issuer = str(resource.authorization_servers[0]) if resource else None
    urls = build_oauth_authorization_server_metadata_discovery_urls(issuer, spec.url or "")
    for url in urls:
        response = await wire.send(create_oauth_metadata_request(url))
        goes_on, found = await handle_auth_metadata_response(response)
        if found is not None:
            _check_issuer(spec, found, issuer)
            return found
        if not goes_on:
            raise ToolUnavailable(
                f"The sign-in of {spec.name} answered with HTTP status {response.status_code}."
            )
    if resource is None:
        raise ToolUnavailable(f"{spec.name} does not offer to sign in (OAuth).")
    raise ToolUnavailable(
        f"The sign-in of {spec.name} does not say how it is done: it has no metadata."
    )


def _check_issuer(spec: ServerSpec, found: OAuthMetadata, issuer: str | None) -> None:
    """RFC 8414 §3.3. Without it a server could pass off another's sign-in as its own."""
    if issuer is not None:
        is_right = str(found.issuer) == issuer
    else:
        parts = urlsplit(spec.url or "")
        is_right = issuers_match(str(found.issuer), f"{parts.scheme}://{parts.netloc}".lower())
    if not is_right:
        raise ToolUnavailable(f"The sign-in of {spec.name} says that it is somebody else's.")


def _described(
    spec: ServerSpec,
    challenge: httpx2.Response,
    resource: ProtectedResourceMetadata | None,
    server: OAuthMetadata,
) -> AuthServer:
    if "S256" not in (server.code_challenge_methods_supported or ()):  # MCP: MUST refuse
        raise ToolUnavailable(f"The sign-in of {spec.name} is not safe enough: it has no PKCE.")
    scope = get_client_metadata_scopes(
        extract_scope_from_www_auth(challenge), resource, server, DEFAULT_GRANT_TYPES
    )
    found = AuthServer(
        issuer=str(server.issuer),
        resource=_resource(spec, resource),
        scope=scope or None,
        authorization_endpoint=str(server.authorization_endpoint),
        token_endpoint=str(server.token_endpoint),
        registration_endpoint=(
            str(server.registration_endpoint) if server.registration_endpoint else None
        ),
        auth_methods=tuple(server.token_endpoint_auth_methods_supported or ()),
        wants_iss=server.authorization_response_iss_parameter_supported is True,
    )
    is_long = len(scope or "") > SCOPE_MAX_CHARS or any(
        len(url) > URL_MAX_CHARS
        for url in (
            found.issuer,
            found.resource,
            found.authorization_endpoint,
            found.token_endpoint,
        )
    )
    if is_long:
        raise ToolUnavailable(f"The sign-in of {spec.name} has metadata that are too long.")
    return found


def _resource(spec: ServerSpec, metadata: ProtectedResourceMetadata | None) -> str:
    """What the token is for: the server, or the whole that it says it is a part of."""
    own = resource_url_from_server_url(spec.url or "")
    if metadata is None:
        return own
    named = str(metadata.resource)
    if not check_resource_allowed(requested_resource=own, configured_resource=named):
        raise ToolUnavailable(f"The sign-in of {spec.name} is for another server.")
    return named
