"""The notes of a channel, kept by the built-in tool server."""

from sqlalchemy import ForeignKey, Text, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base


class NoteRow(Base):
    """`number` counts from 1 in each channel."""

    __tablename__ = "notes"
    __table_args__ = ()

    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)


def notes_in(session: Session, channel_id: int) -> list[tuple[int, str]]:
    """`(number, text)`, the oldest first."""
    found = select(NoteRow.number, NoteRow.text).where(NoteRow.channel_id == channel_id)
    return [(number, text) for number, text in session.execute(found.order_by(NoteRow.number))]


def add_note(session: Session, channel_id: int, text: str) -> int:
    """Write a note down; gives its number."""
    last = session.scalar(select(func.max(NoteRow.number)).where(NoteRow.channel_id == channel_id))
    number = (last or 0) + 1
    session.add(NoteRow(channel_id=channel_id, number=number, text=text))
    return number


def delete_note(session: Session, channel_id: int, number: int) -> bool:
    """Whether there was such a note."""
    gone = session.scalar(
        delete(NoteRow)
        .where(NoteRow.channel_id == channel_id, NoteRow.number == number)
        .returning(NoteRow.number)
    )
    return gone is not None
