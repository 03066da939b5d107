"""Holdfast: a chat server for AI agents on plain WSGI hosting.

`create_app` builds the runtime and registers the doors: the only place where the rooms meet.
"""

from collections.abc import Callable

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from chat_app import api, cli, current, failures, logs, web
from chat_app.api import doors
from chat_app.auth import cookies, csrf, limits
from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.streaming.drain import InFlight
from chat_app.streaming.lease import USUAL, Lease
from chat_app.streaming.pace import PACE, Pace
from chat_app.streaming.points import Reached, nothing

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_FORM_BYTES = 1024 * 1024
JSON_PATHS = ("/api/", "/v1/", "/ws/")


def create_app(
    settings: Settings, lease: Lease = USUAL, reached: Reached = nothing, pace: Pace = PACE
) -> Flask:
    """The WSGI application. It opens no connection before its first request.

    The fault suite gives its own clocks, of leases and of remote runs, and a hook at named points.
    """
    logs.configure(settings.log_level, settings.log_format)
    app = Flask("chat_app", static_folder="web/static", template_folder="web/templates")
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.json = doors.Json(app)
    app.session_interface = cookies.SessionCookie()
    app.extensions["holdfast"] = runtime = Runtime.build(settings, lease, reached, pace)
    app.register_error_handler(Exception, _answer_failure)
    app.before_request(current.begin)
    app.after_request(current.end)
    csrf.install(app)
    api.install(app)
    web.install(app)
    cli.install(app)
    limits.install(app)
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.wsgi_app = in_flight = InFlight(app.wsgi_app)  # type: ignore[method-assign]
    app.extensions["holdfast_serve"] = lambda is_alive: runtime.serve(is_alive, in_flight)
    return app


def serve(app: Flask, is_alive: Callable[[], bool]) -> Callable[[], None]:
    """Begin a worker's life, for the server's hook once it has forked; see gunicorn.conf.py.

    Gives what waits until the worker may end.
    """
    drained: Callable[[], None] = app.extensions["holdfast_serve"](is_alive)
    return drained


def _answer_failure(raised: Exception) -> ResponseReturnValue:
    """Every failure, in the form that this door's clients can read: an event, JSON, or a page."""
    if isinstance(raised, RequestRedirect):
        return raised.get_response()
    error = failures.as_ours(raised)
    view = current.view()
    if request.path.startswith(JSON_PATHS) or not request.accept_mimetypes.accept_html:
        return doors.refuse(error, view)
    return web.refuse(error)
