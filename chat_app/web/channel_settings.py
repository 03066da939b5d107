"""A channel's settings: its title, who answers in it and when, who is in it, and its end."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError, RequestError
from chat_app.services import agents, channels, members, projects
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.forms import ChannelForm


@bp.get("/channels/<channel_id>/settings")
def show_channel_settings(channel_id: str) -> ResponseReturnValue:
    return page(channel_id)


@bp.post("/channels/<channel_id>/settings")
def change_channel(channel_id: str) -> ResponseReturnValue:
    person, form = current.person(), ChannelForm()
    try:
        form.check()
        channels.update(current.runtime(), person, channel_id, _changes(form))
    except RequestError as error:
        return page(channel_id, form, error), error.http_status
    return redirect(url_for("web.show_channel", channel_id=channel_id), 303)


@bp.post("/channels/<channel_id>/delete")
def delete_channel(channel_id: str) -> ResponseReturnValue:
    channels.delete(current.runtime(), current.person(), channel_id)
    return redirect(url_for("web.list_channels"), 303)


def page(
    channel_id: str,
    form: ChannelForm | None = None,
    error: RequestError | None = None,
    people_error: HoldfastError | None = None,
) -> str:
    """With what is stored unless `form` holds what was typed.

    Raises `ChannelNotFound`, `AccessDenied`.
    """
    rt, person = current.runtime(), current.person()
    channel = channels.get(rt, person, channel_id)
    here = channels.members(rt, person, channel.id)
    ids = {user.id for user in here}
    all_people = members.list_members(rt, person, channel.workspace_id)
    return shell.page(
        "channel_settings.html",
        channel=channel,
        agents=agents.list_agents(rt, person),
        projects=projects.list_projects(rt, person),
        people=here,
        others=[user for user, _ in all_people if user.id not in ids],
        form=form or ChannelForm(obj=channel),
        error=error,
        people_error=people_error,
    )


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
