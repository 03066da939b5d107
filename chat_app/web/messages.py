"""Posting a message and asking for another answer, as plain forms."""

import hashlib

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError
from chat_app.services import channels, messages, runs
from chat_app.services.messages import Draft
from chat_app.web import answers, channel
from chat_app.web.blueprint import bp
from chat_app.web.forms import ComposerForm


@bp.post("/channels/<channel_id>/messages")
def post_message(channel_id: str) -> ResponseReturnValue:
    person, form = current.person(), ComposerForm()
    try:
        form.check()
        messages.post(current.runtime(), person, channel_id, _draft(form))
    except HoldfastError as error:
        return channel.page(channel_id, form, error), error.http_status
    return redirect(url_for("web.show_channel", channel_id=channel_id), 303)


@bp.get("/messages/<message_id>/article")
def show_article(message_id: str) -> ResponseReturnValue:
    """The message alone, as the page of its channel has it. Raises `MessageNotFound`."""
    rt, person = current.runtime(), current.person()
    message = messages.get(rt, person, message_id)
    live = runs.live_answers(rt, person, message.channel_id)
    return render_template(
        "article.html",
        m=message,
        shown=answers.shown(message, live.get(message.id)),
        channel=channels.get(rt, person, message.channel_id),
        feedback=messages.feedback(rt, person, [message.id]),
        person=person,
    )


@bp.post("/messages/<message_id>/regenerate")
def regenerate(message_id: str) -> ResponseReturnValue:
    question, _ = messages.regenerate(current.runtime(), current.person(), message_id)
    return redirect(url_for("web.show_channel", channel_id=question.channel_id), 303)


def _draft(form: ComposerForm) -> Draft:
    # Going back in the browser brings a page with its old client_id: other words are a new message.
    body = form.text("body")
    words = hashlib.sha256(body.encode()).hexdigest()[:16]
    return Draft(body, f"{form.text('client_id')}:{words}")
