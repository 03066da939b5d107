"""People."""

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Public

EMAIL_MAX_CHARS = 254
NAME_MAX_CHARS = 100


class UserRow(Public, Base):
    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(EMAIL_MAX_CHARS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    password_hash: Mapped[str | None] = mapped_column(String(255))  # None: none can be right
    is_operator: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)


def user_by_email(session: Session, email: str) -> UserRow | None:
    """The person with this address, whatever its upper and lower case."""
    return session.scalar(select(UserRow).where(UserRow.email == email.strip().lower()))


def first_operator(session: Session) -> UserRow | None:
    return session.scalar(select(UserRow).where(UserRow.is_operator).order_by(UserRow.id).limit(1))


def all_users(session: Session) -> list[UserRow]:
    return list(session.scalars(select(UserRow).order_by(UserRow.id)))


def lock_user(session: Session, user_id: int) -> None:
    """Who else counts what this person has waits for this transaction."""
    found = select(UserRow.id).where(UserRow.id == user_id)
    # What only refers to the person, such as a message of theirs, need not wait.
    session.execute(found.with_for_update(key_share=True))
