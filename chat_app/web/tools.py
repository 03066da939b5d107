"""The tool servers that a person may see, and signing in to them."""

from datetime import UTC, datetime

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from chat_app import current
from chat_app.errors import HoldfastError
from chat_app.services import tool_logins, tool_servers
from chat_app.services.tool_logins import CameBack, ServerSeen
from chat_app.web import headers, shell, words
from chat_app.web.blueprint import bp

LIST = "web.list_tools"
TRANSPORTS = {"http": "HTTP", "sse": "HTTP + SSE", "stdio": _("Command"), "demo": _("Built in")}


@bp.get("/tools")
def list_tools() -> ResponseReturnValue:
    return _page(signed_in=request.args.get("signed_in"))


@bp.post("/tools/<server_id>/connect")
def connect_tools(server_id: str) -> ResponseReturnValue:
    try:
        url = tool_logins.connect(current.runtime(), current.person(), server_id)
    except HoldfastError as error:
        return _page(error)
    return redirect(url, 303)


@bp.get("/tools/callback")
def come_back() -> ResponseReturnValue:
    """Where authorization servers send people back to (RFC 6749 §4.1.2)."""
    sent = request.args.get
    answer = CameBack(sent("state", ""), sent("code"), sent("iss"), sent("error"))
    try:
        server = tool_logins.come_back(current.runtime(), current.person(), answer)
    except HoldfastError as error:
        return _page(error)
    return redirect(url_for("web.list_tools", signed_in=server.id), 303)


@bp.post("/tools/<server_id>/disconnect")
def disconnect_tools(server_id: str) -> ResponseReturnValue:
    tool_logins.disconnect(current.runtime(), current.person(), server_id)
    return redirect(url_for("web.list_tools"), 303)


@bp.post("/tools/<server_id>/sync")
def sync_tools(server_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    try:
        server = tool_logins.seen(rt, person, server_id)
        tool_servers.sync(rt, person, server.id, server.project_id)
    except HoldfastError as error:
        return _page(error)
    return redirect(url_for("web.list_tools"), 303)


def _page(error: HoldfastError | None = None, signed_in: str | None = None) -> ResponseReturnValue:
    servers = tool_logins.list_seen(current.runtime(), current.person())
    moment = datetime.now(UTC)
    page = shell.page(
        "tools.html",
        section=LIST,
        servers=servers,
        transports=TRANSPORTS,
        ago={one.id: words.left(moment, one.last_sync) for one in servers if one.last_sync},
        arrived=_arrived(servers, signed_in),
        error=error,
    )
    response = make_response(page, error.http_status if error else 200)
    return headers.let_forms_out(response)


def _arrived(servers: list[ServerSeen], signed_in: str | None) -> ServerSeen | None:
    """The server that the person has just signed in to."""
    return next((one for one in servers if str(one.id) == signed_in and one.is_signed_in), None)
