"""Tool servers with an address. What is secret goes in and never comes out; no command does."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.api.schemas.base import AnyText, In, Line, Out

URL_MAX_CHARS = 2_000
KEY_MAX_CHARS = 4_000


def _usual(transport: str) -> str:
    return "http" if transport.startswith("streamable") else transport


# MCP calls it "Streamable HTTP", and clients' settings spell it in all three ways.
Transport = Annotated[
    Literal["http", "streamable-http", "streamable_http", "sse"], AfterValidator(_usual)
]
Url = Annotated[AnyText, StringConstraints(strip_whitespace=True, max_length=URL_MAX_CHARS)]
Key = Annotated[AnyText, Field(max_length=KEY_MAX_CHARS, pattern=r"^[\x21-\x7e]*$")]


class ToolServerChanges(In):
    """The service looks into addresses and headers."""

    name: Line = ""
    transport: Transport = "http"
    url: Url = ""
    api_key: Key | None = None
    headers: dict[str, str] | None = None
    oauth_client_id: Key | None = None
    oauth_client_secret: Key | None = None
    enabled: bool = True


class ToolServerIn(ToolServerChanges):
    name: Line
    url: Url
    # The door says it; who sends it, too, is not refused.
    scope: Literal["system"] = Field("system", exclude=True)


class ProjectToolServerIn(ToolServerChanges):
    name: Line
    url: Url
    scope: Literal["project"] = Field("project", exclude=True)


class ToolServerOut(Out):
    id: int
    name: str
    scope: str
    project_id: int | None
    transport: str
    url: str | None
    has_key: bool
    state: str
    state_message: str | None
    last_sync: datetime | None
    enabled: bool


class ReachedOut(Out):
    ok: bool = True
    tools: int
    state: str
    duration_ms: int
