"""The journal's table: the truth about a run, one row an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, ForeignKey, String, Text, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base
from chat_app.store.runs import RunRow


class RunEventRow(Base):
    """`data` is the event's JSON as clients get it, so that a replay is equal to the byte."""

    __tablename__ = "run_events"
    __table_args__ = {"sqlite_with_rowid": False}

    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(20))
    data: Mapped[str] = mapped_column(Text)


class StoredEvent(NamedTuple):
    run_id: int
    seq: int
    type: str
    data: str


APPEND = {
    "sqlite": "insert into run_events (run_id, seq, type, data) values (?, ?, ?, ?)",
    "postgresql": "insert into run_events (run_id, seq, type, data) values (%s, %s, %s, %s)",
}


def append_events(connection: Connection, events: Sequence[StoredEvent]) -> None:
    """Write events in one statement. A seq that is taken fails the whole transaction."""
    rows = [tuple(event) for event in events]
    connection.exec_driver_sql(APPEND[connection.dialect.name], rows)


def delete_journal_of(session: Session, reply_id: int) -> None:
    """Delete the events of the runs that wrote this reply."""
    runs = select(RunRow.id).where(RunRow.reply_id == reply_id)
    session.execute(delete(RunEventRow).where(RunEventRow.run_id.in_(runs)))


def delete_journals_before(session: Session, time: datetime, limit: int) -> int:
    """Delete the events of up to `limit` runs that ended before `time`; gives their number."""
    has_events = select(RunEventRow.run_id).where(RunEventRow.run_id == RunRow.id).exists()
    # Runs older than the oldest journal, in time nearly all there are, are not looked at.
    oldest = select(func.min(RunEventRow.run_id)).scalar_subquery()
    ended = select(RunRow.id).where(RunRow.id >= oldest, RunRow.finished_at < time, has_events)
    run_ids = list(session.scalars(ended.order_by(RunRow.id).limit(limit)))
    if run_ids:
        session.execute(delete(RunEventRow).where(RunEventRow.run_id.in_(run_ids)))
    return len(run_ids)


def last_seq(session: Session, run_id: int) -> int:
    found = select(func.max(RunEventRow.seq)).where(RunEventRow.run_id == run_id)
    return session.scalar(found) or 0


def events_after(
    session: Session, run_id: int, seq: int, limit: int | None = None
) -> list[StoredEvent]:
    """A run's events with a higher number than `seq`, ascending."""
    found = (
        select(RunEventRow.run_id, RunEventRow.seq, RunEventRow.type, RunEventRow.data)
        .where(RunEventRow.run_id == run_id, RunEventRow.seq > seq)
        .order_by(RunEventRow.seq)
        .limit(limit)
    )
    return [StoredEvent(*row) for row in session.execute(found)]


def events_after_each(session: Session, positions: dict[int, int]) -> list[StoredEvent]:
    """What is new for several runs at once, `{run id: last known seq}`, ascending in each."""
    newer = [
        (RunEventRow.run_id == run_id) & (RunEventRow.seq > seq)
        for run_id, seq in positions.items()
    ]
    found = (
        select(RunEventRow.run_id, RunEventRow.seq, RunEventRow.type, RunEventRow.data)
        .where(or_(*newer))
        .order_by(RunEventRow.run_id, RunEventRow.seq)
    )
    return [StoredEvent(*row) for row in session.execute(found)]
