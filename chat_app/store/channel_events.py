"""What changed in a channel, one row a change: which message or run, not what it says.

Readers load the thing as it is when they read, so what was deleted is nowhere kept.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, String, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, now
from chat_app.store.channels import ChannelRow, take_numbers
from chat_app.store.messages import MessageRow
from chat_app.store.runs import RunRow

TABLES: dict[str, type[Any]] = {"message": MessageRow, "run": RunRow}


class ChannelEventRow(Base):
    __tablename__ = "channel_events"
    __table_args__ = {"sqlite_with_rowid": False}

    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(10))
    ref_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


INSERT = insert(ChannelEventRow)


class Change(NamedTuple):
    """One change, with the message or run as it is now; None where it is gone."""

    seq: int
    kind: str
    ref_id: int
    row: Any


def note(session: Session, channel_id: int, *changed: tuple[str, int]) -> None:
    """Write down what is new or changed, as `(kind, id)`, in the transaction that changes it."""
    _, first = take_numbers(session, channel_id, messages=0, changes=len(changed))
    note_from(session, channel_id, first, *changed)


def note_from(session: Session, channel_id: int, first: int, *changed: tuple[str, int]) -> None:
    """As `note`, with numbers that are taken already."""
    time = now()
    rows = [
        {"channel_id": channel_id, "seq": seq, "kind": kind, "ref_id": ref_id, "created_at": time}
        for seq, (kind, ref_id) in enumerate(changed, first)
    ]
    session.connection().execute(INSERT, rows)


def last_seqs(session: Session, channel_ids: Iterable[int]) -> dict[int, int]:
    """`{channel id: number of its last change}` for several channels in one query."""
    rows = session.execute(
        select(ChannelRow.id, ChannelRow.last_event_seq).where(ChannelRow.id.in_(channel_ids))
    )
    return dict(rows.tuples().all())


def first_kept_seq(session: Session, channel_id: int) -> int | None:
    """The number of the oldest change that is still kept, None where none is."""
    found = select(func.min(ChannelEventRow.seq)).where(ChannelEventRow.channel_id == channel_id)
    return session.scalar(found)


def changes_after(session: Session, channel_id: int, seq: int, limit: int) -> list[Change]:
    """The next changes after number `seq`, ascending, each with its row."""
    found = (
        select(ChannelEventRow)
        .where(ChannelEventRow.channel_id == channel_id, ChannelEventRow.seq > seq)
        .order_by(ChannelEventRow.seq)
        .limit(limit)
    )
    events = list(session.scalars(found))
    rows = _rows(session, events)
    return [Change(e.seq, e.kind, e.ref_id, rows.get((e.kind, e.ref_id))) for e in events]


def notes_of(session: Session, channel_id: int, kind: str, ref_id: int) -> list[int]:
    """The numbers of the changes that tell of one message or run, as far as they are kept."""
    found = select(ChannelEventRow.seq).where(ChannelEventRow.channel_id == channel_id)
    about = found.where(ChannelEventRow.kind == kind, ChannelEventRow.ref_id == ref_id)
    return list(session.scalars(about.order_by(ChannelEventRow.seq)))


def messages_changed_after(
    session: Session, channel_id: int, seq: int, before_id: int, limit: int
) -> list[MessageRow]:
    """Messages older than `before_id` of which a change after number `seq` tells, ascending, the
    newest `limit` of them. Those taken back are among them.
    """
    told = select(ChannelEventRow.ref_id).where(
        ChannelEventRow.channel_id == channel_id,
        ChannelEventRow.seq > seq,
        ChannelEventRow.kind == "message",
    )
    found = select(MessageRow).where(MessageRow.id.in_(told), MessageRow.id < before_id)
    return list(session.scalars(found.order_by(MessageRow.id.desc()).limit(limit)))[::-1]


def _rows(session: Session, events: list[ChannelEventRow]) -> dict[tuple[str, int], Any]:
    rows: dict[tuple[str, int], Any] = {}
    for kind, table in TABLES.items():
        if ids := {event.ref_id for event in events if event.kind == kind}:
            for row in session.scalars(select(table).where(table.id.in_(ids))):
                rows[kind, row.id] = row
    return rows


def delete_changes_before(session: Session, time: datetime, limit: int) -> int:
    """Delete what changed before `time` in up to `limit` channels; gives their number.

    In each up to the newest such change: where two machines' clocks differ a hole could stay
    behind, and a cursor before it would pass over what is gone.
    """
    old = ChannelEventRow.created_at < time
    found = select(ChannelEventRow.channel_id).where(old).distinct().limit(limit)
    channel_ids = list(session.scalars(found))
    for channel_id in channel_ids:
        here = ChannelEventRow.channel_id == channel_id
        last = select(func.max(ChannelEventRow.seq)).where(here, old).scalar_subquery()
        session.execute(delete(ChannelEventRow).where(here, ChannelEventRow.seq <= last))
    return len(channel_ids)
