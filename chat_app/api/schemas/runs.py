"""Runs."""

from datetime import datetime
from typing import Any

from pydantic import Field

from chat_app.api.schemas.base import AnyText, In, Out


class RunOut(Out):
    id: int
    public_id: str
    channel_id: int
    agent_id: int | None
    question_id: int
    reply_id: int
    generation: int
    status: str
    attempt: int
    error_code: str | None
    error: str | None
    finish_reason: str | None
    usage: dict[str, Any] | None
    model: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class EventsQuery(In):
    after: int = Field(0, ge=0, lt=2**63)
    limit: int = Field(1_000, ge=1, le=1_000)


class ApprovalIn(In):
    approve: bool
    content: dict[AnyText, Any] | None = None
