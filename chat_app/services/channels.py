"""Channels and the people in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import AccessDenied, InvalidRequest, ProjectNotFound, UserNotFound
from chat_app.runtime import Runtime
from chat_app.store import channels
from chat_app.store.agents import default_agent
from chat_app.store.base import now
from chat_app.store.channels import ChannelMemberRow, ChannelRow
from chat_app.store.db import Session
from chat_app.store.runs import live_runs_of_channel
from chat_app.store.users import UserRow, user_by_email
from chat_app.store.workspaces import WorkspaceMemberRow
from chat_app.streaming import opening

PAGE_MAX = 100
DEFAULT_TITLE = "New channel"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR_MAX = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def list_channels(
    rt: Runtime, person: Person, after: str | None, limit: int
) -> tuple[list[ChannelRow], str | None]:
    """A page of the person's channels, last active first, and the cursor of the next page."""
    with rt.db.reading() as session:
        found = channels.channels_of(session, person.id, _read_cursor(after), limit + 1)
    page = found[:limit]
    return page, _cursor(page[-1]) if len(found) > limit else None


def list_all(rt: Runtime, person: Person, limit: int) -> list[ChannelRow]:
    """The channels of the whole installation, last active first. Raises `AccessDenied`."""
    person.must_operate()
    with rt.db.reading() as session:
        return channels.all_channels(session, limit)


def list_of_project(rt: Runtime, person: Person, project: str | int) -> list[ChannelRow]:
    """The person's own channels in this project, last active first.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        place = access.project(session, person, project)
        return channels.channels_of_project(session, person.id, place.id, PAGE_MAX)


def get(rt: Runtime, person: Person, ref: str | int) -> ChannelRow:
    """Raises `ChannelNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        return access.channel(session, person, ref)


def create(rt: Runtime, person: Person, fields: dict[str, Any]) -> ChannelRow:
    """A new channel with the person in it, and the default agent unless `fields` say otherwise.

    Raises `AccessDenied`, `AgentNotFound`, `ProjectNotFound`.
    """
    workspace_id = person.home
    person.must_write(workspace_id)
    with rt.db.transaction() as session:
        if "agent_id" not in fields:
            agent = default_agent(session, workspace_id)
            fields |= {"agent_id": agent.id if agent else None}
        channel = ChannelRow(workspace_id=workspace_id, title=DEFAULT_TITLE)
        _fill(session, person, channel, fields)
        session.add(channel)
        session.flush()
        session.add(ChannelMemberRow(channel_id=channel.id, user_id=person.id))
        session.refresh(channel)
        return channel


def update(rt: Runtime, person: Person, ref: str | int, changes: dict[str, Any]) -> ChannelRow:
    """Raises `ChannelNotFound`, `AccessDenied`, `AgentNotFound`, `ProjectNotFound`."""
    with rt.db.transaction() as session:
        channel = _writable(session, person, ref)
        _fill(session, person, channel, changes)
        channel.updated_at = now()
        session.flush()
        session.refresh(channel)
        return channel


def delete(rt: Runtime, person: Person, ref: str | int) -> None:
    """Delete a channel with all that was said in it; answers under way in it are stopped.

    Raises `ChannelNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        channel = _writable(session, person, ref)
        live = [opening.ref(session, run) for run in live_runs_of_channel(session, channel.id)]
    rt.engine.stop(live)
    with rt.db.transaction() as session:
        session.delete(_writable(session, person, ref))


def members(rt: Runtime, person: Person, ref: str | int) -> list[UserRow]:
    """The people in a channel. Raises `ChannelNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        channel = access.channel(session, person, ref)
        return channels.people_in(session, channel.id)


def add_member(
    rt: Runtime, person: Person, ref: str | int, user_id: int | None, email: str | None
) -> UserRow:
    """Bring a person of the workspace in, by id or address; again is fine.

    Raises `ChannelNotFound`, `AccessDenied`, `UserNotFound`, `InvalidRequest` for neither.
    """
    if user_id is None and email is None:
        raise InvalidRequest("Say who: user_id or email.", field="user_id")
    with rt.db.transaction() as session:
        channel = _writable(session, person, ref)
        user = session.get(UserRow, user_id) if user_id else user_by_email(session, email or "")
        if user is None or not session.get(WorkspaceMemberRow, (channel.workspace_id, user.id)):
            raise UserNotFound
        if not channels.is_in_channel(session, channel.id, user.id):
            session.add(ChannelMemberRow(channel_id=channel.id, user_id=user.id))
        return user


def remove_member(rt: Runtime, person: Person, ref: str | int, user_ref: str) -> None:
    """Take a person out. Raises `ChannelNotFound`, `AccessDenied`, `UserNotFound`."""
    user_id = access.number(user_ref)
    with rt.db.transaction() as session:
        channel = _writable(session, person, ref)
        member = session.get(ChannelMemberRow, (channel.id, user_id)) if user_id else None
        if member is None:
            raise UserNotFound
        session.delete(member)


def _writable(session: Session, person: Person, ref: str | int) -> ChannelRow:
    channel = access.channel(session, person, ref)
    person.must_write(channel.workspace_id)
    return channel


def _fill(session: Session, person: Person, channel: ChannelRow, fields: dict[str, Any]) -> None:
    if fields.get("agent_id") is not None:
        access.agent(session, person, fields["agent_id"])
    project_id = fields.get("project_id")
    if project_id is not None and project_id != channel.project_id:
        _check_project(session, person, channel, project_id)
    for name, value in fields.items():
        setattr(channel, name, value)


def _check_project(session: Session, person: Person, channel: ChannelRow, project_id: int) -> None:
    """Raises `ProjectNotFound` unless they may use the project, in the channel's workspace."""
    try:
        project = access.project(session, person, project_id)
    except AccessDenied as denied:
        raise ProjectNotFound from denied
    if project.workspace_id != channel.workspace_id:
        raise ProjectNotFound


def _cursor(channel: ChannelRow) -> str:
    return f"{(channel.updated_at - EPOCH) // timedelta(microseconds=1)}_{channel.id}"


def _read_cursor(text: str | None) -> tuple[datetime, int] | None:
    if text is None:
        return None
    time, _, channel_id = text.partition("_")
    microseconds, last_id = access.number(time), access.number(channel_id)
    if microseconds is None or last_id is None or microseconds > CURSOR_MAX:
        raise InvalidRequest("This is not a cursor of ours.", field="after")
    return EPOCH + timedelta(microseconds=microseconds), last_id
