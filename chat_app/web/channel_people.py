"""Who is in a channel, on the page of its settings: people are brought in, taken out, and leave."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import HoldfastError
from chat_app.services import channels
from chat_app.web import channel_settings
from chat_app.web.blueprint import bp


@bp.post("/channels/<channel_id>/people")
def add_to_channel(channel_id: str) -> ResponseReturnValue:
    user_id = access.number(request.form.get("user_id", ""))
    try:
        channels.add_member(current.runtime(), current.person(), channel_id, user_id, None)
    except HoldfastError as error:
        return channel_settings.page(channel_id, people_error=error), error.http_status
    return _back(channel_id)


@bp.post("/channels/<channel_id>/people/<user_id>/remove")
def remove_from_channel(channel_id: str, user_id: str) -> ResponseReturnValue:
    rt, person = current.runtime(), current.person()
    try:
        channels.remove_member(rt, person, channel_id, user_id)
    except HoldfastError as error:
        return channel_settings.page(channel_id, people_error=error), error.http_status
    # Who has left sees it no longer.
    if user_id == str(person.id):
        return redirect(url_for("web.list_channels"), 303)
    return _back(channel_id)


def _back(channel_id: str) -> ResponseReturnValue:
    page = url_for("web.show_channel_settings", channel_id=channel_id, _anchor="people-title")
    return redirect(page, 303)
