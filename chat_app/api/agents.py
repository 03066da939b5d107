"""Agents of the workspace."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.agents import AgentChanges, AgentIn, AgentOut
from chat_app.api.schemas.base import show
from chat_app.services import agents, sessions

bp = Blueprint("agents", __name__, url_prefix="/api/agents")


@bp.get("")
def list_agents() -> ResponseReturnValue:
    found = agents.list_agents(current.runtime(), current.person())
    return {"items": [show(AgentOut, agent) for agent in found], "next": None}


@bp.post("")
def create_agent() -> ResponseReturnValue:
    person = current.person()
    agent = agents.create(current.runtime(), person, reading.body(AgentIn).given())
    return show(AgentOut, agent), 201


@bp.get("/<agent_id>")
def get_agent(agent_id: str) -> ResponseReturnValue:
    return show(AgentOut, agents.get(current.runtime(), current.person(), agent_id))


@bp.patch("/<agent_id>")
def update_agent(agent_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(AgentChanges).given()
    return show(AgentOut, agents.update(current.runtime(), person, agent_id, changes))


@bp.delete("/<agent_id>")
def delete_agent(agent_id: str) -> ResponseReturnValue:
    agents.delete(current.runtime(), current.person(), agent_id)
    return "", 204


@bp.get("/<agent_id>/stats")
def stats(agent_id: str) -> ResponseReturnValue:
    return sessions.stats(current.runtime(), current.person(), agent_id)
