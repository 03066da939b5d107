"""Agents, and talking to one."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.api.schemas.base import AnyText, Id, In, Line, ModelName, Out
from chat_app.api.schemas.messages import ClientId
from chat_app.api.schemas.tools import Policy


def _short(handle: str) -> str:
    # Some letters are two when small.
    if len(handle.lower()) > HANDLE_MAX_CHARS:
        raise ValueError("too long")
    return handle.lower()


HANDLE_MAX_CHARS = 40
Handle = Annotated[AnyText, StringConstraints(pattern=r"^[\w-]{1,40}$"), AfterValidator(_short)]
Prompt = Annotated[AnyText, Field(max_length=32_000)]
TOOLS_MAX = 1_000


def _by_tool_id(policies: dict[str, str]) -> dict[str, str]:
    if not all(_TOOL_ID.fullmatch(id) and int(id) < 2**63 for id in policies):
        raise ValueError("a key is not a tool's id")
    return policies


_TOOL_ID = re.compile(r"[1-9][0-9]{0,18}")
ToolPolicies = Annotated[
    dict[str, Policy], Field(max_length=TOOLS_MAX), AfterValidator(_by_tool_id)
]


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
    tool_server_ids: list[Id] = Field([], max_length=TOOLS_MAX)
    disabled_tool_ids: list[Id] = Field([], max_length=TOOLS_MAX)
    tool_policies: ToolPolicies = {}
    kind: Literal["model", "remote"] = "model"
    project_id: Id | None = None


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
    tool_server_ids: list[int]
    disabled_tool_ids: list[int]
    tool_policies: dict[int, str]
    is_default: bool
    enabled: bool
    kind: str
    project_id: int | None


class AskIn(In):
    message: AnyText
    session_id: str | None = None
    stream: bool = True
    client_id: ClientId | None = None


class AskQuery(In):
    message: AnyText = ""
    session_id: str | None = None
    client_id: ClientId | None = None
