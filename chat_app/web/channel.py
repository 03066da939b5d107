"""A channel: what was said, what is being said, and the composer."""

from flask import request
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError
from chat_app.services import channels, messages, runs
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import ComposerForm

PAGE_MESSAGES = 50


@bp.get("/channels/<channel_id>")
def show_channel(channel_id: str) -> ResponseReturnValue:
    return page(channel_id, ComposerForm())


def page(channel_id: str, form: ComposerForm, error: HoldfastError | None = None) -> str:
    """The channel's newest messages, or those before `?before=`.

    Raises `Unauthorized`, `ChannelNotFound`, `AccessDenied`.
    """
    rt, person = current.runtime(), current.person()
    before = access.number(request.args.get("before", ""))
    channel = channels.get(rt, person, channel_id)
    found, older = messages.page(rt, person, channel.id, PAGE_MESSAGES, before, None)
    return shell.page(
        "channel.html",
        channel=channel,
        messages=found,
        older=older,
        is_newest=before is None,
        is_answering=any(message.status == "streaming" for message in found),
        live=runs.live_answers(rt, person, channel.id),
        form=form,
        error=error,
    )
