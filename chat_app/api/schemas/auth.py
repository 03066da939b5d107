"""Signing in and up."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from chat_app.api.schemas.base import AnyText, Email, In, Line, Out

Password = Annotated[AnyText, Field(max_length=1_000)]


class LoginIn(In):
    email: Annotated[AnyText, Field(max_length=254)]
    password: Password


class RegisterIn(In):
    email: Email
    password: Password
    name: Line | None = None


class PersonOut(Out):
    id: int
    public_id: str
    email: str
    name: str
    is_operator: bool


class MemberOut(Out):
    id: int
    public_id: str
    email: str
    name: str
    role: str | None = None


class TokenIn(In):
    name: Line
    scopes: list[Annotated[str, Field(max_length=20)]] = Field(["read", "write"], max_length=5)
    days: int | None = None


class TokenOut(Out):
    id: int
    name: str
    scopes: Annotated[list[str], BeforeValidator(str.split)]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
