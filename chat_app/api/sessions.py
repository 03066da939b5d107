"""The session dialect: every request stands alone, all state is in the database."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import doors, reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.channels import ChannelOut
from chat_app.api.schemas.messages import MessageOut, shown_call
from chat_app.api.schemas.runs import RunOut
from chat_app.api.schemas.sessions import SessionQuery
from chat_app.auth import csrf
from chat_app.services import sessions
from chat_app.services.sessions import Question, State
from chat_app.streaming import dialects

bp = Blueprint("sessions", __name__, url_prefix="/api/app/chat")


@bp.get("/stream")
@doors.event_source
def stream() -> ResponseReturnValue:
    csrf.check_same_site()
    rt, person, listener = current.runtime(), current.person(), doors.viewer()
    if cursor := listener.last_event_id:
        run = sessions.resume(rt, person, cursor)
    else:
        run = sessions.ask(rt, person, Question(**reading.query(SessionQuery).model_dump()))
    return doors.event_stream(sessions.stream(rt, run, dialects.channel, listener))


@bp.get("/sessions/<session_id>")
def get_session(session_id: str) -> ResponseReturnValue:
    return shown(sessions.state(current.runtime(), current.person(), session_id))


def shown(state: State) -> dict[str, Any]:
    """A session whole: channel, messages, and the answers under way with where to go on."""
    return {
        "session_id": state.channel.public_id,
        "channel": show(ChannelOut, state.channel),
        "messages": [show(MessageOut, message) for message in state.messages],
        "runs": [
            {
                **show(RunOut, live.run),
                "text": live.text,
                "tool_calls": [shown_call(call) for call in live.tool_calls],
                "approvals": live.approvals,
                "last_event_id": f"{live.run.public_id}:{live.last_seq}",
            }
            for live in state.live
        ],
    }
