"""Runs: one answer being produced. Every change of status is guarded by the status it had."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from chat_app.store.base import Base, Public, now
from chat_app.store.channels import ChannelRow
from chat_app.store.messages import NEWEST_QUESTION, MessageRow

LIVE = ("queued", "running")
STATUSES = (*LIVE, "done", "failed", "cancelled", "interrupted")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunRow(Public, Base):
    """`owner` is the process that answers until `lease_until`; `attempt` counts how often one
    began, `released` how often one gave the run back in good order. One that waits for a person is
    in the queue, and nobody's until `parked_until`. `user_id` is who asked for this answer: their
    sign-ins are used.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("question_id", "generation"),
        Index("ix_runs_status_lease_until", "status", "lease_until"),
        Index("ix_runs_owner_status", "owner", "status"),
        Index("ix_runs_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    agent_id: Mapped[int | None] = mapped_column(
        ForeignKey("agents.id", ondelete="SET NULL"), index=True
    )
    question_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    reply_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    generation: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(15), default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    released: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    parked_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error_code: Mapped[str | None] = mapped_column(String(40))
    error: Mapped[str | None] = mapped_column(Text)
    finish_reason: Mapped[str | None] = mapped_column(String(20))
    usage: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    model: Mapped[str | None] = mapped_column(String(200))
    queued_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


def run_by_public_id(session: Session, public_id: str) -> RunRow | None:
    return session.scalar(select(RunRow).where(RunRow.public_id == public_id))


def existing_runs(session: Session, run_ids: Iterable[int]) -> set[int]:
    """Those of these ids that are still there."""
    return set(session.scalars(select(RunRow.id).where(RunRow.id.in_(run_ids))))


# Made once, as are those below: to make one costs as much as to run it.
LATEST = select(RunRow).order_by(RunRow.generation.desc()).limit(1)
LATEST_FOR = LATEST.where(RunRow.question_id == bindparam("question"))
LATEST_IN = LATEST.where(
    RunRow.question_id == NEWEST_QUESTION.with_only_columns(MessageRow.id).scalar_subquery()
)
QUESTION, REPLY = aliased(MessageRow), aliased(MessageRow)
PUBLIC_IDS = (
    select(ChannelRow.public_id, QUESTION.public_id, REPLY.public_id)
    .select_from(RunRow)
    .join(ChannelRow, ChannelRow.id == RunRow.channel_id)
    .join(QUESTION, QUESTION.id == RunRow.question_id)
    .join(REPLY, REPLY.id == RunRow.reply_id)
    .where(RunRow.id == bindparam("run"))
)
WITH_REPLY = (
    select(RunRow, MessageRow)
    .join(MessageRow, MessageRow.id == RunRow.reply_id)
    .where(RunRow.id == bindparam("run"))
)


def latest_run(session: Session, question_id: int) -> RunRow | None:
    """The run of the newest generation that answers this message."""
    return session.scalar(LATEST_FOR, {"question": question_id})


def latest_run_in(session: Session, channel_id: int) -> RunRow | None:
    """As `latest_run`, for the last message that a person wrote in the channel."""
    return session.scalar(LATEST_IN, {"channel": channel_id})


def public_ids_of(session: Session, run_id: int) -> tuple[str, str, str]:
    """Of a run's channel, of its question and of its reply."""
    channel, question, reply = session.connection().execute(PUBLIC_IDS, {"run": run_id}).one()
    return channel, question, reply


def run_and_reply(session: Session, run_id: int) -> tuple[RunRow, MessageRow]:
    run, reply = session.execute(WITH_REPLY, {"run": run_id}).one()
    return run, reply


def runs_of_channel(session: Session, channel_id: int, limit: int) -> list[RunRow]:
    found = select(RunRow).where(RunRow.channel_id == channel_id)
    return list(session.scalars(found.order_by(RunRow.id.desc()).limit(limit)))


def all_runs(session: Session, status: str | None, limit: int) -> list[RunRow]:
    """The runs of every workspace, newest first; only those with this status where one is given."""
    found = select(RunRow) if status is None else select(RunRow).where(RunRow.status == status)
    return list(session.scalars(found.order_by(RunRow.id.desc()).limit(limit)))


def live_runs_of_message(session: Session, message_id: int) -> list[RunRow]:
    """The unfinished runs that answer this message or write it."""
    found = select(RunRow).where(RunRow.status.in_(LIVE))
    about = (RunRow.question_id == message_id) | (RunRow.reply_id == message_id)
    return list(session.scalars(found.where(about)))


def live_runs_of_channel(session: Session, channel_id: int) -> list[RunRow]:
    found = select(RunRow).where(RunRow.status.in_(LIVE), RunRow.channel_id == channel_id)
    return list(session.scalars(found))


def claim(
    session: Session, run_id: int, attempt: int, owner: str, lease_until: datetime
) -> RunRow | None:
    """Take a run over for its next attempt; None when somebody else was first or it has ended."""
    won = session.scalar(
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.status.in_(LIVE), RunRow.attempt == attempt)
        .values(
            status="running",
            owner=owner,
            attempt=attempt + 1,
            lease_until=lease_until,
            parked_until=None,
            started_at=now(),
        )
        .returning(RunRow.id)
    )
    return session.get(RunRow, run_id, populate_existing=True) if won else None


