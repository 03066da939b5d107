"""Channels and who is in them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Select, String, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from chat_app.errors import ChannelNotFound
from chat_app.store.agents import AgentRow
from chat_app.store.base import Base, Public, now
from chat_app.store.users import UserRow
from chat_app.store.workspaces import WorkspaceMemberRow

TITLE_MAX_CHARS = 200


class ChannelRow(Public, Base):
    __tablename__ = "channels"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    title: Mapped[str] = mapped_column(String(TITLE_MAX_CHARS))
    reply_mode: Mapped[str] = mapped_column(String(10), default="auto")
    agent_id: Mapped[int | None] = mapped_column(
        ForeignKey("agents.id", ondelete="SET NULL"), index=True
    )
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id", ondelete="SET NULL"), index=True
    )
    last_seq: Mapped[int] = mapped_column(default=0)
    last_event_seq: Mapped[int] = mapped_column(default=0)
    # Written after created_at: nothing changes before it is made.
    updated_at: Mapped[datetime] = mapped_column(default=now, sort_order=1)

    agent: Mapped[AgentRow | None] = relationship(lazy="joined")


class ChannelMemberRow(Base):
    __tablename__ = "channel_members"
    __table_args__ = ()

    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


TAKE_NUMBERS = (
    update(ChannelRow)
    .where(ChannelRow.id == bindparam("channel"))
    .values(
        last_seq=ChannelRow.last_seq + bindparam("messages"),
        last_event_seq=ChannelRow.last_event_seq + bindparam("changes"),
        updated_at=bindparam("time"),
    )
    .returning(ChannelRow.last_seq, ChannelRow.last_event_seq)
)


# Made once: nearly every request asks one of these, and to make it costs as much as to run it.
IS_IN = exists().where(
    ChannelMemberRow.channel_id == ChannelRow.id, ChannelMemberRow.user_id == bindparam("user")
)
FOUND = select(ChannelRow, IS_IN).where(
    ChannelRow.workspace_id.in_(bindparam("workspaces", expanding=True))
)
BY_ID = FOUND.where(ChannelRow.id == bindparam("channel"))
BY_PUBLIC_ID = FOUND.where(ChannelRow.public_id == bindparam("channel"))


def channel_in(
    session: Session, workspace_ids: list[int], channel_id: int, user_id: int
) -> tuple[ChannelRow, bool] | None:
    """The channel with this id, if it is in one of these workspaces, and whether the person is in
    it.
    """
    about = {"workspaces": workspace_ids, "channel": channel_id, "user": user_id}
    row = session.execute(BY_ID, about).one_or_none()
    return (row[0], row[1]) if row else None


def channel_by_public_id(
    session: Session, workspace_ids: list[int], public_id: str, user_id: int
) -> tuple[ChannelRow, bool] | None:
    """As `channel_in`."""
    about = {"workspaces": workspace_ids, "channel": public_id, "user": user_id}
    row = session.execute(BY_PUBLIC_ID, about).one_or_none()
    return (row[0], row[1]) if row else None


def is_in_channel(session: Session, channel_id: int, user_id: int) -> bool:
    return session.get(ChannelMemberRow, (channel_id, user_id)) is not None


def ids_of_channels_of(user_id: int) -> Select[int]:
    """The ids of a person's channels, in the workspaces that the person is still in."""
    return (
        select(ChannelMemberRow.channel_id)
        .join(ChannelRow, ChannelRow.id == ChannelMemberRow.channel_id)
        .join(
            WorkspaceMemberRow,
            (WorkspaceMemberRow.workspace_id == ChannelRow.workspace_id)
            & (WorkspaceMemberRow.user_id == ChannelMemberRow.user_id),
        )
        .where(ChannelMemberRow.user_id == user_id)
    )


def channels_of(
    session: Session, user_id: int, before: tuple[datetime, int] | None, limit: int
) -> list[ChannelRow]:
    """The channels that a person is in, the last active first; `before` is where to go on."""
    found = select(ChannelRow).where(ChannelRow.id.in_(ids_of_channels_of(user_id)))
    if before is not None:
        time, channel_id = before
        found = found.where(
            (ChannelRow.updated_at < time)
            | ((ChannelRow.updated_at == time) & (ChannelRow.id < channel_id))
        )
    found = found.order_by(ChannelRow.updated_at.desc(), ChannelRow.id.desc())
    return list(session.scalars(found.limit(limit)))


def channels_of_project(
    session: Session, user_id: int, project_id: int, limit: int
) -> list[ChannelRow]:
    """The channels of a project that a person is in, the last active first."""
    found = select(ChannelRow).where(
        ChannelRow.id.in_(ids_of_channels_of(user_id)), ChannelRow.project_id == project_id
    )
    found = found.order_by(ChannelRow.updated_at.desc(), ChannelRow.id.desc())
    return list(session.scalars(found.limit(limit)))


def delete_left_over(session: Session, title: str, before: datetime) -> None:
    """Delete the channels with this title that nobody is in, and was not since `before`."""
    inhabited = select(ChannelMemberRow.channel_id)
    session.execute(
        delete(ChannelRow).where(
            ChannelRow.title == title,
            ChannelRow.updated_at < before,
            ChannelRow.id.not_in(inhabited),
        )
    )


def all_channels(session: Session, limit: int) -> list[ChannelRow]:
    """The channels of every workspace, the last active first."""
    found = select(ChannelRow).order_by(ChannelRow.updated_at.desc(), ChannelRow.id.desc())
    return list(session.scalars(found.limit(limit)))


def leave_channels(session: Session, workspace_id: int, user_id: int) -> None:
    """Take somebody out of all channels of a workspace."""
    theirs = select(ChannelRow.id).where(ChannelRow.workspace_id == workspace_id)
    left = delete(ChannelMemberRow).where(ChannelMemberRow.user_id == user_id)
    session.execute(left.where(ChannelMemberRow.channel_id.in_(theirs)))


def titles_of(session: Session, channel_ids: Collection[int]) -> dict[int, str]:
    """`{channel id: title}`."""
    found = select(ChannelRow.id, ChannelRow.title).where(ChannelRow.id.in_(channel_ids))
    return dict(list(session.execute(found)))


def channels_titled(session: Session, user_id: int, words: str, limit: int) -> list[ChannelRow]:
    """The person's channels with each of `words` in the title, the last active first."""
    found = select(ChannelRow).where(ChannelRow.id.in_(ids_of_channels_of(user_id)))
    for word in words.split():
        found = found.where(ChannelRow.title.icontains(word, autoescape=True))
    return list(session.scalars(found.order_by(ChannelRow.updated_at.desc()).limit(limit)))


def people_in(session: Session, channel_id: int) -> list[UserRow]:
    found = (
        select(UserRow)
        .join(ChannelMemberRow, ChannelMemberRow.user_id == UserRow.id)
        .where(ChannelMemberRow.channel_id == channel_id)
    )
    return list(session.scalars(found.order_by(UserRow.name, UserRow.id)))


def take_numbers(session: Session, channel_id: int, messages: int, changes: int) -> tuple[int, int]:
    """Reserve numbers for so many messages and changes, in one statement; the first of each.

    Raises `ChannelNotFound`.
    """
    last = (
        session.connection()
        .execute(
            TAKE_NUMBERS,
            {"channel": channel_id, "messages": messages, "changes": changes, "time": now()},
        )
        .one_or_none()
    )
    if last is None:
        raise ChannelNotFound  # deleted since the caller looked
    return last[0] - messages + 1, last[1] - changes + 1


def count_channels(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ChannelRow)) or 0
