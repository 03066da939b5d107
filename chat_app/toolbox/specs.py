"""From a tool server's row to how it is reached, secrets included."""

import json
from collections.abc import Mapping
from typing import Any

from chat_app.errors import ToolUnavailable
from chat_app.store.secrets import Cipher, Unreadable
from chat_app.store.tool_servers import OAUTH, ToolServerRow
from chat_app.tools.values import ServerSpec

NOBODY, PERSON = "nobody", "user:"


def spec_of(row: ToolServerRow, cipher: Cipher, user_id: int | None = None) -> ServerSpec:
    """Raises `ToolUnavailable` when its secrets cannot be read.

    A server to which everybody signs in themselves is reached as this person, whose token is not
    in the spec yet; see toolbox/logins.py.
    """
    headers = _object(row.headers_encrypted, cipher)
    if row.api_key_encrypted is not None:
        headers = {"Authorization": f"Bearer {_plain(row.api_key_encrypted, cipher)}"} | headers
    return ServerSpec(
        id=row.id,
        name=row.name,
        transport=row.transport,
        url=row.url,
        headers=tuple(headers.items()),
        command=tuple(row.command or ()),
        env=tuple(_object(row.env_encrypted, cipher).items()),
        is_guarded=not (row.is_system or row.by_operator),
        session=_session(user_id) if row.auth == OAUTH else "",
    )


def person_of(spec: ServerSpec) -> int | None:
    """The person whose session this is, None for nobody."""
    number = spec.session.removeprefix(PERSON)
    return int(number) if number.isdigit() else None


def sealed(pairs: Mapping[str, str] | None, cipher: Cipher) -> bytes | None:
    """Headers or variables as they are stored; None for none."""
    return cipher.encrypt(json.dumps(pairs)) if pairs else None


def _session(user_id: int | None) -> str:
    return NOBODY if user_id is None else f"{PERSON}{user_id}"


def _object(encrypted: bytes | None, cipher: Cipher) -> dict[str, str]:
    if encrypted is None:
        return {}
    found: dict[str, Any] = json.loads(_plain(encrypted, cipher))
    return found


def _plain(encrypted: bytes, cipher: Cipher) -> str:
    try:
        return cipher.decrypt(encrypted)
    except Unreadable as error:
        raise ToolUnavailable(
            "The tool server's key cannot be read with this SECRET_KEY. Set the key again."
        ) from error
