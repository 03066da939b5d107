"""The audit log's table: written once, never changed, deleted when it is old."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered

ABOUT_MAX_CHARS = 300


class AuditEventRow(Numbered, Base):
    """`user_name` is what the person was called then, empty for the shell or an unknown visitor.

    `workspace_id` is where it happened; what concerns the installation has none.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_workspace_id_id", "workspace_id", "id"),
        Index("ix_audit_events_user_id_id", "user_id", "id"),
        Index("ix_audit_events_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    workspace_id: Mapped[int | None] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE")
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    user_name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(ABOUT_MAX_CHARS))


@dataclass(frozen=True)
class Wanted:
    """Which events; what is None does not narrow them."""

    user_id: int | None = None
    kind: str | None = None
    before: int | None = None


def page_of_events(
    session: Session, workspace_ids: list[int] | None, wanted: Wanted, limit: int
) -> list[AuditEventRow]:
    """Up to `limit` events of these workspaces, newest first; None are those of the whole
    installation."""
    found = select(AuditEventRow)
    if workspace_ids is not None:
        found = found.where(AuditEventRow.workspace_id.in_(workspace_ids))
    if wanted.user_id is not None:
        found = found.where(AuditEventRow.user_id == wanted.user_id)
    if wanted.kind is not None:
        found = found.where(AuditEventRow.kind == wanted.kind)
    if wanted.before is not None:
        found = found.where(AuditEventRow.id < wanted.before)
    return list(session.scalars(found.order_by(AuditEventRow.id.desc()).limit(limit)))


def delete_events_before(session: Session, time: datetime, limit: int) -> int:
    """Delete up to `limit` that happened before `time`; gives their number."""
    old = select(AuditEventRow.id).where(AuditEventRow.created_at < time)
    ids = list(session.scalars(old.order_by(AuditEventRow.created_at).limit(limit)))
    if ids:
        session.execute(delete(AuditEventRow).where(AuditEventRow.id.in_(ids)))
    return len(ids)
