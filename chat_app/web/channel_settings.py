"""A channel's settings: its title, who answers in it and when, and its end."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import RequestError
from chat_app.services import agents, channels, projects
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import ChannelForm


@bp.get("/channels/<channel_id>/settings")
def show_channel_settings(channel_id: str) -> ResponseReturnValue:
    channel = channels.get(current.runtime(), current.person(), channel_id)
    return _page(channel_id, ChannelForm(obj=channel))


@bp.post("/channels/<channel_id>/settings")
def change_channel(channel_id: str) -> ResponseReturnValue:
    person, form = current.person(), ChannelForm()
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


def _changes(form: ChannelForm) -> dict[str, str | int | None]:
    changes: dict[str, str | int | None] = {
        "title": form.text("title"),
        "agent_id": access.number(form.text("agent_id")),
        "reply_mode": form.text("reply_mode"),
    }
    # Without it the form was one that does not ask.
    if "project_id" in request.form:
        changes["project_id"] = access.number(form.text("project_id"))
    return changes


def _page(channel_id: str, form: ChannelForm, error: RequestError | None = None) -> str:
    rt, person = current.runtime(), current.person()
    return shell.page(
        "channel_settings.html",
        channel=channels.get(rt, person, channel_id),
        agents=agents.list_agents(rt, person),
        projects=projects.list_projects(rt, person),
        form=form,
        error=error,
    )
