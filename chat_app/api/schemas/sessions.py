"""Sessions."""

from typing import Annotated, Literal

from pydantic import Field

from chat_app.api.schemas.base import AnyText, In
from chat_app.api.schemas.messages import ClientId


class SessionQuery(In):
    message: AnyText = ""
    session_id: str | None = None
    agent: Annotated[AnyText, Field(max_length=50)] | None = None
    client_id: ClientId | None = None


class AfterMessageIn(In):
    """The first frame on a socket, from who has messages."""

    last_message_id: Annotated[int, Field(ge=0, lt=2**63)] | None


class AfterEventIn(In):
    """The first frame on a socket, from who was in the midst of an answer."""

    last_event_id: AnyText | None


class SayIn(In):
    message: AnyText
    client_id: ClientId | None = None


class CancelIn(In):
    cancel: Literal[True]
