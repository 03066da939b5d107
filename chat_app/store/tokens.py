"""What proves who asks: browser sessions and Bearer tokens, kept as hashes."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, bindparam, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered, now
from chat_app.store.users import UserRow
from chat_app.store.workspaces import WorkspaceMemberRow

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


# Made once: every request asks this, and to make it costs more than to run it. One row for each of
# the owner's workspaces, and one without a workspace for whom there is none.
LIVE_TOKEN = (
    select(TokenRow, UserRow, WorkspaceMemberRow.workspace_id, WorkspaceMemberRow.role)
    .join(UserRow, UserRow.id == TokenRow.user_id)
    .outerjoin(WorkspaceMemberRow, WorkspaceMemberRow.user_id == UserRow.id)
    .where(TokenRow.token_hash == bindparam("hash"), UserRow.is_active)
    .where(TokenRow.expires_at.is_(None) | (TokenRow.expires_at > bindparam("now")))
    .order_by(WorkspaceMemberRow.workspace_id)
)


def live_token(
    session: Session, token_hash: str
) -> tuple[TokenRow, UserRow, dict[int, str]] | None:
    """The unexpired token with this hash, its active owner, and their roles as `workspaces_of`
    gives them.
    """
    rows = session.execute(LIVE_TOKEN, {"hash": token_hash, "now": now()}).all()
    if not rows:
        return None
    token, user, *_ = rows[0]
    return token, user, {workspace: role for *_, workspace, role in rows if role is not None}


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
