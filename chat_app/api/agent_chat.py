"""The agent-chat dialect: one question to one agent, streamed or whole."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import doors, reading
from chat_app.api.schemas.agents import AskIn, AskQuery
from chat_app.auth import csrf
from chat_app.services import agent_chat
from chat_app.services.agent_chat import Question

bp = Blueprint("agent_chat", __name__, url_prefix="/api/agents/<agent_id>/chat")


@bp.post("")
def chat(agent_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(AskIn)
    question = Question(body.message, body.session_id, body.client_id)
    run = agent_chat.ask(current.runtime(), person, agent_id, question)
    return agent_chat.answer(current.runtime(), run)


@bp.post("/stream")
def chat_stream(agent_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(AskIn)
    question = Question(body.message, body.session_id, body.client_id)
    run = agent_chat.ask(current.runtime(), person, agent_id, question)
    if not body.stream:
        return agent_chat.answer(current.runtime(), run)
    return doors.event_stream(agent_chat.stream(current.runtime(), run, doors.listener()))


@bp.get("/stream")
@doors.event_source
def chat_event_source(agent_id: str) -> ResponseReturnValue:
    csrf.check_same_site()
    person, query, listener = current.person(), reading.query(AskQuery), doors.listener()
    question = Question(query.message, query.session_id, query.client_id)
    rt = current.runtime()
    run = (
        agent_chat.resume(rt, person, agent_id, listener.last_event_id)
        if listener.last_event_id
        else agent_chat.ask(rt, person, agent_id, question)
    )
    return doors.event_stream(agent_chat.stream(rt, run, listener))
