"""How often one may knock: every limit of the installation in one table."""

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Flask, Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from chat_app import current
from chat_app.errors import Unauthorized


class Limit(NamedTuple):
    """`rate` for one `who`; with `only_refused` what succeeds does not count."""

    rate: str
    who: Callable[[], str]
    only_refused: bool = False


def address() -> str:
    return get_remote_address()


def person() -> str:
    """The person, or the address of somebody whom the door will refuse anyway."""
    try:
        return f"person {current.person().id}"
    except Unauthorized:
        return address()


# Guessing passwords is slowed down; a client that has run wild is stopped before it costs much.
SIGN_IN = Limit("10 per minute", address, only_refused=True)
SIGN_UP = Limit("100 per hour", address)
ASK = Limit("6000 per minute", person)

BY_ENDPOINT = {
    "auth.login": SIGN_IN,
    "web.sign_in": SIGN_IN,
    "auth.register": SIGN_UP,
    "web.register": SIGN_UP,
    "messages.post_message": ASK,
    "messages.regenerate": ASK,
    "agent_chat.chat": ASK,
    "agent_chat.chat_stream": ASK,
    "agent_chat.chat_event_source": ASK,
    "sessions.stream": ASK,
    "web.post_message": ASK,
    "web.regenerate": ASK,
}


def install(app: Flask) -> None:
    """Put each limit before its view. Counted in this process."""
    limiter = Limiter(address, app=app, storage_uri="memory://")
    for endpoint, limit in BY_ENDPOINT.items():
        counted = limiter.limit(
            limit.rate,
            key_func=limit.who,
            deduct_when=_was_refused if limit.only_refused else None,
        )
        view: Any = counted(app.view_functions[endpoint])
        app.view_functions[endpoint] = view


def _was_refused(response: Response) -> bool:
    return response.status_code >= 400
