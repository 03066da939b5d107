"""Agents of a workspace."""

import re
from itertools import count
from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import Conflict, InvalidRequest
from chat_app.runtime import Runtime
from chat_app.store.agents import (
    HANDLE_MAX_CHARS,
    AgentRow,
    agent_by_handle,
    agents_in,
    clear_default,
)
from chat_app.store.db import Session
from chat_app.store.providers import ProviderRow, all_providers

_NOT_IN_A_HANDLE = re.compile(r"[^\w-]+", re.UNICODE)


def list_agents(rt: Runtime, person: Person) -> list[AgentRow]:
    with rt.db.reading() as session:
        return agents_in(session, person.workspace_ids)


def get(rt: Runtime, person: Person, ref: str | int) -> AgentRow:
    """Raises `AgentNotFound`."""
    with rt.db.reading() as session:
        return access.agent(session, person, ref)


def create(rt: Runtime, person: Person, fields: dict[str, Any]) -> AgentRow:
    """A new agent; without a provider it gets the first one there is.

    Raises `AccessDenied`, `Conflict` for a handle that is taken, `InvalidRequest`.
    """
    workspace_id = person.home
    person.must_manage(workspace_id)
    with rt.db.transaction() as session:
        if "provider_id" not in fields:
            fields |= {"provider_id": _first_provider_id(session)}
        handle = fields.get("handle") or _free_handle(session, workspace_id, fields["name"])
        agent = AgentRow(workspace_id=workspace_id)
        _fill(session, agent, fields | {"handle": handle})
        session.add(agent)
        session.flush()
        session.refresh(agent)
        return agent


def update(rt: Runtime, person: Person, ref: str | int, changes: dict[str, Any]) -> AgentRow:
    """Raises `AccessDenied`, `AgentNotFound`, `Conflict`, `InvalidRequest`."""
    with rt.db.transaction() as session:
        agent = access.agent(session, person, ref)
        person.must_manage(agent.workspace_id)
        _fill(session, agent, changes)
        session.flush()
        session.refresh(agent)
        return agent


def delete(rt: Runtime, person: Person, ref: str | int) -> None:
    """Its messages stay under its name. Raises `AccessDenied`, `AgentNotFound`."""
    with rt.db.transaction() as session:
        agent = access.agent(session, person, ref)
        person.must_manage(agent.workspace_id)
        session.delete(agent)


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
        setattr(agent, name, value)


def _first_provider_id(session: Session) -> int | None:
    enabled = [provider for provider in all_providers(session) if provider.enabled]
    return enabled[0].id if enabled else None
