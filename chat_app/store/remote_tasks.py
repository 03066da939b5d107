"""Remote tasks: what a run follows on an AI server. A run that has one is a remote run."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base
from chat_app.store.messages import MessageRow
from chat_app.store.runs import LIVE, RunRow

TASK_ID_MAX_CHARS = 200


class RemoteTaskRow(Base):
    """`thread_id` is what the AI server calls the thread by: the channel's public id.

    `asked_at` is written before the AI server is asked to begin, `task_id` once it said which task
    that is: where the first stands without the second, nobody here knows whether it began.
    """

    __tablename__ = "remote_tasks"
    __table_args__ = (Index("ix_remote_tasks_project_id_run_id", "project_id", "run_id"),)

    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"))
    thread_id: Mapped[str] = mapped_column(String(36))
    spec: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime | None]
    task_id: Mapped[str | None] = mapped_column(String(TASK_ID_MAX_CHARS))


def _runs_of(project_id: int) -> Select[RunRow]:
    mine = RemoteTaskRow.project_id == project_id
    return select(RunRow).join(RemoteTaskRow, RemoteTaskRow.run_id == RunRow.id).where(mine)


def live_run_of_project(session: Session, project_id: int) -> RunRow | None:
    """The run that a project is busy with. Asked with the project locked, none can come."""
    return session.scalar(_runs_of(project_id).where(RunRow.status.in_(LIVE)).limit(1))


def busy_projects(session: Session, project_ids: list[int]) -> set[int]:
    """Those of these projects that have a live remote run."""
    found = select(RemoteTaskRow.project_id).join(RunRow, RunRow.id == RemoteTaskRow.run_id)
    found = found.where(RemoteTaskRow.project_id.in_(project_ids), RunRow.status.in_(LIVE))
    return {project_id for project_id in session.scalars(found) if project_id is not None}


def run_of_project(session: Session, project_id: int, public_id: str) -> RunRow | None:
    return session.scalar(_runs_of(project_id).where(RunRow.public_id == public_id))


def remote_runs_of_project(
    session: Session, project_id: int, before: int | None, limit: int
) -> list[RunRow]:
    """A project's runs, newest first; `before` is the id of the run after which to go on."""
    found = _runs_of(project_id)
    if before is not None:
        found = found.where(RunRow.id < before)
    return list(session.scalars(found.order_by(RunRow.id.desc()).limit(limit)))


def tasks_of(session: Session, run_ids: list[int]) -> dict[int, RemoteTaskRow]:
    """`{run id: its remote task}`."""
    found = select(RemoteTaskRow).where(RemoteTaskRow.run_id.in_(run_ids))
    return {task.run_id: task for task in session.scalars(found)}


def results_of(session: Session, run_ids: list[int]) -> dict[int, str]:
    """`{run id: what its task gave}`, which is what the reply says."""
    found = select(RunRow.id, MessageRow.body).join(MessageRow, MessageRow.id == RunRow.reply_id)
    return dict(list(session.execute(found.where(RunRow.id.in_(run_ids)))))


def known_task_ids(session: Session, thread_id: str) -> set[str]:
    """The ids of the AI server's tasks that runs of this thread follow or followed."""
    found = select(RemoteTaskRow.task_id).where(RemoteTaskRow.thread_id == thread_id)
    return {task_id for task_id in session.scalars(found) if task_id is not None}


def remote_runs_of_replies(
    session: Session, channel_id: int, reply_ids: list[int]
) -> dict[int, str]:
    """`{reply id: public id of its run}`, of those replies in a channel that a task gave."""
    found = select(RunRow.reply_id, RunRow.public_id)
    found = found.join(RemoteTaskRow, RemoteTaskRow.run_id == RunRow.id)
    ours = RunRow.channel_id == channel_id, RunRow.reply_id.in_(reply_ids)
    return dict(list(session.execute(found.where(*ours))))


def askers_of(session: Session, run_ids: list[int]) -> dict[int, str]:
    """`{run id: the name of who asked for it}`."""
    found = select(RunRow.id, MessageRow.author_name)
    found = found.join(MessageRow, MessageRow.id == RunRow.question_id)
    return dict(list(session.execute(found.where(RunRow.id.in_(run_ids)))))
