"""Agents, and talking to one."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.api.schemas.base import AnyText, Id, In, Line, ModelName, Out
from chat_app.api.schemas.messages import ClientId


def _short(handle: str) -> str:
    # Some letters are two when small.
    if len(handle.lower()) > HANDLE_MAX_CHARS:
        raise ValueError("too long")
    return handle.lower()


HANDLE_MAX_CHARS = 40
Handle = Annotated[AnyText, StringConstraints(pattern=r"^[\w-]{1,40}$"), AfterValidator(_short)]
Prompt = Annotated[AnyText, Field(max_length=32_000)]


class AgentChanges(In):
    name: Line = ""
    handle: Handle = ""
    system_prompt: Prompt = ""
    greeting: Prompt = ""
    provider_id: Id | None = None
    model: ModelName | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    is_default: bool = False
    enabled: bool = True
    # An agent's shape has them, so one that was read may be sent back; there are no tools yet.
    tool_server_ids: list[Id] = Field([], max_length=0, exclude=True)
    disabled_tool_ids: list[Id] = Field([], max_length=0, exclude=True)


class AgentIn(AgentChanges):
    name: Line


class AgentOut(Out):
    id: int
    public_id: str
    name: str
    handle: str
    system_prompt: str
    greeting: str
    provider_id: int | None
    model: str | None
    temperature: float | None
    max_tokens: int | None
    tool_server_ids: list[int] = []
    disabled_tool_ids: list[int] = []
    is_default: bool
    enabled: bool


class AskIn(In):
    message: AnyText
    session_id: AnyText | None = None
    stream: bool = True
    client_id: ClientId | None = None


class AskQuery(In):
    message: AnyText = ""
    session_id: AnyText | None = None
    client_id: ClientId | None = None
