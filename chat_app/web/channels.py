"""The list of channels, and making one."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import RequestError
from chat_app.services import channels, unread
from chat_app.web import first_run, shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import NewChannelForm

PAGE_CHANNELS = 50


@bp.get("/")
def home() -> ResponseReturnValue:
    """Back to where the person talked last; first, where nobody can answer yet, to the start."""
    found, _ = channels.list_channels(current.runtime(), current.person(), None, 1)
    if (current.person().is_operator or not found) and first_run.is_wanted():
        return redirect(url_for("web.start"), 303)
    if not found:
        return redirect(url_for("web.list_channels"), 303)
    return redirect(url_for("web.show_channel", channel_id=found[0].id), 303)


@bp.get("/channels")
def list_channels() -> ResponseReturnValue:
    return _page(NewChannelForm())


@bp.get("/channels/latest")
def list_latest() -> ResponseReturnValue:
    """What the sidebar of an open page shows by now."""
    return shell.page("parts/channel_links.html")


@bp.post("/channels")
def create_channel() -> ResponseReturnValue:
    person, form = current.person(), NewChannelForm()
    try:
        form.check()
        fields = {"title": form.title.data} if form.title.data else {}
        made = channels.create(current.runtime(), person, fields)
    except RequestError as error:
        return _page(form, error), error.http_status
    return redirect(url_for("web.show_channel", channel_id=made.id), 303)


def _page(form: NewChannelForm, error: RequestError | None = None) -> str:
    rt, person, after = current.runtime(), current.person(), request.args.get("after")
    found, following = channels.list_channels(rt, person, after, PAGE_CHANNELS)
    return shell.page(
        "channels.html",
        form=form,
        error=error,
        channels=found,
        unread_here=unread.counts(rt, person, [channel.id for channel in found]),
        following=following,
    )
