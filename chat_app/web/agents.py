"""Agents: the list of them, making, changing and deleting one."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError, RequestError
from chat_app.services import agents, projects, providers, tool_servers, tools
from chat_app.services.tries import Tried
from chat_app.web import shell
from chat_app.web.agent_form import (
    KINDS,
    MODEL,
    NO_TOOLS,
    POLICIES,
    VARIABLES,
    AgentForm,
    ToolChoice,
    chosen,
)
from chat_app.web.blueprint import bp

LIST = "web.list_agents"
NOTHING: dict[str, Any] = dict.fromkeys(("agent", "error", "tried", "try_error", "question"))


@bp.get("/settings/agents")
def list_agents() -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    person.must_see_system_tools()
    found = agents.list_agents(rt, person)
    mine = [agent for agent in found if person.may_manage(agent.workspace_id)]
    return shell.page("agents.html", section=LIST, agents=mine)


@bp.get("/settings/agents/new")
def new_agent() -> ResponseReturnValue:
    person = current.person()
    person.must_manage(person.home)
    found = [one for one in providers.list_providers(current.runtime()) if one.enabled]
    first = found[0].id if found else ""
    usual = {"enabled": True, "provider_id": first, "kind": MODEL}
    return _page(AgentForm(data=usual), NO_TOOLS)


@bp.post("/settings/agents/new")
def create_agent() -> ResponseReturnValue:
    person, form = current.person(), AgentForm()
    person.must_manage(person.home)
    choice = chosen(request.form, NO_TOOLS)
    try:
        fields = form.fields() | choice.fields()
        made = agents.create(current.runtime(), person, fields)
    except RequestError as error:
        return _page(form, choice, error=error), error.http_status
    return redirect(url_for("web.show_agent", agent_id=made.id, saved=1), 303)


@bp.get("/settings/agents/<agent_id>")
def show_agent(agent_id: str) -> ResponseReturnValue:
    return page(agent_id)


@bp.post("/settings/agents/<agent_id>")
def change_agent(agent_id: str) -> ResponseReturnValue:
    agent, form = _managed(agent_id), AgentForm()
    choice = chosen(request.form, _choice(agent))
    try:
        fields = form.fields() | choice.fields()
        agents.update(current.runtime(), current.person(), agent_id, fields)
    except RequestError as error:
        return _page(form, choice, agent=agent, error=error), error.http_status
    return redirect(url_for("web.show_agent", agent_id=agent_id, saved=1), 303)


@bp.post("/settings/agents/<agent_id>/delete")
def delete_agent(agent_id: str) -> ResponseReturnValue:
    agents.delete(current.runtime(), current.person(), agent_id)
    return redirect(url_for(LIST), 303)


def page(
    agent_id: str,
    question: str = "",
    tried: Tried | None = None,
    try_error: HoldfastError | None = None,
) -> str:
    """The agent as it is, and what came of trying it. Raises `AgentNotFound`, `AccessDenied`."""
    agent = _managed(agent_id)
    shown = {"question": question, "tried": tried, "try_error": try_error}
    return _page(AgentForm(obj=agent), _choice(agent), agent=agent, **shown)


def _page(form: AgentForm, choice: ToolChoice, **shown: Any) -> str:
    rt, person = current.runtime(), current.person()
    return shell.page(
        "agent.html",
        section=LIST,
        form=form,
        choice=choice,
        kinds=KINDS,
        projects=projects.list_projects(rt, person),
        providers=providers.list_providers(rt),
        servers=tool_servers.list_servers(rt, person),
        tools=tools.list_system_tools(rt, person),
        variables=VARIABLES,
        policies=POLICIES,
        saved="saved" in request.args,
        **NOTHING | shown,
    )


def _managed(agent_id: str) -> Any:
    """The agent, for who runs its workspace. Raises `AgentNotFound`, `AccessDenied`."""
    person = current.person()
    agent = agents.get(current.runtime(), person, agent_id)
    person.must_manage(agent.workspace_id)
    return agent


def _choice(agent: Any) -> ToolChoice:
    servers, disabled = frozenset(agent.tool_server_ids), frozenset(agent.disabled_tool_ids)
    return ToolChoice(servers, disabled, agent.tool_policies)
