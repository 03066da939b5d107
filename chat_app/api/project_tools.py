"""Tool servers of a project, for whoever runs it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.tool_servers import (
    ProjectToolServerIn,
    ReachedOut,
    ToolServerChanges,
    ToolServerOut,
)
from chat_app.api.schemas.tools import ToolChanges, ToolOut
from chat_app.services import tool_servers, tools

bp = Blueprint("project_tools", __name__, url_prefix="/api/projects/<project_id>")


@bp.get("/tool-servers")
def list_servers(project_id: str) -> ResponseReturnValue:
    found = tool_servers.list_servers(current.runtime(), current.person(), project_id)
    return {"items": [show(ToolServerOut, server) for server in found], "next": None}


@bp.post("/tool-servers")
def create_server(project_id: str) -> ResponseReturnValue:
    person, fields = current.person(), reading.body(ProjectToolServerIn).given()
    server = tool_servers.create(current.runtime(), person, fields, project_id)
    return show(ToolServerOut, server), 201


@bp.get("/tool-servers/<server_id>")
def get_server(project_id: str, server_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    return show(ToolServerOut, tool_servers.get(rt, person, server_id, project_id))


@bp.patch("/tool-servers/<server_id>")
def update_server(project_id: str, server_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(ToolServerChanges).given()
    server = tool_servers.update(current.runtime(), person, server_id, changes, project_id)
    return show(ToolServerOut, server)


@bp.delete("/tool-servers/<server_id>")
def delete_server(project_id: str, server_id: str) -> ResponseReturnValue:
    tool_servers.delete(current.runtime(), current.person(), server_id, project_id)
    return "", 204


@bp.post("/tool-servers/<server_id>/sync")
def sync_server(project_id: str, server_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    return show(ToolServerOut, tool_servers.sync(rt, person, server_id, project_id))


@bp.post("/tool-servers/<server_id>/test")
def test_server(project_id: str, server_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    return show(ReachedOut, tool_servers.check(rt, person, server_id, project_id))


@bp.get("/tool-servers/<server_id>/tools")
def list_tools(project_id: str, server_id: str) -> ResponseReturnValue:
    found = tools.list_tools(current.runtime(), current.person(), server_id, project_id)
    return {"items": [show(ToolOut, tool) for tool in found], "next": None}


@bp.patch("/tools/<tool_id>")
def update_tool(project_id: str, tool_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(ToolChanges).given()
    return show(ToolOut, tools.update(current.runtime(), person, tool_id, changes, project_id))
