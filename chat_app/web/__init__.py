"""The pages."""

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from chat_app.errors import HoldfastError

bp = Blueprint("web", __name__)


@bp.route("/login", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    return "x"


@bp.post("/channels/<channel_id>/messages")
def post_message(channel_id: str) -> ResponseReturnValue:
    return "x"


def install(app: Flask) -> None:
    app.register_blueprint(bp)


def refuse(error: HoldfastError) -> ResponseReturnValue:
    return error.message, error.http_status
