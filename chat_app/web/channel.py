"""A channel: what was said, what is being said, and the composer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import request
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError
from chat_app.services import channels, messages, remote_logs, runs, unread
from chat_app.services.attachments import IMAGE_MAX_BYTES, AttachmentRow
from chat_app.services.messages import MessageRow
from chat_app.streaming.opening import FILES_MAX
from chat_app.web import answers, shell
from chat_app.web.answers import Shown
from chat_app.web.blueprint import bp
from chat_app.web.forms import ComposerForm

PAGE_MESSAGES = 50
LOOK_AGAIN_S = 2
LOOK_AGAIN_WHILE_ASKED_S = 15


@dataclass(frozen=True)
class Stretch:
    """A stretch of a channel's messages, ascending; `older` and `newer` are the ids from which the
    pages beside it are counted, None where there is nothing.
    """

    messages: list[MessageRow]
    older: int | None
    newer: int | None


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
    # Read before the messages: what changes meanwhile comes twice, and not never.
    channel = channels.get(rt, person, channel_id)
    stretch = _stretch(channel.id)
    found = stretch.messages
    live = runs.live_answers(rt, person, channel.id)
    replies = [message for message in found if message.role != "user"]
    tasks = remote_logs.runs_behind(rt, person, channel.id, [m.id for m in replies])
    shown = {m.id: answers.shown(m, live.get(m.id), task=tasks.get(m.id)) for m in replies}
    if stretch.newer is None and (last := unread.last_seen(found)):
        unread.mark_read(rt, person, last.id)
    return shell.page(
        "channel.html",
        channel=channel,
        stretch=stretch,
        look_again_s=_look_again_s(shown.values()),
        shown=shown,
        feedback=messages.feedback(rt, person, shown),
        thinking=answers.THINKING,
        no_call=answers.NO_CALL,
        form=form,
        error=error,
        unsent=unsent,
        files_max=FILES_MAX,
        file_max_bytes=IMAGE_MAX_BYTES,
    )


def _stretch(channel_id: int) -> Stretch:
    rt, person = current.runtime(), current.person()
    before, after = (access.number(request.args.get(name, "")) for name in ("before", "after"))
    if after is not None and before is None:
        found, newer = messages.page(rt, person, channel_id, PAGE_MESSAGES, None, after)
        if found:
            return Stretch(found, found[0].id, newer)
    found, older = messages.page(rt, person, channel_id, PAGE_MESSAGES, before, None)
    newer = found[-1].id if found and before is not None else None
    return Stretch(found, older, newer)


def _look_again_s(answers: Iterable[Shown]) -> int | None:
    """After how many seconds a page without JavaScript loads itself again, if at all."""
    under_way = [answer for answer in answers if answer.status in ("thinking", "streaming")]
    asks = [ask for answer in under_way for ask in answer.asks]
    # What somebody is filling in must not be wiped away under their hands.
    if not under_way or any(ask.fields for ask in asks):
        return None
    return LOOK_AGAIN_WHILE_ASKED_S if asks else LOOK_AGAIN_S
