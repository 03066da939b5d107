"""The box in which an agent is tried: one question, one answer, nothing kept."""

from collections.abc import Iterator

from flask import Response, request
from flask.typing import ResponseReturnValue

from chat_app import current, markdown
from chat_app.errors import HoldfastError
from chat_app.services import tries
from chat_app.streaming import sse
from chat_app.streaming.hangup import Hangup
from chat_app.web import agents
from chat_app.web.blueprint import bp
from chat_app.web.forms import with_unix_lines


@bp.post("/settings/agents/<agent_id>/try")
def try_agent(agent_id: str) -> ResponseReturnValue:
    """The answer as a page, or as it is written for a script that says so in `Accept`."""
    rt, person = current.runtime(), current.person()
    question = with_unix_lines(request.form.get("question"))
    is_script = request.accept_mimetypes.best == "text/event-stream"
    try:
        begun = tries.begin(rt, person, agent_id, question)
        if is_script:
            line = Hangup(request.environ.get("gunicorn.socket"))
            return _stream(tries.stream(rt, begun, line, markdown.render))
        tried = tries.answer(rt, begun)
    except HoldfastError as error:
        if is_script:
            raise
        return agents.page(agent_id, question, try_error=error), error.http_status
    return agents.page(agent_id, question, tried)


def _stream(frames: Iterator[bytes]) -> Response:
    # Begun here: nobody would end a try whose stream is never read.
    return Response(_going_on(next(frames, b""), frames), headers=sse.HEADERS)


def _going_on(first: bytes, frames: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from frames
