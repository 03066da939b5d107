"""A channel: what was said, what is being said, and the composer."""

from collections.abc import Iterable, Sequence

from flask import request
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError
from chat_app.services import channel_pages, presence, unread
from chat_app.services.attachments import IMAGE_MAX_BYTES, AttachmentRow
from chat_app.streaming.opening import FILES_MAX
from chat_app.web import answers, shell
from chat_app.web.answers import Shown
from chat_app.web.blueprint import bp
from chat_app.web.forms import ComposerForm

PAGE_MESSAGES = 50
LOOK_AGAIN_S = 2
LOOK_AGAIN_WHILE_ASKED_S = 15


@bp.get("/channels/<channel_id>")
def show_channel(channel_id: str) -> ResponseReturnValue:
    return page(channel_id, ComposerForm())


def page(
    channel_id: str,
    form: ComposerForm,
    error: HoldfastError | None = None,
    unsent: Sequence[AttachmentRow] = (),
) -> str:
    """The channel's newest messages, or those before `?before=` or after `?after=`; `unsent` are
    the files in the composer.

    Raises `Unauthorized`, `ChannelNotFound`, `AccessDenied`.
    """
    rt, person = current.runtime(), current.person()
    before, after = (access.number(request.args.get(name, "")) for name in ("before", "after"))
    read = channel_pages.read(rt, person, channel_id, PAGE_MESSAGES, before, after)
    channel, stretch = read.channel, read.stretch
    shown = {
        m.id: answers.shown(m, read.live.get(m.id), task=read.tasks.get(m.id))
        for m in stretch.messages
        if m.role != "user"
    }
    last = unread.last_seen(stretch.messages) if stretch.newer is None else None
    if last is not None and last.id > read.read_to:
        unread.mark_read(rt, person, last.id)
    return shell.page(
        "channel.html",
        channel=channel,
        stretch=stretch,
        here=presence.others(rt, person, channel.id),
        look_again_s=_look_again_s(shown.values()),
        shown=shown,
        feedback=read.feedback,
        thinking=answers.THINKING,
        no_call=answers.NO_CALL,
        form=form,
        error=error,
        unsent=unsent,
        files_max=FILES_MAX,
        file_max_bytes=IMAGE_MAX_BYTES,
    )


def _look_again_s(answers: Iterable[Shown]) -> int | None:
    """After how many seconds a page without JavaScript loads itself again, if at all."""
    under_way = [answer for answer in answers if answer.status in ("thinking", "streaming")]
    asks = [ask for answer in under_way for ask in answer.asks]
    # What somebody is filling in must not be wiped away under their hands.
    if not under_way or any(ask.fields for ask in asks):
        return None
    return LOOK_AGAIN_WHILE_ASKED_S if asks else LOOK_AGAIN_S
