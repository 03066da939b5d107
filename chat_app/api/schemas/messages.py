"""Messages."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, computed_field

from chat_app import markdown
from chat_app.api.schemas.attachments import AttachmentOut
from chat_app.api.schemas.base import PAGE_DEFAULT, PAGE_MAX, AnyText, Id, In, Out
from chat_app.streaming.opening import FILES_MAX

CLIENT_ID_MAX_CHARS = 100

ClientId = Annotated[AnyText, Field(min_length=1, max_length=CLIENT_ID_MAX_CHARS)]


class MessageIn(In):
    body: AnyText
    client_id: ClientId | None = None
    attachments: Annotated[list[Id], Field(max_length=FILES_MAX)] = []
    reply: Literal["auto", "none", "wait"] = "auto"


class MessageChanges(In):
    body: AnyText


def shown_call(call: dict[str, Any]) -> dict[str, Any]:
    """What the API shows of a call; more is stored beside it."""
    always = {name: call.get(name) for name in CALL_FIELDS}
    return always | {name: call[name] for name in CALL_EXTRAS if call.get(name) is not None}


CALL_FIELDS = ("call_id", "tool", "server", "args", "result", "is_error", "duration_ms")
CALL_EXTRAS = ("content", "structured")  # what a tool gave that text does not say
ToolCall = Annotated[dict[str, Any], AfterValidator(shown_call)]


class MessageOut(Out):
    id: int
    public_id: str
    channel_id: int
    seq: int
    role: str
    author: dict[str, Any]
    body: str
    status: str
    error_code: str | None
    attachments: list[AttachmentOut]
    tool_calls: list[ToolCall]
    usage: dict[str, Any] | None
    model: str | None
    created_at: datetime
    parent_id: int | None
    client_id: str | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def html(self) -> str:
        return markdown.render(self.body)


class FeedbackIn(In):
    rating: Literal["up", "down"] | None
    comment: Annotated[AnyText, Field(max_length=2_000)] | None = None


class SearchQuery(In):
    q: Annotated[AnyText, Field(max_length=200)] = ""
    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX)
    before: Id | None = None