def renew_leases(session: Session, owner: str, run_ids: Iterable[int], until: datetime) -> set[int]:
    """Renew the leases of these runs of a process; the ids of those that are still its own.

    Only of those it works on: one whose greenlet broke must lapse, to be taken over.
    """
    mine = select(RunRow.id).where(RunRow.id.in_(run_ids), RunRow.owner == owner)
    held = list(
        session.scalars(
            mine.where(RunRow.status == "running").order_by(RunRow.id).with_for_update()
        )
    )
    if held:
        session.execute(update(RunRow).where(RunRow.id.in_(held)).values(lease_until=until))
    return set(held)


CANCELLED = select(RunRow.id).where(
    RunRow.owner == bindparam("owner"), RunRow.status == "running", RunRow.cancel_requested
)


def cancelled_runs(session: Session, owner: str) -> list[int]:
    """The runs of a process that somebody wants stopped."""
    return list(session.connection().scalars(CANCELLED, {"owner": owner}))


def abandoned_runs(session: Session, queued_before: datetime, limit: int) -> list[RunRow]:
    """Runs that nobody answers: the lease has lapsed, or they wait since `queued_before`."""
    lapsed = (RunRow.status == "running") & (RunRow.lease_until < now())
    is_due = RunRow.parked_until.is_(None) | (RunRow.parked_until < now())
    waiting = (RunRow.status == "queued") & (RunRow.queued_at < queued_before) & is_due
    found = select(RunRow).where(lapsed | waiting).order_by(RunRow.id)
    return list(session.scalars(found.limit(limit)))


def running_owners(session: Session, host: str) -> list[str]:
    """The names of the processes on this host that have running runs."""
    found = select(RunRow.owner).where(RunRow.status == "running").distinct()
    named = session.scalars(found.where(RunRow.owner.startswith(host, autoescape=True)))
    return [owner for owner in named if owner is not None]


def runs_owned_by(session: Session, owners: Iterable[str]) -> list[RunRow]:
    found = select(RunRow).where(RunRow.status == "running", RunRow.owner.in_(owners))
    return list(session.scalars(found))


def release_run(session: Session, run_id: int, attempt: int) -> bool:
    """Give a run back for any process to go on with, at once."""
    won = session.scalar(
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.attempt == attempt, RunRow.status == "running")
        .values(
            status="queued",
            owner=None,
            lease_until=None,
            queued_at=EPOCH,
            released=RunRow.released + 1,
        )
        .returning(RunRow.id)
    )
    return won is not None


def lock_run(session: Session, run_id: int) -> RunRow:
    """The run as it is now; who else changes it waits for this transaction."""
    found = select(RunRow).where(RunRow.id == run_id).with_for_update()
    return session.scalars(found, execution_options={"populate_existing": True}).one()


def set_parked(session: Session, run_id: int, until: datetime | None) -> None:
    """Let nobody take a queued run before `until`; None lets any process go on with it."""
    session.execute(update(RunRow).where(RunRow.id == run_id).values(parked_until=until))


CLOSE = (
    update(RunRow)
    .where(RunRow.id == bindparam("run"), RunRow.attempt == bindparam("by"))
    .where(RunRow.status.in_(LIVE))
    .returning(RunRow.id)
)


def close_run(session: Session, run_id: int, attempt: int, **values: Any) -> bool:
    """End a live run with these values; False when it is no longer this attempt's to end."""
    ended = {"finished_at": now(), "lease_until": None, **values}
    won = session.connection().scalar(CLOSE, {"run": run_id, "by": attempt, **ended})
    return won is not None


# Written out for each database: this runs hundreds of times a second, and making it anew from an
# expression costs more than running it.
HELD = {
    "sqlite": """
        select id, attempt, cancel_requested from runs
        where status = 'running' and id in (select value from json_each(?))""",
    "postgresql": """
        select id, attempt, cancel_requested from runs
        where status = 'running' and id = any(%s)
        order by id for update""",  # all lock in this order, so that none wait for each other
}


def held_attempts(connection: Connection, run_ids: Sequence[int]) -> dict[int, tuple[int, bool]]:
    """`{run id: (attempt, cancel requested)}` of those still running, locked until the commit.

    Read in the transaction that appends events, this is the fence: who lost the lease sees
    another attempt, or no row, and may not write.
    """
    dialect = connection.dialect.name
    ids = str(list(run_ids)) if dialect == "sqlite" else list(run_ids)
    rows = connection.exec_driver_sql(HELD[dialect], (ids,))
    return {run_id: (attempt, bool(cancel)) for run_id, attempt, cancel in rows}


def request_cancel(session: Session, run_id: int) -> int | None:
    """Ask for the end of a run. One that waits for a person is in nobody's hands: its attempts so
    far are given, for the caller to take it over and end it.
    """
    session.execute(update(RunRow).where(RunRow.id == run_id).values(cancel_requested=True))
    parked = update(RunRow).where(RunRow.id == run_id, RunRow.parked_until.is_not(None))
    return session.scalar(parked.values(parked_until=None).returning(RunRow.attempt))
