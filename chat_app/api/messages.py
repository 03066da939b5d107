"""Messages: reading, posting, changing, searching."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import Page, show
from chat_app.api.schemas.messages import (
    FeedbackIn,
    MessageChanges,
    MessageIn,
    MessageOut,
    SearchQuery,
)
from chat_app.services import messages
from chat_app.services.messages import Draft, Posted

bp = Blueprint("messages", __name__, url_prefix="/api")


@bp.get("/channels/<channel_id>/messages")
def list_messages(channel_id: str) -> ResponseReturnValue:
    person, query = current.person(), reading.query(Page)
    found, following = messages.page(
        current.runtime(), person, channel_id, query.limit, query.before, query.after
    )
    return {"items": [show(MessageOut, message) for message in found], "next": following}


@bp.post("/channels/<channel_id>/messages")
def post_message(channel_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(MessageIn)
    files = tuple(dict.fromkeys(body.attachments))
    draft = Draft(body.body, body.client_id, body.reply, files)
    posted = messages.post(current.runtime(), person, channel_id, draft)
    return _shown(posted, waits=body.reply == "wait"), 201 if posted.is_new else 200


def _shown(posted: Posted, waits: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": show(MessageOut, posted.message)}
    if posted.run is not None:
        shown["run_id"] = posted.run.public_id
    if waits:
        reply = messages.reply_to(current.runtime(), posted)
        shown["reply"] = show(MessageOut, reply) if reply else None
    return shown


@bp.get("/messages/<message_id>")
def get_message(message_id: str) -> ResponseReturnValue:
    return show(MessageOut, messages.get(current.runtime(), current.person(), message_id))


@bp.patch("/messages/<message_id>")
def edit_message(message_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(MessageChanges)
    return show(MessageOut, messages.edit(current.runtime(), person, message_id, body.body))


@bp.delete("/messages/<message_id>")
def delete_message(message_id: str) -> ResponseReturnValue:
    messages.delete(current.runtime(), current.person(), message_id)
    return "", 204


@bp.post("/messages/<message_id>/regenerate")
def regenerate(message_id: str) -> ResponseReturnValue:
    question, run = messages.regenerate(current.runtime(), current.person(), message_id)
    return {"message": show(MessageOut, question), "run_id": run.public_id}, 202


@bp.post("/messages/<message_id>/feedback")
def give_feedback(message_id: str) -> ResponseReturnValue:
    person, body = current.person(), reading.body(FeedbackIn)
    messages.give_feedback(current.runtime(), person, message_id, body.rating, body.comment)
    return {"rating": body.rating, "comment": body.comment}


@bp.get("/search")
def search() -> ResponseReturnValue:
    person, query = current.person(), reading.query(SearchQuery)
    found, following = messages.search(
        current.runtime(), person, query.q, query.before, query.limit
    )
    return {"items": [show(MessageOut, message) for message in found], "next": following}
