"""Invitations into a workspace: links that were handed out, kept as hashes."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered, now


class InvitationRow(Numbered, Base):
    """Good for `uses_max` people until `expires_at`, unless it is taken back."""

    __tablename__ = "invitations"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    made_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    uses: Mapped[int] = mapped_column(default=0)
    uses_max: Mapped[int] = mapped_column(default=1)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    @property
    def state(self) -> str:
        """`open`, or why nobody can join by it: `revoked`, `used`, `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.uses >= self.uses_max:
            return "used"
        return "expired" if self.expires_at <= now() else "open"


def invitation_by_hash(
    session: Session, secret_hash: str, is_locked: bool = False
) -> InvitationRow | None:
    """The invitation with this hash; locked, nobody else uses it until the transaction's end."""
    found = select(InvitationRow).where(InvitationRow.secret_hash == secret_hash)
    return session.scalar(found.with_for_update() if is_locked else found)


def invitation_in(
    session: Session, workspace_ids: list[int] | None, invitation_id: int
) -> InvitationRow | None:
    """The invitation with this id, if it leads into one of these workspaces; None are all."""
    found = select(InvitationRow).where(InvitationRow.id == invitation_id)
    if workspace_ids is not None:
        found = found.where(InvitationRow.workspace_id.in_(workspace_ids))
    return session.scalar(found)


def open_invitations(session: Session, workspace_id: int) -> list[InvitationRow]:
    """Those that somebody can still join by, newest first."""
    found = select(InvitationRow).where(
        InvitationRow.workspace_id == workspace_id,
        InvitationRow.revoked_at.is_(None),
        InvitationRow.uses < InvitationRow.uses_max,
        InvitationRow.expires_at > now(),
    )
    return list(session.scalars(found.order_by(InvitationRow.id.desc())))


def revoke_invitations_of(
    session: Session, workspace_id: int, user_id: int, roles: Iterable[str]
) -> None:
    """Take back what somebody made there for one of these roles."""
    theirs = update(InvitationRow).where(InvitationRow.made_by_id == user_id)
    theirs = theirs.where(InvitationRow.workspace_id == workspace_id)
    theirs = theirs.where(InvitationRow.role.in_(roles), InvitationRow.revoked_at.is_(None))
    session.execute(theirs.values(revoked_at=now()))


def delete_invitations_before(session: Session, time: datetime, limit: int) -> int:
    """Delete up to `limit` that ended before `time`; gives their number."""
    ended = select(InvitationRow.id).where(InvitationRow.expires_at < time).limit(limit)
    ids = list(session.scalars(ended))
    if ids:
        session.execute(delete(InvitationRow).where(InvitationRow.id.in_(ids)))
    return len(ids)
