"""Who has a channel open, and who writes in it: each until a time that is put off again and again.

Nobody is taken off the list. Who left, and who was held by a process that is dead, lapses.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    ForeignKey,
    bindparam,
    delete,
    exists,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from chat_app.store.base import Base, Timestamp
from chat_app.store.channels import ChannelMemberRow
from chat_app.store.users import UserRow

Seat = tuple[int, int]  # the id of a channel, and of a person in it


class PresenceRow(Base):
    __tablename__ = "presences"
    __table_args__ = ()

    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    here_until: Mapped[datetime]
    typing_until: Mapped[datetime | None]


# Both databases have it in these words, and SQLAlchemy one construct for each.
STAY = text("""
insert into presences (channel_id, user_id, here_until) values (:channel_id, :user_id, :until)
on conflict (channel_id, user_id) do update set here_until = excluded.here_until
""").bindparams(bindparam("until", type_=Timestamp()))
# Who writes is here; who is here for longer already stays so.
TYPE = text("""
insert into presences (channel_id, user_id, here_until, typing_until)
values (:channel_id, :user_id, :until, :until)
on conflict (channel_id, user_id) do update set typing_until = excluded.typing_until,
here_until = case when presences.here_until > excluded.here_until
then presences.here_until else excluded.here_until end
""").bindparams(bindparam("until", type_=Timestamp()))


class Present(NamedTuple):
    """A person who has a channel open."""

    id: int
    name: str
    is_typing: bool


def in_company(session: Session, seats: Collection[Seat]) -> set[Seat]:
    """Those of `seats` whose person is a member of a channel that has other members, too."""
    other = aliased(ChannelMemberRow)
    channel, user = ChannelMemberRow.channel_id, ChannelMemberRow.user_id
    others = exists().where(other.channel_id == channel, other.user_id != user)
    found = select(channel, user).where(tuple_(channel, user).in_(seats), others)
    return {(channel_id, user_id) for channel_id, user_id in session.execute(found)}


def stay(connection: Connection, seats: Iterable[Seat], until: datetime) -> None:
    """Have all these people there until that time."""
    # In the same order everywhere: two processes must not wait for each other.
    rows = [
        {"channel_id": channel_id, "user_id": user_id, "until": until}
        for channel_id, user_id in sorted(seats)
    ]
    connection.execute(STAY, rows)


def begin_typing(connection: Connection, seat: Seat, until: datetime) -> None:
    """Have a person write there until that time."""
    channel_id, user_id = seat
    connection.execute(TYPE, {"channel_id": channel_id, "user_id": user_id, "until": until})


def end_typing(connection: Connection, seat: Seat) -> None:
    mine = PresenceRow.channel_id == seat[0], PresenceRow.user_id == seat[1]
    connection.execute(update(PresenceRow).where(*mine).values(typing_until=None))


def typing_until(session: Session, seat: Seat) -> datetime | None:
    """Until when the person writes there, as far as that is known; it may have passed."""
    row = session.get(PresenceRow, seat)
    return row.typing_until if row else None


def people_here(
    session: Session, channel_ids: Collection[int], time: datetime
) -> dict[int, list[Present]]:
    """`{channel id: the members who have it open at this time}`, each by name."""
    member = (ChannelMemberRow.channel_id == PresenceRow.channel_id) & (
        ChannelMemberRow.user_id == PresenceRow.user_id
    )
    found = (
        select(PresenceRow.channel_id, UserRow.id, UserRow.name, PresenceRow.typing_until)
        .join(ChannelMemberRow, member)
        .join(UserRow, UserRow.id == PresenceRow.user_id)
        .where(PresenceRow.channel_id.in_(channel_ids), PresenceRow.here_until > time)
        .order_by(UserRow.name, UserRow.id)
    )
    here: dict[int, list[Present]] = {}
    for channel_id, user_id, name, until in session.execute(found):
        is_typing = until is not None and until > time
        here.setdefault(channel_id, []).append(Present(user_id, name, is_typing))
    return here


def delete_lapsed(session: Session, time: datetime) -> None:
    """Delete who was not here any more at this time."""
    session.execute(delete(PresenceRow).where(PresenceRow.here_until < time))
