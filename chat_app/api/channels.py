"""Channels, their members, and the stream that answers in one."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import doors, reading
from chat_app.api.channel_frames import channel_frames
from chat_app.api.schemas.auth import MemberOut
from chat_app.api.schemas.base import show
from chat_app.api.schemas.channels import (
    ChannelChanges,
    ChannelIn,
    ChannelMemberIn,
    ChannelOut,
    ChannelPage,
)
from chat_app.auth import csrf
from chat_app.services import channel_events, channels, runs

bp = Blueprint("channels", __name__, url_prefix="/api")


@bp.get("/channels")
def list_channels() -> ResponseReturnValue:
    query = reading.query(ChannelPage)
    found, following = channels.list_channels(
        current.runtime(), current.person(), query.after, query.limit
    )
    return {"items": [show(ChannelOut, channel) for channel in found], "next": following}


@bp.post("/channels")
def create_channel() -> ResponseReturnValue:
    person = current.person()
    channel = channels.create(current.runtime(), person, reading.body(ChannelIn).given())
    return show(ChannelOut, channel), 201


@bp.get("/channels/<channel_id>")
def get_channel(channel_id: str) -> ResponseReturnValue:
    return show(ChannelOut, channels.get(current.runtime(), current.person(), channel_id))


@bp.patch("/channels/<channel_id>")
def update_channel(channel_id: str) -> ResponseReturnValue:
    person = current.person()
    changes = reading.body(ChannelChanges).given()
    return show(ChannelOut, channels.update(current.runtime(), person, channel_id, changes))


@bp.delete("/channels/<channel_id>")
def delete_channel(channel_id: str) -> ResponseReturnValue:
    channels.delete(current.runtime(), current.person(), channel_id)
    return "", 204


@bp.get("/channels/<channel_id>/members")
def list_members(channel_id: str) -> ResponseReturnValue:
    found = channels.members(current.runtime(), current.person(), channel_id)
    return {"items": [show(MemberOut, user) for user in found], "next": None}


@bp.post("/channels/<channel_id>/members")
def add_member(channel_id: str) -> ResponseReturnValue:
    person = current.person()
    body = reading.body(ChannelMemberIn)
    user = channels.add_member(current.runtime(), person, channel_id, body.user_id, body.email)
    return show(MemberOut, user), 201


@bp.delete("/channels/<channel_id>/members/<user_id>")
def remove_member(channel_id: str, user_id: str) -> ResponseReturnValue:
    channels.remove_member(current.runtime(), current.person(), channel_id, user_id)
    return "", 204


@bp.get("/channels/<channel_id>/events")
@doors.event_source
def events(channel_id: str) -> ResponseReturnValue:
    rt, who = current.runtime(), current.who()
    is_present = request.args.get("presence") == "1"
    news = channel_events.follow(rt, who, channel_id, doors.listener(), is_present)
    return doors.event_stream(channel_frames(news))


@bp.get("/ai/stream/", defaults={"channel_id": ""})
@bp.get("/ai/stream/<path:channel_id>")  # a path: here a slash, too, is an id that is not found
@doors.event_source
def stream(channel_id: str) -> ResponseReturnValue:
    csrf.check_same_site()
    person = current.person()
    frames = runs.stream_of_channel(current.runtime(), person, channel_id, doors.viewer())
    return doors.event_stream(frames)
