"""What Holdfast is to authorization servers: a client that was typed in, or one it registered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chat_app.errors import InvalidRequest
from chat_app.store import tool_logins as store
from chat_app.store.db import Session
from chat_app.store.secrets import Cipher
from chat_app.store.tool_logins import ToolClientRow
from chat_app.store.tool_servers import ToolServerRow
from chat_app.toolbox.typed import origin
from chat_app.tools.oauth import AuthServer, OAuthClient

GIVEN_ID, GIVEN_SECRET = "oauth_client_id", "oauth_client_secret"
GIVEN = (GIVEN_ID, GIVEN_SECRET)


def client_of(row: ToolClientRow, cipher: Cipher) -> OAuthClient:
    """Raises `Unreadable`."""
    secret = cipher.decrypt(row.secret_encrypted) if row.secret_encrypted is not None else None
    return OAuthClient(row.client_id, secret, row.auth_method)


def change(session: Session, row: ToolServerRow, fields: Mapping[str, Any], cipher: Cipher) -> None:
    """Take over the client that somebody typed in for a server; an empty id takes it away.

    All logins end with it: what one client was given is no good to another. They also end when the
    server, whose row does not say so yet, moves to another host. Raises `InvalidRequest` for a
    secret without an id, and for a client that is not given again for another host.
    """
    known = store.given_client(session, row.id)
    if "url" in fields and origin(fields["url"]) != origin(row.url):
        if known is not None and GIVEN_ID not in fields:
            raise InvalidRequest("Give the client again for the new address.", field=GIVEN_ID)
        store.drop_clients(session, row.id)
    if not any(name in fields for name in GIVEN):
        return
    client_id = fields.get(GIVEN_ID, known.client_id if known else None)
    secret = fields.get(GIVEN_SECRET)
    if secret and not client_id:
        raise InvalidRequest("A client's secret needs its id.", field=GIVEN_ID)
    store.drop_clients(session, row.id)
    if client_id:
        encrypted = cipher.encrypt(secret) if secret else None
        session.add(
            ToolClientRow(
                server_id=row.id, client_id=client_id, secret_encrypted=encrypted, given=True
            )
        )


def bind(given: ToolClientRow, found: AuthServer) -> bool:
    """Let a client that was typed in belong to the issuer for which it is first used.

    False where it belongs to another by now, to which alone its secret may go.
    """
    if given.issuer not in (None, found.issuer):
        return False
    given.issuer = found.issuer
    given.auth_method = _method(found, has_secret=given.secret_encrypted is not None)
    return True


def registered(
    server_id: int, found: AuthServer, made: OAuthClient, redirect_uri: str, cipher: Cipher
) -> ToolClientRow:
    """The row of a client that was registered just now."""
    ends = made.secret_expires_at
    return ToolClientRow(
        server_id=server_id,
        issuer=found.issuer,
        client_id=made.client_id,
        secret_encrypted=cipher.encrypt(made.secret) if made.secret else None,
        secret_expires_at=datetime.fromtimestamp(ends, UTC) if ends else None,
        auth_method=made.auth_method,
        redirect_uri=redirect_uri,
    )


def _method(found: AuthServer, has_secret: bool) -> str:
    """How a client proves itself; RFC 8414 §2 says what holds where nothing is said."""
    if not has_secret:
        return "none"
    takes_basic = not found.auth_methods or "client_secret_basic" in found.auth_methods
    return "client_secret_basic" if takes_basic else "client_secret_post"
