"""One tool server, of the system or of a project: its tools, and how it is reached."""

from typing import Any

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import AccessDenied, HoldfastError, RequestError
from chat_app.services import projects, tool_logins, tool_servers, tools
from chat_app.services.tool_logins import ServerSeen
from chat_app.web import headers, shell, tool_words
from chat_app.web.agent_form import POLICIES
from chat_app.web.blueprint import bp
from chat_app.web.server_form import ServerForm, ServerNameForm
from chat_app.web.tools import LIST, TRANSPORTS

BY_ADDRESS = ("http", "sse")


@bp.get("/tools/new")
def new_tool_server() -> ResponseReturnValue:
    return _new(ServerForm(data={"enabled": True, "transport": "http"}))


@bp.post("/tools/new")
def create_tool_server() -> ResponseReturnValue:
    form = ServerForm()
    try:
        fields, project = form.fields(), request.args.get("project")
        made = tool_servers.create(current.runtime(), current.person(), fields, project)
    except RequestError as error:
        return _new(form, error), error.http_status
    return redirect(url_for("web.show_tool_server", server_id=made.id), 303)


@bp.get("/tools/<server_id>")
def show_tool_server(server_id: str) -> ResponseReturnValue:
    return _page(server_id)


@bp.post("/tools/<server_id>/test")
def test_tool_server(server_id: str) -> ResponseReturnValue:
    """Reach it and read its tools; what is wrong where that fails is shown with them."""
    server = _open(server_id)
    place = (server.id, server.project_id)
    try:
        reached = tool_servers.check(current.runtime(), current.person(), *place)
    except HoldfastError as error:
        if isinstance(error, RequestError):
            raise
        return _page(server_id, error=error)
    return _page(server_id, reached=reached)


@bp.post("/tools/<server_id>/tools")
def change_tools(server_id: str) -> ResponseReturnValue:
    rt, person, server = current.runtime(), current.person(), _open(server_id)
    tools.update_all(rt, person, server.id, _wanted(), server.project_id)
    return redirect(url_for("web.show_tool_server", server_id=server.id, saved=1), 303)


@bp.post("/tools/<server_id>/tools/<tool_id>/agree")
def agree_to_tool(server_id: str, tool_id: str) -> ResponseReturnValue:
    server = _open(server_id)
    changes = {"changed": False}
    tools.update(current.runtime(), current.person(), tool_id, changes, server.project_id)
    return redirect(url_for("web.show_tool_server", server_id=server.id), 303)


@bp.get("/tools/<server_id>/edit")
def edit_tool_server(server_id: str) -> ResponseReturnValue:
    details = _changeable(server_id)
    return _edit(details, _form(details)(obj=details))


@bp.post("/tools/<server_id>/edit")
def change_tool_server(server_id: str) -> ResponseReturnValue:
    details = _changeable(server_id)
    form, person = _form(details)(), current.person()
    try:
        changes = _changes(form, details)
        tool_servers.update(current.runtime(), person, details.id, changes, details.project_id)
    except RequestError as error:
        return _edit(details, form, error), error.http_status
    return redirect(url_for("web.show_tool_server", server_id=details.id, saved=1), 303)


@bp.post("/tools/<server_id>/delete")
def delete_tool_server(server_id: str) -> ResponseReturnValue:
    server = _open(server_id)
    tool_servers.delete(current.runtime(), current.person(), server.id, server.project_id)
    if server.project_id is not None:
        return redirect(url_for("web.show_project", project_id=server.project_id), 303)
    return redirect(url_for(LIST), 303)


def _open(server_id: str) -> ServerSeen:
    """The server, for who may look at its tools. Raises `ToolServerNotFound`, `AccessDenied`."""
    server = tool_logins.seen(current.runtime(), current.person(), server_id)
    if not server.may_open:
        raise AccessDenied
    return server


def _changeable(server_id: str) -> tool_servers.ServerShown:
    """Raises `ToolServerNotFound`, `AccessDenied`."""
    server = _open(server_id)
    if not server.may_sync:
        raise AccessDenied
    return tool_servers.get(current.runtime(), current.person(), server.id, server.project_id)


def _form(details: tool_servers.ServerShown) -> type[ServerNameForm]:
    return ServerForm if details.transport in BY_ADDRESS else ServerNameForm


def _changes(form: ServerNameForm, details: tool_servers.ServerShown) -> dict[str, Any]:
    """Only what is otherwise now: to give an address anew means to answer for it, and somebody
    else may have typed it.
    """
    same = {name: getattr(details, name) for name in ("name", "enabled", "url", "transport")}
    return {k: value for k, value in form.fields().items() if k not in same or same[k] != value}


def _wanted() -> dict[int, dict[str, Any]]:
    """What the form says of each tool that it shows."""
    on = set(request.form.getlist("on"))
    shown = [id for id in request.form.getlist("tool") if access.number(id)]
    policies = {id: request.form.get(f"policy_{id}") for id in shown}
    return {
        int(id): {
            "enabled": id in on,
            "policy": policies[id] if policies[id] in POLICIES else None,
        }
        for id in shown
    }


def _page(server_id: str, **shown: Any) -> ResponseReturnValue:
    rt, person, server = current.runtime(), current.person(), _open(server_id)
    page = shell.page(
        "tool_server.html",
        section=LIST,
        server=server,
        details=tool_servers.get(rt, person, server.id, server.project_id),
        tools=tools.list_tools(rt, person, server.id, server.project_id),
        transports=TRANSPORTS,
        policies=POLICIES,
        said_of=tool_words.said_of,
        schema_of=tool_words.schema_of,
        saved="saved" in request.args,
        **{"error": None, "reached": None} | shown,
    )
    return headers.let_forms_out(make_response(page))


def _new(form: ServerForm, error: RequestError | None = None) -> str:
    """Raises `AccessDenied`, `ProjectNotFound` for whom may add none there."""
    rt, person, project_id = current.runtime(), current.person(), request.args.get("project")
    if project_id is None:
        person.must_operate()
        return _edit(None, form, error)
    project = projects.get(rt, person, project_id)
    person.must_write(project.workspace_id)
    return _edit(None, form, error, project)


def _edit(
    details: tool_servers.ServerShown | None,
    form: ServerNameForm,
    error: RequestError | None = None,
    project: Any = None,
) -> str:
    shown = {"server": details, "form": form, "error": error, "project": project}
    return shell.page("tool_server_edit.html", section=LIST, **shown)
