"""Reads from the store what a remote run needs, and gives a run its task.

A project does one thing at a time: who opens a task holds the project's row meanwhile, and looks.
"""

from dataclasses import dataclass
from datetime import datetime

from chat_app.errors import (
    AccessDenied,
    NoAgent,
    ProjectNotFound,
    ProjectNotReady,
)
from chat_app.provisioning.addresses import address
from chat_app.remote.values import Address
from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.projects import (
    READY,
    RUNNING,
    ProjectRow,
    is_used_by,
    lock_project,
)
from chat_app.store.remote_tasks import RemoteTaskRow, live_run_of_project
from chat_app.store.runs import RunRow
from chat_app.store.secrets import Cipher
from chat_app.store.users import UserRow
from chat_app.store.workspaces import WorkspaceMemberRow

MANAGERS = ("owner", "admin")
BUSY = "The project is RUNNING: it does one thing at a time."
# Each with its status, so that each can be translated whole.
NOT_READY = {
    "CREATED": "The project is CREATED",
    "PROVISIONING": "The project is PROVISIONING",
    "STOPPED": "The project is STOPPED",
    "FAILED": "The project is FAILED",
}


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """What to follow, and where. Without `task_id` it is to be begun, unless an earlier attempt,
    which asked for that at `asked_at`, has done so.
    """

    address: Address
    spec: str
    thread_id: str
    task_id: str | None
    asked_at: datetime | None


def plan(session: Session, cipher: Cipher, task: RemoteTaskRow) -> RemotePlan:
    """Raises `ProjectNotFound` where the project is gone, `AIServerUnavailable` where it has no
    AI server.
    """
    project = session.get(ProjectRow, task.project_id) if task.project_id is not None else None
    if project is None:
        raise ProjectNotFound("The project was deleted.")
    place = address(project, cipher)
    return RemotePlan(place, task.spec, task.thread_id, task.task_id, task.asked_at)


def task_of(
    session: Session, run: RunRow, channel: ChannelRow, question: MessageRow, agent: AgentRow | None
) -> RemoteTaskRow:
    """The run's task. Where an agent is to answer by one it is opened now, with the question.

    Raises `NoAgent` where there is neither, and what `open_task` raises; `AccessDenied` where who
    asked may not use the agent's project.
    """
    task = session.get(RemoteTaskRow, run.id)
    if task is not None:
        return task
    if agent is None or agent.project_id is None:
        raise NoAgent
    if not may_use(session, agent.project_id, run.user_id):
        raise AccessDenied("This agent works in a project that you may not use.")
    return open_task(session, run, agent.project_id, channel.public_id, question.body)


def open_task(
    session: Session, run: RunRow, project_id: int, thread_id: str, spec: str
) -> RemoteTaskRow:
    """Give a new run its task. Raises `ProjectNotFound`, `ProjectNotReady`."""
    project = lock_project(session, project_id)
    if project is None:
        raise ProjectNotFound
    if project.status != READY:
        raise ProjectNotReady(
            f"{NOT_READY[project.status]}: {project.last_error}"
            if project.last_error
            else f"{NOT_READY[project.status]}.",
            status=project.status,
        )
    busy = live_run_of_project(session, project.id)
    if busy is not None:
        raise ProjectNotReady(BUSY, status=RUNNING, run_id=busy.public_id)
    task = RemoteTaskRow(run_id=run.id, project_id=project.id, thread_id=thread_id, spec=spec)
    session.add(task)
    session.flush()
    return task


def may_use(session: Session, project_id: int, user_id: int | None) -> bool:
    """Whether somebody may start runs in a project, without a request that could say so."""
    project = session.get(ProjectRow, project_id)
    user = session.get(UserRow, user_id) if user_id is not None else None
    if project is None or user is None or user.is_operator:
        return user is not None and user.is_operator
    place = session.get(WorkspaceMemberRow, (project.workspace_id, user.id))
    if place is None or place.role == "viewer":
        return False
    return is_used_by(session, project, user.id, manages=place.role in MANAGERS)
