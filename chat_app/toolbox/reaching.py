"""Writing down how a server is reached: what fits it, what makes it another one, what is secret."""

from collections.abc import Mapping
from typing import Any

from chat_app.egress import Networks
from chat_app.errors import InvalidRequest
from chat_app.store.secrets import Cipher
from chat_app.store.tool_servers import ToolServerRow
from chat_app.toolbox import clients
from chat_app.toolbox.specs import sealed
from chat_app.toolbox.typed import check_command, check_env, check_headers, check_url, origin

BY_ADDRESS = ("http", "sse")
BY_ADDRESS_ONLY = ("transport", "url", "api_key", "headers", *clients.GIVEN)
BY_COMMAND_ONLY = ("command", "env")
PLAIN = ("transport", "url", "command")
SECRET = ("api_key", "headers", "env")


def check_new(fields: Mapping[str, Any], guard: Networks | None) -> None:
    """Raises `InvalidRequest` for fields that a new server cannot have.

    `guard` says where an address may lead; None for an operator's, who may type any.
    """
    if "url" in fields:
        check_url(fields["url"], guard)
    if "command" in fields:
        check_command(fields["command"])
    check_headers(fields.get("headers") or {})
    check_env(fields.get("env") or {})


def check_changes(row: ToolServerRow, changes: Mapping[str, Any], guard: Networks | None) -> None:
    """Raises `InvalidRequest` for changes that this server cannot have."""
    for name in BY_COMMAND_ONLY if row.transport in BY_ADDRESS else BY_ADDRESS_ONLY:
        if name in changes:
            raise InvalidRequest("This server is not reached that way.", field=name)
    check_new(changes, guard)
    if "url" in changes and origin(changes["url"]) != origin(row.url):
        # What is secret goes only to whom it was given for.
        if row.api_key_encrypted is not None and "api_key" not in changes:
            raise InvalidRequest("Give the key again for the new address.", field="api_key")
        if row.headers_encrypted is not None and "headers" not in changes:
            raise InvalidRequest("Give the headers again for the new address.", field="headers")


def fill(row: ToolServerRow, fields: Mapping[str, Any], cipher: Cipher) -> bool:
    """Write the fields into the row; whether it is reached otherwise from now on.

    One that is has to be reached anew before an agent may use it.
    """
    has_moved = any(name in fields and fields[name] != getattr(row, name) for name in PLAIN)
    for name, value in fields.items():
        if name in SECRET:
            setattr(row, f"{name}_encrypted", _sealed(value, cipher))
        elif name not in clients.GIVEN:  # those have a row of their own
            setattr(row, name, value)
    if has_moved := has_moved or any(name in fields for name in SECRET):
        row.state, row.state_message, row.auth = "draft", None, "none"
    return has_moved


def _sealed(value: str | dict[str, str] | None, cipher: Cipher) -> bytes | None:
    if isinstance(value, str):
        return cipher.encrypt(value) if value else None
    return sealed(value, cipher)
