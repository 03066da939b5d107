"""Channels and their members."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.api.schemas.base import (
    PAGE_DEFAULT,
    PAGE_MAX,
    AnyText,
    Email,
    Id,
    In,
    Out,
    without_nul,
)

Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(without_nul),
]
ReplyMode = Literal["auto", "mention"]


class ChannelIn(In):
    title: Title = "New channel"
    reply_mode: ReplyMode = "auto"
    agent_id: Id | None = None
    project_id: Id | None = None


class ChannelChanges(In):
    title: Title = ""
    reply_mode: ReplyMode = "auto"
    agent_id: Id | None = None
    project_id: Id | None = None


class ChannelOut(Out):
    id: int
    public_id: str
    title: str
    reply_mode: str
    agent_id: int | None
    project_id: int | None
    created_at: datetime
    updated_at: datetime


class ChannelPage(In):
    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX)
    after: Annotated[AnyText, Field(max_length=100)] | None = None


class ChannelMemberIn(In):
    """A person, by id or by address."""

    user_id: Id | None = None
    email: Email | None = None
