"""What one does with a message: find it, edit and ask anew, take it back, say what one thinks."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError, RequestError
from chat_app.services import channels, messages, unread
from chat_app.services.messages import MessageRow
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.channel import PAGE_MESSAGES
from chat_app.web.message_forms import RATINGS, EditForm, FeedbackForm


@bp.get("/messages/<message_id>")
def show_message(message_id: str) -> ResponseReturnValue:
    """To the message in its channel, with what was said around it."""
    rt, person = current.runtime(), current.person()
    message, after = messages.followers(rt, person, message_id, PAGE_MESSAGES)
    is_near = len(after) < PAGE_MESSAGES
    return redirect(_place(message, None if is_near else after[PAGE_MESSAGES // 2]), 303)


@bp.get("/messages/<message_id>/edit")
def show_edit(message_id: str) -> ResponseReturnValue:
    message = messages.changeable(current.runtime(), current.person(), message_id)
    return _page("message_edit.html", message, form=EditForm(obj=message))


@bp.post("/messages/<message_id>/edit")
def edit_message(message_id: str) -> ResponseReturnValue:
    rt, person, form = current.runtime(), current.person(), EditForm()
    try:
        form.check()
        question = messages.ask_anew(rt, person, message_id, form.text("body"))
    except HoldfastError as error:
        message = messages.changeable(rt, person, message_id)
        return _page("message_edit.html", message, form=form, error=error), error.http_status
    # The answer comes at the end of the channel.
    return redirect(url_for("web.show_channel", channel_id=question.channel_id), 303)


@bp.get("/messages/<message_id>/delete")
def show_delete(message_id: str) -> ResponseReturnValue:
    message = messages.deletable(current.runtime(), current.person(), message_id)
    return _page("message_delete.html", message)


@bp.post("/messages/<message_id>/delete")
def delete_message(message_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    message = messages.deletable(rt, person, message_id)
    messages.delete(rt, person, message_id)
    return redirect(url_for("web.show_channel", channel_id=message.channel_id), 303)


@bp.get("/messages/<message_id>/feedback")
def show_feedback(message_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    message = messages.get(rt, person, message_id)
    given = messages.feedback(rt, person, [message.id]).get(message.id)
    return _feedback_page(message, FeedbackForm(obj=given), given=given)


@bp.post("/messages/<message_id>/feedback")
def give_feedback(message_id: str) -> ResponseReturnValue:
    """No rating takes back what was given."""
    rt, person, form = current.runtime(), current.person(), FeedbackForm()
    try:
        rating = request.form.get("rating") or None
        if rating:
            form.check()
        comment = form.text("comment") or None
        messages.give_feedback(rt, person, message_id, rating, comment)
    except RequestError as error:
        message = messages.get(rt, person, message_id)
        return _feedback_page(message, form, error=error), error.http_status
    return redirect(url_for("web.show_message", message_id=message_id), 303)


@bp.post("/messages/<message_id>/read")
def mark_read(message_id: str) -> ResponseReturnValue:
    """The script says that this message, and all before it, has been on the screen."""
    unread.mark_read(current.runtime(), current.person(), message_id)
    return "", 204


def _place(message: MessageRow, before: int | None) -> str:
    """Where the message is shown; `before` where it is not among the newest."""
    return url_for(
        "web.show_channel",
        channel_id=message.channel_id,
        before=before,
        _anchor=f"m{message.id}",
    )


def _feedback_page(message: MessageRow, form: FeedbackForm, **shown: object) -> str:
    return _page("message_feedback.html", message, form=form, ratings=RATINGS, **shown)


def _page(template: str, message: MessageRow, **shown: object) -> str:
    channel = channels.get(current.runtime(), current.person(), message.channel_id)
    return shell.page(template, m=message, channel=channel, **shown)
