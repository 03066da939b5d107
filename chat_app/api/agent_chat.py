"""The agent-chat dialect: one question to one agent, streamed or whole."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.api import doors, reading
from chat_app.api.schemas.agents import AskIn, AskQuery
from chat_app.auth import csrf
from chat_app.errors import AgentNotFound
from chat_app.services import sessions
from chat_app.services.sessions import Question
from chat_app.streaming import dialects

bp = Blueprint("agent_chat", __name__, url_prefix="/api/agents/<agent_id>/chat")


@bp.post("")
def chat(agent_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(AskIn)
    run = sessions.ask(current.runtime(), person, _question(agent_id, body))
    return sessions.answer(current.runtime(), run)


@bp.post("/stream")
def chat_stream(agent_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(AskIn)
    rt = current.runtime()
    run = sessions.ask(rt, person, _question(agent_id, body))
    if not body.stream:
        return sessions.answer(rt, run)
    return doors.event_stream(sessions.stream(rt, run, dialects.agent_chat, doors.listener()))


@bp.get("/stream")
@doors.refusing_as(dialects.agent_chat_refusal)
def chat_event_source(agent_id: str) -> ResponseReturnValue:
    csrf.check_same_site()
    rt, person, listener = current.runtime(), current.person(), doors.listener()
    if cursor := listener.last_event_id:
        run = sessions.resume(rt, person, cursor)
    else:
        run = sessions.ask(rt, person, _question(agent_id, reading.query(AskQuery)))
    return doors.event_stream(sessions.stream(rt, run, dialects.agent_chat, listener))


def _question(agent_id: str, asked: AskIn | AskQuery) -> Question:
    if access.public(agent_id) is None:
        raise AgentNotFound
    return Question(asked.message, asked.session_id, asked.client_id, agent_id)
