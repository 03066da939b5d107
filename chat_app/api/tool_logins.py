"""Signing in to a tool server (OAuth), whichever it is: each person for themselves."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.services import tool_logins

bp = Blueprint("tool_logins", __name__, url_prefix="/api/tool-servers/<server_id>")


@bp.post("/connect")
def connect(server_id: str) -> ResponseReturnValue:
    """Where the person signs in; they come back to the page of the tool servers."""
    url = tool_logins.connect(current.runtime(), current.person(), server_id)
    return {"authorization_url": url}


@bp.post("/disconnect")
def disconnect(server_id: str) -> ResponseReturnValue:
    tool_logins.disconnect(current.runtime(), current.person(), server_id)
    return "", 204
