"""A channel's settings: its title, who answers in it and when, and its end."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import RequestError
from chat_app.services import agents, channels
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import ChannelForm

NOBODY = 0


@bp.get("/channels/<channel_id>/settings")
def show_channel_settings(channel_id: str) -> ResponseReturnValue:
    channel = channels.get(current.runtime(), current.person(), channel_id)
    return _page(channel_id, _form(obj=channel))


@bp.post("/channels/<channel_id>/settings")
def change_channel(channel_id: str) -> ResponseReturnValue:
    person, form = current.person(), _form()
    try:
        form.check()
        channels.update(current.runtime(), person, channel_id, _changes(form))
    except RequestError as error:
        return _page(channel_id, form, error), error.http_status
    return redirect(url_for("web.show_channel", channel_id=channel_id), 303)


@bp.post("/channels/<channel_id>/delete")
def delete_channel(channel_id: str) -> ResponseReturnValue:
    channels.delete(current.runtime(), current.person(), channel_id)
    return redirect(url_for("web.list_channels"), 303)


def _form(obj: object = None) -> ChannelForm:
    form = ChannelForm(obj=obj)
    found = agents.list_agents(current.runtime(), current.person())
    form.agent_id.choices = [(NOBODY, "")] + [(agent.id, agent.name) for agent in found]
    return form


def _changes(form: ChannelForm) -> dict[str, str | int | None]:
    return {
        "title": form.title.data,
        "agent_id": form.agent_id.data or None,
        "reply_mode": form.reply_mode.data,
    }


def _page(channel_id: str, form: ChannelForm, error: RequestError | None = None) -> str:
    channel = channels.get(current.runtime(), current.person(), channel_id)
    return shell.page("channel_settings.html", channel=channel, form=form, error=error)
