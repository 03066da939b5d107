"""The journal's table: the truth about a run, one row an event."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    CTE,
    Connection,
    ForeignKey,
    Select,
    String,
    Text,
    bindparam,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base
from chat_app.store.remote_tasks import RemoteTaskRow
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


def delete_events_to(connection: Connection, run_id: int, seq: int) -> None:
    """Delete a run's events up to this number but the first, which says what the run is."""
    old = (RunEventRow.run_id == run_id) & RunEventRow.seq.between(2, seq)
    connection.execute(delete(RunEventRow).where(old))


def first_kept_seqs(session: Session, run_ids: Sequence[int]) -> dict[int, int]:
    """`{run id: the number of its oldest event after the first}`."""
    oldest = select(RunEventRow.run_id, func.min(RunEventRow.seq)).group_by(RunEventRow.run_id)
    found = oldest.where(RunEventRow.run_id.in_(run_ids), RunEventRow.seq > 1)
    return dict(list(session.execute(found)))


def delete_journal_of(session: Session, reply_id: int) -> None:
    """Delete the events of the runs that wrote this reply."""
    runs = select(RunRow.id).where(RunRow.reply_id == reply_id)
    session.execute(delete(RunEventRow).where(RunEventRow.run_id.in_(runs)))


def delete_journals_before(session: Session, time: datetime, limit: int) -> int:
    """Delete the events of up to `limit` runs that ended before `time`; gives their number.

    Those of remote runs stay: they are logs.
    """
    # Runs older than the oldest such journal, in time nearly all there are, are not looked at.
    oldest = select(func.max(_oldest_but_logs().c.run_id)).scalar_subquery()
    ended = select(RunRow.id).where(RunRow.id >= oldest, RunRow.finished_at < time)
    return _delete(session, ended.where(_HAS_EVENTS, ~_IS_REMOTE), limit)


def delete_logs_before(session: Session, time: datetime, limit: int) -> int:
    """As `delete_journals_before`, of remote runs."""
    remote = select(RunRow.id).join(RemoteTaskRow, RemoteTaskRow.run_id == RunRow.id)
    return _delete(session, remote.where(RunRow.finished_at < time, _HAS_EVENTS), limit)


_HAS_EVENTS = select(RunEventRow.run_id).where(RunEventRow.run_id == RunRow.id).exists()
_IS_REMOTE = select(RemoteTaskRow.run_id).where(RemoteTaskRow.run_id == RunRow.id).exists()


def _oldest_but_logs() -> CTE:
    """The first journal and those after it, as long as they are logs, and one more: each found by
    one step in the index, however long the logs are.
    """
    first = select(func.min(RunEventRow.run_id).label("run_id")).cte("first", recursive=True)
    following = select(func.min(RunEventRow.run_id)).where(RunEventRow.run_id > first.c.run_id)
    is_log = select(RemoteTaskRow.run_id).where(RemoteTaskRow.run_id == first.c.run_id).exists()
    step = select(following.correlate(first).scalar_subquery()).select_from(first)
    return first.union_all(step.where(is_log))


def _delete(session: Session, ended: Select[int], limit: int) -> int:
    run_ids = list(session.scalars(ended.order_by(RunRow.id).limit(limit)))
    if run_ids:
        session.execute(delete(RunEventRow).where(RunEventRow.run_id.in_(run_ids)))
    return len(run_ids)


# Made once: every stream asks this, and to make it costs more than to run it.
AFTER = (
    select(RunEventRow.run_id, RunEventRow.seq, RunEventRow.type, RunEventRow.data)
    .where(RunEventRow.run_id == bindparam("run"), RunEventRow.seq > bindparam("after"))
    .order_by(RunEventRow.seq)
)


def last_seq(session: Session, run_id: int) -> int:
    found = select(func.max(RunEventRow.seq)).where(RunEventRow.run_id == run_id)
    return session.scalar(found) or 0


def events_after(
    session: Session, run_id: int, seq: int, limit: int | None = None
) -> list[StoredEvent]:
    """A run's events with a higher number than `seq`, ascending."""
    found = AFTER if limit is None else AFTER.limit(limit)
    rows = session.connection().execute(found, {"run": run_id, "after": seq})
    return [StoredEvent(*row) for row in rows]


def events_up_to(
    session: Session, run_id: int, seq: int, without: Iterable[str]
) -> list[StoredEvent]:
    """A run's events up to `seq` that are of no type in `without`, ascending."""
    found = (
        select(RunEventRow.run_id, RunEventRow.seq, RunEventRow.type, RunEventRow.data)
        .where(RunEventRow.run_id == run_id, RunEventRow.seq <= seq)
        .where(RunEventRow.type.not_in(without))
        .order_by(RunEventRow.seq)
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
