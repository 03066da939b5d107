"""What tool calls wait for: a person's word, or a form that the server wants filled in."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, now

CALL_ID_MAX_CHARS = 100


class ApprovalRow(Base):
    """One question about a call, written before anybody is asked; `approved` is None until then.

    `ask` numbers the questions about one call: its approval, then each form of its server. A
    form has a `key` and the server's own memory of the call, `state`; `content` is what the
    person filled in. `tool_id` is the tool that is to be allowed.
    """

    __tablename__ = "approvals"
    __table_args__ = ()

    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    call_id: Mapped[str] = mapped_column(String(CALL_ID_MAX_CHARS), primary_key=True)
    ask: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tool_id: Mapped[int | None] = mapped_column(ForeignKey("tools.id", ondelete="SET NULL"))
    key: Mapped[str | None] = mapped_column(String(500))
    state: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]
    approved: Mapped[bool | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]

    @property
    def is_form(self) -> bool:
        return self.key is not None


def open_asks(session: Session, asks: Iterable[ApprovalRow]) -> None:
    """Write questions down. Those that a dead process wrote and never asked are replaced, with
    whatever somebody answered to them.
    """
    for ask in asks:
        session.execute(
            delete(ApprovalRow).where(
                ApprovalRow.run_id == ask.run_id,
                ApprovalRow.call_id == ask.call_id,
                ApprovalRow.ask == ask.ask,
            )
        )
        session.add(ask)


def close_asks(session: Session, run_id: int, open_calls: Collection[str]) -> None:
    """Let nobody wait for answers about calls other than these: they have ended without."""
    session.execute(
        update(ApprovalRow)
        .where(ApprovalRow.run_id == run_id, ApprovalRow.call_id.not_in(open_calls))
        .where(ApprovalRow.approved.is_(None))
        .values(approved=False)
    )


def asks_of(session: Session, run_id: int) -> list[ApprovalRow]:
    """All questions of a run, those about one call in order."""
    found = select(ApprovalRow).where(ApprovalRow.run_id == run_id)
    return list(session.scalars(found.order_by(ApprovalRow.call_id, ApprovalRow.ask)))


def open_asks_of(session: Session, run_id: int) -> list[ApprovalRow]:
    """The questions of a run that wait for an answer, and can still have one."""
    found = select(ApprovalRow).where(ApprovalRow.run_id == run_id)
    is_open = ApprovalRow.approved.is_(None) & (ApprovalRow.expires_at > now())
    return list(session.scalars(found.where(is_open)))
