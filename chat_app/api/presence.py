"""Saying that one writes in a channel."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.services import presence

bp = Blueprint("presence", __name__, url_prefix="/api")


@bp.post("/channels/<channel_id>/typing")
def start_typing(channel_id: str) -> ResponseReturnValue:
    presence.start_typing(current.runtime(), current.person(), channel_id)
    return "", 204


@bp.delete("/channels/<channel_id>/typing")
def stop_typing(channel_id: str) -> ResponseReturnValue:
    presence.stop_typing(current.runtime(), current.person(), channel_id)
    return "", 204
