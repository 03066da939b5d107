"""What proves who asks: browser sessions and Bearer tokens, kept as hashes."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered, now
from chat_app.store.users import UserRow

# The kinds that somebody got by signing in.
SIGN_INS = ("session", "login")


class TokenRow(Numbered, Base):
    __tablename__ = "tokens"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # `session` (a browser), `login`, `api`
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


def live_token(session: Session, token_hash: str) -> tuple[TokenRow, UserRow] | None:
    """The unexpired token with this hash and its active owner."""
    row = session.execute(
        select(TokenRow, UserRow)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .where(TokenRow.token_hash == token_hash, UserRow.is_active)
        .where((TokenRow.expires_at.is_(None)) | (TokenRow.expires_at > now()))
    ).first()
    return (row[0], row[1]) if row else None


def tokens_of(session: Session, user_id: int) -> list[TokenRow]:
    """A person's tokens made by hand, newest first."""
    found = select(TokenRow).where(TokenRow.user_id == user_id, TokenRow.kind == "api")
    return list(session.scalars(found.order_by(TokenRow.id.desc())))


def sessions_of(session: Session, user_id: int) -> list[TokenRow]:
    """Where a person is signed in, the last used first."""
    found = select(TokenRow).where(TokenRow.user_id == user_id, TokenRow.kind.in_(SIGN_INS))
    found = found.where(TokenRow.expires_at > now())
    used = func.coalesce(TokenRow.last_used_at, TokenRow.created_at)
    return list(session.scalars(found.order_by(used.desc(), TokenRow.id.desc())))


def end_sessions(session: Session, user_id: int, but: str | None = None) -> None:
    """Sign a person out everywhere, but for the token with the hash `but`."""
    found = delete(TokenRow).where(TokenRow.user_id == user_id, TokenRow.kind.in_(SIGN_INS))
    session.execute(found if but is None else found.where(TokenRow.token_hash != but))


def delete_tokens_of(session: Session, user_id: int) -> None:
    """Whoever came in as this person, by whatever, has to prove again who they are."""
    session.execute(delete(TokenRow).where(TokenRow.user_id == user_id))


def delete_expired(session: Session) -> None:
    session.execute(delete(TokenRow).where(TokenRow.expires_at < now()))
