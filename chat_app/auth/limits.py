"""How often one may knock: every limit of the installation in one table."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from flask import Flask, Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse

from chat_app import current
from chat_app.errors import RateLimited, Unauthorized


class Limit(NamedTuple):
    """`rate` for one `who`; only answers with a status in `counts` count, all where it is empty."""

    rate: str
    who: Callable[[], str]
    counts: frozenset[int] = frozenset()


def address() -> str:
    return get_remote_address()


def person() -> str:
    """The person, or the address of somebody whom the door will refuse anyway."""
    try:
        return f"person {current.person().id}"
    except Unauthorized:
        return address()


# Guessing passwords is slowed down; a client that has run wild is stopped before it costs much.
# A body with a mistake in it guesses nothing: it must not lock out a whole office.
SIGN_IN = Limit("10 per minute", address, frozenset({401}))
SIGN_UP = Limit("1000 per hour", address, frozenset({201, 302, 303, 409}))
ASK = Limit("6000 per minute", person)
# One says it every few seconds, in each channel that one writes in.
TYPE = Limit("120 per minute", person)
UPLOAD = Limit("300 per minute", person)
# Each may be a request to the issuer; only what came to nothing counts.
COME_IN = Limit("30 per minute", address, frozenset({400, 403, 404, 410, 503}))
CHECK = Limit("10 per minute", person, frozenset({401}))
# Each is several requests to whatever address somebody gave a tool server or an AI server.
CONNECT = Limit("60 per minute", person, frozenset({200, 202, 303, 502, 503}))

BY_ENDPOINT = {
    "auth.login": SIGN_IN,
    "web.sign_in": SIGN_IN,
    "web.begin_openid": COME_IN,
    "web.end_openid": COME_IN,
    "auth.register": SIGN_UP,
    "invitations.register": SIGN_UP,
    "web.register": SIGN_UP,
    "web.register_invited": SIGN_UP,
    "attachments.upload": UPLOAD,
    "channels.stream": ASK,
    "messages.post_message": ASK,
    "messages.regenerate": ASK,
    "agent_chat.chat": ASK,
    "agent_chat.chat_stream": ASK,
    "agent_chat.chat_event_source": ASK,
    "presence.start_typing": TYPE,
    "presence.stop_typing": TYPE,
    "project_runs.health": CONNECT,
    "project_runs.resume_run": ASK,
    "project_runs.start_run": ASK,
    "project_tools.sync_server": CONNECT,
    "project_tools.test_server": CONNECT,
    "projects.provision_project": CONNECT,
    "sessions.stream": ASK,
    "tool_logins.connect": CONNECT,
    "tool_servers.sync_server": CONNECT,
    "tool_servers.test_server": CONNECT,
    "web.check_project": CONNECT,
    "web.connect_tools": CONNECT,
    "web.test_provider": CONNECT,
    "web.test_tool_server": CONNECT,
    "web.try_agent": ASK,
    "web.change_password": CHECK,
    "web.connect_account": CHECK,
    "web.post_message": ASK,
    "web.provision_project": CONNECT,
    "web.regenerate": ASK,
    "web.resume_run": ASK,
    "web.start_run": ASK,
}


def counter(endpoint: str) -> Callable[[], None]:
    """Counts for this request's person as a request to `endpoint` would: for what comes in over
    an open socket. What it gives raises `RateLimited`.
    """
    limiter: Limiter = next(iter(current.extension("limiter")))
    limit, who = BY_ENDPOINT[endpoint], BY_ENDPOINT[endpoint].who()
    rate = parse(limit.rate)

    def count() -> None:
        if not limiter.limiter.hit(rate, who, endpoint):
            raise RateLimited(retry_after=rate.get_expiry())

    return count


def install(app: Flask) -> None:
    """Put each limit before its view. Counted in this process."""
    limiter = Limiter(address, app=app, storage_uri="memory://")
    for endpoint, limit in BY_ENDPOINT.items():
        counted = limiter.limit(
            limit.rate,
            key_func=limit.who,
            deduct_when=partial(_counts, limit) if limit.counts else None,
        )
        view: Any = counted(app.view_functions[endpoint])
        app.view_functions[endpoint] = view


def _counts(limit: Limit, response: Response) -> bool:
    return response.status_code in limit.counts
