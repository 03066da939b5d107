"""Tool servers of the system: the operator's, for agents."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.tool_servers import (
    ReachedOut,
    ToolServerChanges,
    ToolServerIn,
    ToolServerOut,
)
from chat_app.api.schemas.tools import ToolOut
from chat_app.services import tool_servers, tools

bp = Blueprint("tool_servers", __name__, url_prefix="/api/tool-servers")


@bp.get("")
def list_servers() -> ResponseReturnValue:
    found = tool_servers.list_servers(current.runtime(), current.person())
    return {"items": [show(ToolServerOut, server) for server in found], "next": None}


@bp.post("")
def create_server() -> ResponseReturnValue:
    person, fields = current.person(), reading.body(ToolServerIn).given()
    return show(ToolServerOut, tool_servers.create(current.runtime(), person, fields)), 201


@bp.get("/<server_id>")
def get_server(server_id: str) -> ResponseReturnValue:
    return show(ToolServerOut, tool_servers.get(current.runtime(), current.person(), server_id))


@bp.patch("/<server_id>")
def update_server(server_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(ToolServerChanges).given()
    server = tool_servers.update(current.runtime(), person, server_id, changes)
    return show(ToolServerOut, server)


@bp.delete("/<server_id>")
def delete_server(server_id: str) -> ResponseReturnValue:
    tool_servers.delete(current.runtime(), current.person(), server_id)
    return "", 204


@bp.post("/<server_id>/sync")
def sync_server(server_id: str) -> ResponseReturnValue:
    return show(ToolServerOut, tool_servers.sync(current.runtime(), current.person(), server_id))


@bp.post("/<server_id>/test")
def test_server(server_id: str) -> ResponseReturnValue:
    return show(ReachedOut, tool_servers.check(current.runtime(), current.person(), server_id))


@bp.get("/<server_id>/tools")
def list_tools(server_id: str) -> ResponseReturnValue:
    found = tools.list_tools(current.runtime(), current.person(), server_id)
    return {"items": [show(ToolOut, tool) for tool in found], "next": None}
