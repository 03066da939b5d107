"""How far a person has read in a channel, and what came after."""

from collections.abc import Collection

from sqlalchemy import ForeignKey, bindparam, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base
from chat_app.store.channels import ChannelRow
from chat_app.store.messages import MessageRow


class ReadMarkRow(Base):
    """The last message that the person has seen; without a row they have seen none."""

    __tablename__ = "read_marks"
    __table_args__ = ()

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    message_id: Mapped[int]


def mark_of(session: Session, user_id: int, channel_id: int) -> int:
    """The id of the last message they have seen there, 0 for none."""
    mark = session.get(ReadMarkRow, (user_id, channel_id))
    return mark.message_id if mark else 0


def move_mark(session: Session, user_id: int, channel_id: int, message_id: int) -> None:
    """Move the mark forward to this message, never back."""
    mine = (ReadMarkRow.user_id == user_id) & (ReadMarkRow.channel_id == channel_id)
    if session.scalar(select(ReadMarkRow.user_id).where(mine)) is None:
        session.add(ReadMarkRow(user_id=user_id, channel_id=channel_id, message_id=message_id))
        return
    further = update(ReadMarkRow).where(mine, ReadMarkRow.message_id < message_id)
    session.execute(further.values(message_id=message_id))


UNREAD = (
    select(MessageRow.id)
    .where(MessageRow.channel_id == ChannelRow.id)
    .where(MessageRow.id > func.coalesce(ReadMarkRow.message_id, 0))
    .where(MessageRow.deleted_at.is_(None), ~MessageRow.replaced)
    .where(MessageRow.status != "streaming")
    .where(func.coalesce(MessageRow.author_user_id, 0) != bindparam("user"))
    .limit(bindparam("most"))
    .correlate(ChannelRow, ReadMarkRow)
    .subquery()
)
MINE = (ReadMarkRow.channel_id == ChannelRow.id) & (ReadMarkRow.user_id == bindparam("user"))
# Made once: every page asks this, and to make it costs more than to run it.
UNREAD_COUNTS = (
    select(ChannelRow.id, select(func.count()).select_from(UNREAD).scalar_subquery())
    .outerjoin(ReadMarkRow, MINE)
    .where(ChannelRow.id.in_(bindparam("channels", expanding=True)))
)


def unread_counts(
    session: Session, user_id: int, channel_ids: Collection[int], most: int
) -> dict[int, int]:
    """`{channel id: messages by others after the mark}`, counted up to `most` each.

    An answer counts once it has ended.
    """
    about = {"user": user_id, "channels": list(channel_ids), "most": most}
    return dict(list(session.connection().execute(UNREAD_COUNTS, about)))
