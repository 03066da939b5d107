"""Messages: what was said in a channel, by whom, and how it ended."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.attachments import ids_of_messages_with_file
from chat_app.store.base import Base, Public
from chat_app.store.channels import ids_of_channels_of

CLIENT_ID_MAX_CHARS = 100


class MessageRow(Public, Base):
    """`role` is `user`, `assistant` or `system`; `status` as in the API.

    A reply has the question as its parent. Each of its `tool_calls` is as the API shows it, with
    `at`, the number of characters of `body` that were written before it, and what the tool gave
    besides text. `attachments` are its files, as `AttachmentRow.about` tells of them. `replaced`
    marks an answer that a newer one stands for; `deleted_at` one that was taken back, its body and
    its files gone.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("channel_id", "seq"),
        UniqueConstraint("author_user_id", "client_id"),
        Index("ix_messages_channel_id_id", "channel_id", "id"),
        Index("ix_messages_created_at", "created_at"),
        {"sqlite_autoincrement": True},
    )

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    seq: Mapped[int]
    role: Mapped[str] = mapped_column(String(10))
    author_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_agent_id: Mapped[int | None] = mapped_column(
        ForeignKey("agents.id", ondelete="SET NULL"), index=True
    )
    author_name: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(15), default="complete")
    error_code: Mapped[str | None] = mapped_column(String(40))
    usage: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    model: Mapped[str | None] = mapped_column(String(200))
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    client_id: Mapped[str | None] = mapped_column(String(CLIENT_ID_MAX_CHARS))
    tool_calls: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list, server_default="[]"
    )
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list, server_default="[]"
    )
    replaced: Mapped[bool] = mapped_column(default=False)
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @property
    def is_shown(self) -> bool:
        return self.deleted_at is None and not self.replaced

    @property
    def author(self) -> dict[str, Any]:
        """`{"type": "user"|"agent"|"system", "id", "name"}`."""
        if self.role == "user":
            return {"type": "user", "id": self.author_user_id, "name": self.author_name}
        kind = "agent" if self.role == "assistant" else "system"
        return {"type": kind, "id": self.author_agent_id, "name": self.author_name}


SHOWN = select(MessageRow).where(MessageRow.deleted_at.is_(None), ~MessageRow.replaced)

# Made once: every question asks these, and to make one costs as much as to run it.
NEWEST_QUESTION = (
    SHOWN.where(MessageRow.channel_id == bindparam("channel"), MessageRow.role == "user")
    .order_by(MessageRow.id.desc())
    .limit(1)
)
BY_CLIENT_ID = select(MessageRow).where(
    MessageRow.author_user_id == bindparam("user"), MessageRow.client_id == bindparam("client_id")
)
# What a person sends may be files alone.
HISTORY = (
    SHOWN.with_only_columns(
        MessageRow.role,
        MessageRow.author_name,
        MessageRow.body,
        MessageRow.tool_calls,
        MessageRow.attachments,
    )
    .where(MessageRow.channel_id == bindparam("channel"), MessageRow.id <= bindparam("question"))
    .where(MessageRow.status != "streaming", or_(MessageRow.body != "", MessageRow.role == "user"))
    .order_by(MessageRow.id.desc())
    .limit(bindparam("limit"))
)
CHANGE = update(MessageRow).where(MessageRow.id == bindparam("message"))


def page_of_messages(
    session: Session, channel_id: int, limit: int, before: int | None, after: int | None
) -> list[MessageRow]:
    """Up to `limit` messages, ascending: after the id `after`, else the newest before `before`."""
    found = SHOWN.where(MessageRow.channel_id == channel_id)
    if after is not None:
        found = found.where(MessageRow.id > after)
        if before is not None:
            found = found.where(MessageRow.id < before)
        return list(session.scalars(found.order_by(MessageRow.id).limit(limit)))
    if before is not None:
        found = found.where(MessageRow.id < before)
    newest = session.scalars(found.order_by(MessageRow.id.desc()).limit(limit))
    return list(newest)[::-1]


