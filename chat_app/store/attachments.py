"""Attachments: files that people send with their messages, kept in the database itself."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, Select, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered

NAME_MAX_CHARS = 200


class AttachmentRow(Numbered, Base):
    """`message_id` is None until it is sent; then it is never changed again.

    `width` and `height` are an image's, in pixels. It belongs to its uploader's workspace, and
    once it is sent to that of the channel.
    """

    __tablename__ = "attachments"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    uploader_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)

    @property
    def about(self) -> dict[str, Any]:
        """What a message keeps of it: `{"id", "name", "media_type", "size", "width", "height"}`."""
        return {
            "id": self.id,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size_bytes,
            "width": self.width,
            "height": self.height,
        }


def unsent_of(session: Session, user_id: int, ids: Collection[int]) -> dict[int, AttachmentRow]:
    """Those of these that the person has uploaded and not sent, by id."""
    found = select(AttachmentRow).where(AttachmentRow.uploader_id == user_id)
    found = found.where(AttachmentRow.message_id.is_(None), AttachmentRow.id.in_(ids))
    return {row.id: row for row in session.scalars(found)}


def send_attachments(
    session: Session, user_id: int, ids: Sequence[int], message_id: int, workspace_id: int
) -> list[dict[str, Any]] | None:
    """Make them part of a message, in this order; what the message keeps of them.

    None where one is not the person's, or is part of a message already. Of two messages that want
    the same one, the second waits for the first, and then does not get it.
    """
    sent = session.scalars(
        update(AttachmentRow)
        .where(AttachmentRow.uploader_id == user_id, AttachmentRow.message_id.is_(None))
        .where(AttachmentRow.id.in_(ids))
        .values(message_id=message_id, workspace_id=workspace_id)
        .returning(AttachmentRow)
        .execution_options(synchronize_session=False)
    )
    about = {row.id: row.about for row in sent}
    return [about[id] for id in ids] if len(about) == len(ids) else None


def contents_of(session: Session, ids: Collection[int]) -> dict[int, bytes]:
    """What is in these files, by id."""
    if not ids:
        return {}
    found = select(AttachmentRow.id, AttachmentRow.content).where(AttachmentRow.id.in_(ids))
    return {row.id: row.content for row in session.execute(found)}


def ids_of_messages_with_file(word: str) -> Select[int | None]:
    """The messages with a file in whose name `word` is."""
    found = select(AttachmentRow.message_id).where(AttachmentRow.message_id.is_not(None))
    return found.where(AttachmentRow.name.icontains(word, autoescape=True))


def bytes_kept_for(session: Session, user_id: int) -> int:
    """How much a person's files take, sent or not."""
    total = select(func.sum(AttachmentRow.size_bytes)).where(AttachmentRow.uploader_id == user_id)
    return int(session.scalar(total) or 0)


def delete_attachments_of(session: Session, message_id: int) -> None:
    session.execute(delete(AttachmentRow).where(AttachmentRow.message_id == message_id))


def delete_unsent(session: Session, attachment_id: int) -> bool:
    """Whether it was there and not sent."""
    unsent = delete(AttachmentRow).where(AttachmentRow.message_id.is_(None))
    gone = unsent.where(AttachmentRow.id == attachment_id).returning(AttachmentRow.id)
    return session.scalar(gone) is not None


def delete_unsent_before(session: Session, time: datetime, limit: int) -> int:
    """Delete up to `limit` that were uploaded before `time` and never sent; gives their number."""
    old = select(AttachmentRow.id).where(AttachmentRow.message_id.is_(None))
    ids = list(session.scalars(old.where(AttachmentRow.created_at < time).limit(limit)))
    if ids:
        unsent = delete(AttachmentRow).where(AttachmentRow.message_id.is_(None))
        session.execute(unsent.where(AttachmentRow.id.in_(ids)))
    return len(ids)
