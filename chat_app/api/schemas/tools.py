"""Tools."""

from typing import Any, Literal

from chat_app.api.schemas.base import In, Out

Policy = Literal["auto", "ask", "never"]


class ToolChanges(In):
    """`policy` null is the default one; a tool that changed can be agreed to and no more."""

    enabled: bool = True
    policy: Policy | None = None
    changed: Literal[False] = False


class ToolOut(Out):
    id: int
    server_id: int
    name: str
    description: str
    input_schema: dict[str, Any]
    annotations: dict[str, Any]
    enabled: bool
    policy: str
    changed: bool
