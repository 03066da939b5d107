"""Sessions."""

from typing import Annotated

from pydantic import Field

from chat_app.api.schemas.base import AnyText, In
from chat_app.api.schemas.messages import ClientId


class SessionQuery(In):
    message: AnyText = ""
    session_id: AnyText | None = None
    agent: Annotated[AnyText, Field(max_length=50)] | None = None
    client_id: ClientId | None = None
