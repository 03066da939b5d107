"""Remote runs of a project."""

from datetime import datetime

from pydantic import Field

from chat_app.api.schemas.base import PAGE_DEFAULT, PAGE_MAX, AnyText, Id, In, Out


class SpecIn(In):
    spec: AnyText | None = None


class RunsPage(In):
    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MAX)
    before: Id | None = None


class RemoteRunOut(Out):
    run_id: str
    project_id: int
    status: str
    task_id: str | None
    thread_id: str
    spec: str
    result: str | None
    error: str | None
    error_code: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