def page_and_next(
    session: Session, channel_id: int, limit: int, before: int | None, after: int | None
) -> tuple[list[MessageRow], int | None]:
    """As `page_of_messages`, and the id from which the next page goes on, None after the last."""
    found = page_of_messages(session, channel_id, limit + 1, before, after)
    if len(found) <= limit:
        return found, None
    if after is not None:
        return found[:limit], found[limit - 1].id
    return found[1:], found[1].id


def newest_question(session: Session, channel_id: int) -> MessageRow | None:
    """The last message that a person wrote in the channel."""
    return session.scalar(NEWEST_QUESTION, {"channel": channel_id})


def message_by_client_id(session: Session, user_id: int, client_id: str) -> MessageRow | None:
    return session.scalar(BY_CLIENT_ID, {"user": user_id, "client_id": client_id})


def history_before(
    session: Session, channel_id: int, question: MessageRow, limit: int
) -> list[tuple[str, str, str, list[dict[str, Any]], list[dict[str, Any]]]]:
    """What the model is to know, as `(role, author, body, tool calls, attachments)`: the last
    messages up to and with `question`, ascending.

    An answer that is still being written, failed without a word or answers this very question
    is not part of it.
    """
    place = {"channel": channel_id, "question": question.id, "limit": limit}
    return [tuple(row) for row in session.connection().execute(HISTORY, place)][::-1]


def update_message(session: Session, message_id: int, **values: Any) -> None:
    """Change a message whose row is not loaded."""
    session.connection().execute(CHANGE, {"message": message_id, **values})


def replace_answers(session: Session, question_id: int, reply_id: int) -> list[int]:
    """Let one answer stand for all earlier answers to the same question; the ids of these."""
    earlier = session.connection().scalars(
        update(MessageRow)
        .where(MessageRow.parent_id == question_id, MessageRow.role == "assistant")
        .where(MessageRow.id < reply_id, ~MessageRow.replaced)
        .values(replaced=True)
        .returning(MessageRow.id)
    )
    return list(earlier)


def search_messages(
    session: Session, user_id: int, words: str, before: int | None, limit: int
) -> list[MessageRow]:
    """Messages that contain each of `words`, in the text or in the name of a file, in the channels
    the person is in, newest first.
    """
    found = SHOWN.where(MessageRow.channel_id.in_(ids_of_channels_of(user_id)))
    for word in words.split():
        is_said = MessageRow.body.icontains(word, autoescape=True)
        found = found.where(or_(is_said, MessageRow.id.in_(ids_of_messages_with_file(word))))
    if before is not None:
        found = found.where(MessageRow.id < before)
    return list(session.scalars(found.order_by(MessageRow.id.desc()).limit(limit)))


def ids_after(session: Session, message: MessageRow, limit: int) -> list[int]:
    """The ids of the messages that follow this one in its channel, ascending."""
    found = SHOWN.where(MessageRow.channel_id == message.channel_id)
    found = found.where(MessageRow.id > message.id).order_by(MessageRow.id).limit(limit)
    return list(session.scalars(found.with_only_columns(MessageRow.id)))


class FeedbackRow(Base):
    """What a person thinks of a message."""

    __tablename__ = "feedback"
    __table_args__ = ()

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    rating: Mapped[str] = mapped_column(String(4))
    comment: Mapped[str | None] = mapped_column(Text)


def feedback_of(
    session: Session, user_id: int, message_ids: Collection[int]
) -> dict[int, FeedbackRow]:
    """What a person thinks of these messages, by the message's id."""
    found = select(FeedbackRow).where(FeedbackRow.user_id == user_id)
    rows = session.scalars(found.where(FeedbackRow.message_id.in_(message_ids)))
    return {row.message_id: row for row in rows}
