"""Projects."""

from typing import Annotated

from pydantic import Field

from chat_app.api.schemas.base import AnyText, In, Line, Out

CONTEXT_MAX_CHARS = 32_000


class ProjectChanges(In):
    name: Line = ""
    context: Annotated[AnyText, Field(max_length=CONTEXT_MAX_CHARS)] = ""


class ProjectIn(ProjectChanges):
    name: Line


class ProjectOut(Out):
    id: int
    public_id: str
    name: str
    context: str
    spec: str = ""
    ai_server_url: str | None = None
    status: str = "CREATED"
    last_error: str | None = None
