"""Posting a message and asking for another answer, as plain forms."""

import hashlib

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError
from chat_app.services import channels, messages, remote_logs, runs
from chat_app.services.messages import Draft
from chat_app.web import answers, channel
from chat_app.web.attachments import Files
from chat_app.web.blueprint import bp
from chat_app.web.forms import ComposerForm

# All files of one form; who has a script uploads them one by one.
BODY_MAX_BYTES = 32 * 1024 * 1024


@bp.post("/channels/<channel_id>/messages")
@current.takes_files(BODY_MAX_BYTES)
def post_message(channel_id: str) -> ResponseReturnValue:
    """A message with its files. What is refused is still in the composer, its files too."""
    person, form, files = current.person(), ComposerForm(), Files()
    try:
        form.check()
        files.take_in()
        posted = messages.post(current.runtime(), person, channel_id, _draft(form, files))
    except HoldfastError as error:
        return channel.page(channel_id, form, error, files.unsent()), error.http_status
    if not posted.is_new:
        files.throw_away()
    return redirect(url_for("web.show_channel", channel_id=channel_id), 303)


@bp.get("/messages/<message_id>/article")
def show_article(message_id: str) -> ResponseReturnValue:
    """The message alone, as the page of its channel has it. Raises `MessageNotFound`."""
    rt, person = current.runtime(), current.person()
    message = messages.get(rt, person, message_id)
    live = runs.live_answers(rt, person, message.channel_id)
    tasks = remote_logs.runs_behind(rt, person, message.channel_id, [message.id])
    return render_template(
        "article.html",
        m=message,
        shown=answers.shown(message, live.get(message.id), task=tasks.get(message.id)),
        channel=channels.get(rt, person, message.channel_id),
        feedback=messages.feedback(rt, person, [message.id]),
        person=person,
    )


@bp.post("/messages/<message_id>/regenerate")
def regenerate(message_id: str) -> ResponseReturnValue:
    question, _ = messages.regenerate(current.runtime(), current.person(), message_id)
    return redirect(url_for("web.show_channel", channel_id=question.channel_id), 303)


def _draft(form: ComposerForm, files: Files) -> Draft:
    # Going back in the browser brings a page with its old client_id: other words, or other files,
    # are a new message.
    body = form.text("body")
    words = hashlib.sha256("\0".join([body, *files.marks]).encode()).hexdigest()[:16]
    return Draft(body, f"{form.text('client_id')}:{words}", attachments=files.ids)
