"""Projects. A token goes in and never comes out."""

from typing import Annotated, Literal

from pydantic import Field

from chat_app.api.schemas.base import AnyText, Email, Id, In, Line, Out

CONTEXT_MAX_CHARS = 32_000
SPEC_MAX_CHARS = 32_000
URL_MAX_CHARS = 2_000
TOKEN_MAX_CHARS = 4_000


class ProjectChanges(In):
    """The service looks into the address; None or "" takes it, or the token, away."""

    name: Line = ""
    context: Annotated[AnyText, Field(max_length=CONTEXT_MAX_CHARS)] = ""
    spec: Annotated[AnyText, Field(max_length=SPEC_MAX_CHARS)] = ""
    backend: Literal["url", "process"] = "url"
    ai_server_url: Annotated[AnyText, Field(max_length=URL_MAX_CHARS)] | None = None
    ai_server_token: (
        Annotated[AnyText, Field(max_length=TOKEN_MAX_CHARS, pattern=r"^[\x21-\x7e]*$")] | None
    ) = None


class ProjectIn(ProjectChanges):
    name: Line


class ProjectOut(Out):
    id: int
    public_id: str
    name: str
    context: str
    spec: str
    backend: str
    ai_server_url: str | None
    has_token: bool
    status: str
    last_error: str | None


class ProjectMemberIn(In):
    """A person, by id or by address."""

    user_id: Id | None = None
    email: Email | None = None
