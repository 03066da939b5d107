"""Tools: what may be done with them."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.tools import ToolChanges, ToolOut
from chat_app.services import tools

bp = Blueprint("tools", __name__, url_prefix="/api/tools")


@bp.patch("/<tool_id>")
def update_tool(tool_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(ToolChanges).given()
    return show(ToolOut, tools.update(current.runtime(), person, tool_id, changes))
