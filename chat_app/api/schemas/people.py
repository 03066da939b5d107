"""Workspaces, their people, and invitations into them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from chat_app.api.schemas.auth import Password
from chat_app.api.schemas.base import AnyText, Email, Id, In, Line, Out

Role = Annotated[AnyText, Field(max_length=10)]
Secret = Annotated[AnyText, Field(min_length=1, max_length=100)]


class WorkspaceOut(Out):
    id: int
    public_id: str
    name: str
    role: str | None = None


class RoleIn(In):
    role: Role


class InvitationIn(In):
    workspace_id: Id | None = None
    role: Role = "member"
    days: int = 7
    uses: int = 1


class OfWorkspace(In):
    workspace_id: Id | None = None


class InvitationOut(Out):
    id: int
    workspace_id: int
    role: str
    uses: int
    uses_max: int
    created_at: datetime
    expires_at: datetime


class InvitedOut(Out):
    workspace: str
    by: str | None
    role: str
    expires_at: datetime


class SecretIn(In):
    secret: Secret


class RegisterInvitedIn(In):
    secret: Secret
    email: Email
    password: Password
    name: Line | None = None
