"""Runs: one answer being produced. Every change of status is guarded by the status it had."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Public, now

LIVE = ("queued", "running")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunRow(Public, Base):
    """`owner` is the process that answers until `lease_until`; `attempt` counts how often one
    began, `released` how often one gave the run back in good order.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("question_id", "generation"),
        Index("ix_runs_status_lease_until", "status", "lease_until"),
        Index("ix_runs_owner_status", "owner", "status"),
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
    generation: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(15), default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    released: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
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


def latest_run(session: Session, question_id: int) -> RunRow | None:
    """The run of the newest generation that answers this message."""
    found = select(RunRow).where(RunRow.question_id == question_id)
    return session.scalar(found.order_by(RunRow.generation.desc()).limit(1))


def runs_of_channel(session: Session, channel_id: int, limit: int) -> list[RunRow]:
    found = select(RunRow).where(RunRow.channel_id == channel_id)
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
            started_at=now(),
        )
        .returning(RunRow.id)
    )
    return session.get(RunRow, run_id, populate_existing=True) if won else None


def renew_leases(session: Session, owner: str, until: datetime) -> set[int]:
    """Renew the leases of all runs of a process in one statement; the ids of those it has."""
    held = session.scalars(
        update(RunRow)
        .where(RunRow.owner == owner, RunRow.status == "running")
        .values(lease_until=until)
        .returning(RunRow.id)
    )
    return set(held)


def cancelled_runs(session: Session, owner: str) -> list[int]:
    """The runs of a process that somebody wants stopped."""
    found = select(RunRow.id).where(RunRow.owner == owner, RunRow.status == "running")
    return list(session.scalars(found.where(RunRow.cancel_requested)))


def abandoned_runs(session: Session, queued_before: datetime, limit: int) -> list[RunRow]:
    """Runs that nobody answers: the lease has lapsed, or they wait since `queued_before`."""
    lapsed = (RunRow.status == "running") & (RunRow.lease_until < now())
    waiting = (RunRow.status == "queued") & (RunRow.queued_at < queued_before)
    found = select(RunRow).where(lapsed | waiting).order_by(RunRow.id)
    return list(session.scalars(found.limit(limit)))


def runs_owned_on(session: Session, host: str) -> list[RunRow]:
    """The running runs whose owner's name begins with this host."""
    found = select(RunRow).where(RunRow.status == "running")
    return list(session.scalars(found.where(RunRow.owner.startswith(host, autoescape=True))))


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


def close_run(session: Session, run_id: int, attempt: int, **values: Any) -> bool:
    """End a live run with these values; False when it is no longer this attempt's to end."""
    won = session.scalar(
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.attempt == attempt, RunRow.status.in_(LIVE))
        .values(finished_at=now(), lease_until=None, **values)
        .returning(RunRow.id)
    )
    return won is not None


HELD = (
    select(RunRow.id, RunRow.attempt, RunRow.cancel_requested)
    .where(RunRow.id.in_(bindparam("ids", expanding=True)), RunRow.status == "running")
    .with_for_update()
)


def held_attempts(session: Session, run_ids: Iterable[int]) -> dict[int, tuple[int, bool]]:
    """`{run id: (attempt, cancel requested)}` of those still running, locked until the commit.

    Read in the transaction that appends events, this is the fence: who lost the lease sees
    another attempt, or no row, and may not write.
    """
    rows = session.execute(HELD, {"ids": list(run_ids)})
    return {run_id: (attempt, cancel) for run_id, attempt, cancel in rows}


def request_cancel(session: Session, run_id: int) -> None:
    session.execute(update(RunRow).where(RunRow.id == run_id).values(cancel_requested=True))
