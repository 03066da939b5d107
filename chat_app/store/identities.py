"""Who people are at an OpenID issuer: the issuer's name for them, and whose account that is."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered, now
from chat_app.store.users import EMAIL_MAX_CHARS, UserRow

ISSUER_MAX_CHARS = 500
SUBJECT_MAX_CHARS = 255  # OpenID Connect Core 1.0, section 2


class IdentityRow(Numbered, Base):
    """`subject` never changes at its issuer; `email` is what it was at the last sign-in."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        {"sqlite_autoincrement": True},
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(ISSUER_MAX_CHARS))
    subject: Mapped[str] = mapped_column(String(SUBJECT_MAX_CHARS))
    email: Mapped[str] = mapped_column(String(EMAIL_MAX_CHARS))
    last_used_at: Mapped[datetime] = mapped_column(default=lambda: now())


def identity_of(session: Session, issuer: str, subject: str) -> tuple[IdentityRow, UserRow] | None:
    """What is known of this subject, and whose account it is."""
    found = (
        select(IdentityRow, UserRow)
        .join(UserRow, UserRow.id == IdentityRow.user_id)
        .where(IdentityRow.issuer == issuer, IdentityRow.subject == subject)
    )
    row = session.execute(found).first()
    return (row[0], row[1]) if row else None


def identities_of(session: Session, user_id: int) -> list[IdentityRow]:
    """The issuers that a person signs in with, the oldest first."""
    found = select(IdentityRow).where(IdentityRow.user_id == user_id)
    return list(session.scalars(found.order_by(IdentityRow.id)))
