"""This request: its runtime, its person, its log. The only use of Flask's `current_app` and `g`."""

import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from flask import Response, current_app, g, request, session

from chat_app.access import Person
from chat_app.errors import Unauthorized
from chat_app.runtime import Runtime
from chat_app.services import tokens

_REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
_SECRET = re.compile(r"(?<=^/invite/)[^/]+")
SESSION_TOKEN = "token"  # noqa: S105  the name under which the cookie holds it

View = Callable[..., Any]

log = structlog.get_logger()


def runtime() -> Runtime:
    runtime: Runtime = current_app.extensions["holdfast"]
    return runtime


def extension(name: str) -> Any:
    """What an extension of Flask keeps for this application."""
    return current_app.extensions[name]


def view() -> Callable[..., Any] | None:
    """The view that this request goes to, None when there is none for it."""
    return current_app.view_functions.get(request.endpoint or "")


def begin() -> None:
    """Give the request an id: the caller's, if it is a decent one, so that logs can be joined."""
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
    g.began = time.perf_counter()
    _make_room()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def takes_files(max_bytes: int) -> Callable[[View], View]:
    """Mark a view whose body may have that many bytes, since files come in it."""

    def mark(view: View) -> View:
        view.max_body_bytes = max_bytes  # type: ignore[attr-defined]
        return view

    return mark


def _make_room() -> None:
    """Before anything reads the body, and a form's token is in it.

    A page's form is read before it is known whose it is: nobody in particular gets no more room.
    """
    max_bytes: int | None = getattr(view(), "max_body_bytes", None)
    if max_bytes is not None and (request.blueprint != "web" or uses_cookie()):
        request.max_content_length = max_bytes


def end(response: Response) -> Response:
    """Log the request: its path without the query, which may hold what people say, and without
    the secret of an invitation.
    """
    response.headers["X-Request-ID"] = g.request_id
    log.info(
        "request",
        method=request.method,
        path=_SECRET.sub("…", request.path),
        status=response.status_code,
        ms=round((time.perf_counter() - g.began) * 1000, 1),
        person=g.person.id if "person" in g else None,
    )
    return response


def bearer() -> str | None:
    """The token in the Authorization header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def uses_cookie() -> bool:
    """Whether the browser's cookie, and not a token, says who asks."""
    return "Authorization" not in request.headers and SESSION_TOKEN in session


def person() -> Person:
    """Who asks. Raises `Unauthorized`."""
    if "person" not in g:
        g.person = tokens.identify(runtime(), secret())
    found: Person = g.person
    return found


def who() -> Callable[[], Person]:
    """For what outlives this request: gives the person as they are when it is called, or raises
    `Unauthorized` when their token is worth nothing any more.
    """
    person()
    return partial(tokens.identify, runtime(), secret())


def secret() -> str:
    """What proves who asks: the token in the header or the cookie. Raises `Unauthorized`."""
    sent: str | None = session.get(SESSION_TOKEN) if uses_cookie() else bearer()
    if not sent:
        raise Unauthorized
    return sent
