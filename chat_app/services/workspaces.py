"""A workspace as a whole: its name, and the agent that answers in new channels."""

from dataclasses import dataclass

from chat_app import access, audit
from chat_app.access import Person
from chat_app.errors import AgentNotFound, InvalidRequest
from chat_app.runtime import Runtime
from chat_app.store.agents import AgentRow, agent_in, agents_in, clear_default
from chat_app.store.db import Session
from chat_app.store.workspaces import WorkspaceRow, workspaces_by_id

NAME_MAX_CHARS = 100

Ref = str | int | None


@dataclass(frozen=True)
class Managed:
    """A workspace, its enabled agents with the default first, and all that the person runs."""

    workspace: WorkspaceRow
    agents: list[AgentRow]
    workspaces: list[WorkspaceRow]

    @property
    def default_agent_id(self) -> int | None:
        return next((agent.id for agent in self.agents if agent.is_default), None)


def get(rt: Runtime, person: Person, ref: Ref) -> Managed:
    """For who runs it; None is the first that the person runs.

    Raises `WorkspaceNotFound`, `AccessDenied`.
    """
    if ref is None and not person.is_operator:
        ref = next(iter(person.managed_workspace_ids), None)
    with rt.db.reading() as session:
        workspace = access.workspace(session, person, ref)
        person.must_oversee(workspace.id)
        agents = [agent for agent in agents_in(session, [workspace.id]) if agent.enabled]
        ids = None if person.is_operator else person.managed_workspace_ids
        return Managed(workspace, agents, workspaces_by_id(session, ids))


def change(rt: Runtime, person: Person, ref: Ref, name: str, agent_id: int | None) -> None:
    """Give it this name, and this agent, which must be its own and enabled, to new channels.

    None is no agent. Raises `WorkspaceNotFound`, `AccessDenied`, `AgentNotFound`, `InvalidRequest`.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX_CHARS or "\0" in name:
        raise InvalidRequest(f"A name has 1 to {NAME_MAX_CHARS} characters.", field="name")
    with rt.db.transaction() as session:
        workspace = access.workspace(session, person, ref)
        person.must_manage(workspace.id)
        workspace.name = name
        _set_default(session, workspace.id, agent_id)
        audit.note(session, person, "workspace_changed", name, workspace.id)


def _set_default(session: Session, workspace_id: int, agent_id: int | None) -> None:
    agent = agent_in(session, [workspace_id], agent_id) if agent_id is not None else None
    if agent_id is not None and (agent is None or not agent.enabled):
        raise AgentNotFound
    clear_default(session, workspace_id)
    if agent is not None:
        agent.is_default = True
