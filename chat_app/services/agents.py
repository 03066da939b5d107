"""Agents of a workspace."""

import re
from collections.abc import Collection
from itertools import count
from typing import Any

from chat_app import access, audit
from chat_app.access import Person
from chat_app.errors import Conflict, InvalidRequest
from chat_app.runtime import Runtime
from chat_app.store.agents import (
    HANDLE_MAX_CHARS,
    MODEL,
    REMOTE,
    AgentRow,
    agent_by_handle,
    agents_in,
    clear_default,
    with_tools,
)
from chat_app.store.db import Session
from chat_app.store.providers import ProviderRow, all_providers
from chat_app.store.tool_servers import offer_servers, system_servers
from chat_app.store.tools import choices_of, choose, system_tools_among

# What is written beside the agent's row.
TOOL_FIELDS = ("tool_server_ids", "disabled_tool_ids", "tool_policies")

_NOT_IN_A_HANDLE = re.compile(r"[^\w-]+", re.UNICODE)


def list_agents(rt: Runtime, person: Person) -> list[AgentRow]:
    """The agents of the person's workspaces, the default first."""
    with rt.db.reading() as session:
        return agents_in(session, person.workspace_ids)


def get(rt: Runtime, person: Person, ref: str | int) -> AgentRow:
    """Raises `AgentNotFound`."""
    with rt.db.reading() as session:
        return with_tools(session, access.agent(session, person, ref))


def create(rt: Runtime, person: Person, fields: dict[str, Any]) -> AgentRow:
    """A new agent; without a provider it gets the first one there is, and no tools by itself.

    One of kind `remote` answers by a project's AI server: any that its maker may use. Raises
    `AccessDenied`, `ProjectNotFound`, `Conflict` for a handle that is taken, `InvalidRequest`.
    """
    workspace_id = person.home
    person.must_manage(workspace_id)
    with rt.db.transaction() as session:
        if "provider_id" not in fields and fields.get("kind") != REMOTE:
            fields |= {"provider_id": _first_provider_id(session)}
        handle = fields.get("handle") or _free_handle(session, workspace_id, fields["name"])
        agent = AgentRow(workspace_id=workspace_id, kind=fields.get("kind", MODEL))
        _check_project(session, person, agent, fields.get("project_id"))
        _fill(session, agent, fields | {"handle": handle})
        session.add(agent)
        session.flush()
        audit.note(session, person, "agent_made", agent.name, workspace_id)
        _give_tools(rt, session, agent, fields)
        return with_tools(session, agent)


def update(rt: Runtime, person: Person, ref: str | int, changes: dict[str, Any]) -> AgentRow:
    """Raises `AccessDenied`, `AgentNotFound`, `ProjectNotFound`, `Conflict`, `InvalidRequest`."""
    with rt.db.transaction() as session:
        agent = access.agent(session, person, ref)
        person.must_manage(agent.workspace_id)
        if changes.get("kind", agent.kind) != agent.kind:
            raise InvalidRequest("An agent's kind never changes: make another one.", field="kind")
        if "project_id" in changes:
            _check_project(session, person, agent, changes["project_id"])
        _fill(session, agent, changes)
        session.flush()
        audit.note(session, person, "agent_changed", agent.name, agent.workspace_id)
        _give_tools(rt, session, agent, changes)
        return with_tools(session, agent)


def delete(rt: Runtime, person: Person, ref: str | int) -> None:
    """Its messages stay under its name. Raises `AccessDenied`, `AgentNotFound`."""
    with rt.db.transaction() as session:
        agent = access.agent(session, person, ref)
        person.must_manage(agent.workspace_id)
        session.delete(agent)
        audit.note(session, person, "agent_deleted", agent.name, agent.workspace_id)


def handle_from(name: str) -> str:
    """A handle for @mention made of a name: `Research Helper` is `research-helper`."""
    return _NOT_IN_A_HANDLE.sub("-", name.lower()).strip("-")[:HANDLE_MAX_CHARS] or "agent"


def _free_handle(session: Session, workspace_id: int, name: str) -> str:
    """The handle made of `name`, with a number where an agent has it already."""
    handle = handle_from(name)
    for number in count(2):
        if agent_by_handle(session, workspace_id, handle) is None:
            break
        end = f"-{number}"
        handle = handle_from(name)[: HANDLE_MAX_CHARS - len(end)] + end
    return handle


def _check_project(
    session: Session, person: Person, agent: AgentRow, project_id: int | None
) -> None:
    """An agent of kind `remote` has a project that whoever chooses it may use; others have none."""
    if not agent.is_remote:
        if project_id is not None:
            raise InvalidRequest("Only an agent of kind remote has a project.", field="project_id")
        return
    if project_id is None:
        raise InvalidRequest("An agent of kind remote needs a project.", field="project_id")
    if access.project(session, person, project_id).workspace_id != agent.workspace_id:
        raise InvalidRequest("The project is in another workspace.", field="project_id")


def _fill(session: Session, agent: AgentRow, fields: dict[str, Any]) -> None:
    if handle := fields.get("handle"):
        fields = fields | {"handle": handle.lower()}
        same = agent_by_handle(session, agent.workspace_id, handle)
        if same is not None and same.id != agent.id:
            raise Conflict("There is an agent with this handle already.", field="handle")
    provider_id = fields.get("provider_id")
    if provider_id is not None and session.get(ProviderRow, provider_id) is None:
        raise InvalidRequest("There is no such provider.", field="provider_id")
    if fields.get("is_default"):
        clear_default(session, agent.workspace_id)
    for name, value in fields.items():
        if name not in TOOL_FIELDS:
            setattr(agent, name, value)


def _give_tools(rt: Runtime, session: Session, agent: AgentRow, fields: dict[str, Any]) -> None:
    """Write down which tools the agent may use, as far as `fields` say."""
    if (server_ids := fields.get("tool_server_ids")) is not None:
        most = rt.settings.tool_servers_max
        if len(set(server_ids)) > most:
            raise InvalidRequest(
                f"An agent may have {most} tool servers at most.", field="tool_server_ids"
            )
        if not {server.id for server in system_servers(session)}.issuperset(server_ids):
            raise InvalidRequest("There is no such tool server.", field="tool_server_ids")
        offer_servers(session, agent.id, server_ids)
    if "disabled_tool_ids" in fields or "tool_policies" in fields:
        _choose_tools(session, agent, fields)


def _choose_tools(session: Session, agent: AgentRow, fields: dict[str, Any]) -> None:
    chosen = choices_of(session, agent.id)
    disabled = {id for id, choice in chosen.items() if choice.disabled}
    policies = {id: choice.policy for id, choice in chosen.items() if choice.policy}
    if "disabled_tool_ids" in fields:
        disabled = set(fields["disabled_tool_ids"])
        _check_tools(session, disabled, "disabled_tool_ids")
    if "tool_policies" in fields:
        policies = {int(id): policy for id, policy in fields["tool_policies"].items()}
        _check_tools(session, policies, "tool_policies")
    choose(session, agent.id, disabled, policies)


def _check_tools(session: Session, tool_ids: Collection[int], field: str) -> None:
    if len(system_tools_among(session, tool_ids)) < len(tool_ids):
        raise InvalidRequest("There is no such tool.", field=field)


def _first_provider_id(session: Session) -> int | None:
    enabled = [provider for provider in all_providers(session) if provider.enabled]
    return enabled[0].id if enabled else None
