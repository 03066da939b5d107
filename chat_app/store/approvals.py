"""What people decided about tool calls that waited for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, now
from chat_app.store.run_events import RunEventRow

CALL_ID_MAX_CHARS = 100


class ApprovalRow(Base):
    """One decision. The question itself is the run's `tool_approval` event.

    `ask` tells apart the questions about one call: its approval, and each form that its server
    wants filled in. `content` is the form as the person sent it.
    """

    __tablename__ = "approvals"
    __table_args__ = ()

    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    call_id: Mapped[str] = mapped_column(String(CALL_ID_MAX_CHARS), primary_key=True)
    ask: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    approved: Mapped[bool]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime] = mapped_column(default=now)


def approvals_of(session: Session, run_id: int) -> dict[tuple[str, int], ApprovalRow]:
    """`{(call id, ask): decision}` of a run."""
    found = select(ApprovalRow).where(ApprovalRow.run_id == run_id)
    return {(row.call_id, row.ask): row for row in session.scalars(found)}


def questions_of(session: Session, run_id: int) -> list[tuple[str, str]]:
    """A run's events about tool calls, as `(type, data)`, ascending."""
    found = (
        select(RunEventRow.type, RunEventRow.data)
        .where(RunEventRow.run_id == run_id, RunEventRow.type.startswith("tool_"))
        .order_by(RunEventRow.seq)
    )
    return [(kind, data) for kind, data in session.execute(found)]
