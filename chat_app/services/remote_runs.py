"""Remote runs: what a project's AI server is asked to do; started, listed, followed, stopped.

The people of a project see all its runs, whichever channel one was asked for in.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import AccessDenied, InvalidRequest, ProjectNotFound, RunNotFound, from_code
from chat_app.runtime import Runtime
from chat_app.store.channels import ChannelMemberRow, ChannelRow, is_in_channel
from chat_app.store.db import Session
from chat_app.store.projects import ProjectRow, lock_project, people_in_project
from chat_app.store.remote_tasks import (
    RemoteTaskRow,
    askers_of,
    remote_runs_of_project,
    results_of,
    run_of_project,
    tasks_of,
)
from chat_app.store.runs import RunRow
from chat_app.streaming import dialects, opening
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.feeds import Feed
from chat_app.streaming.follow import Listener, follow
from chat_app.streaming.opening import Said
from chat_app.streaming.running import Started

# An AI server has 10 s to say that it is well, and 10 s to begin.
START_WAIT_S = 25.0
STATUSES = {
    "queued": "RUNNING",
    "running": "RUNNING",
    "done": "DONE",
    "cancelled": "STOPPED",
    "failed": "FAILED",
    "interrupted": "FAILED",
}


@dataclass(frozen=True)
class RemoteRun:
    """A run as a project has it. `run_id` is its public id, `thread_id` its channel's.

    `result` is what the task gave, None while it runs and where it gave nothing.
    """

    run_id: str
    project_id: int
    status: str
    task_id: str | None
    thread_id: str
    spec: str
    asked_by: str
    result: str | None
    error: str | None
    error_code: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.status == "RUNNING"


def start(rt: Runtime, person: Person, ref: str | int, spec: str | None = None) -> RemoteRun:
    """Have the project's AI server do something: `spec`, or what the project's own says.

    Comes back once the task has begun. Raises `ProjectNotFound`, `AccessDenied`,
    `ProjectNotReady`, `InvalidRequest` for no spec, `MessageTooLong`, `AIServerUnavailable`,
    `ServerBusy`.
    """
    rt.engine.check_room()
    with rt.db.transaction() as session:
        project = _locked(session, person, ref)
        said = _said(person, project.spec if spec is None else spec)
        channel = _thread(session, person, project)
        started = rt.engine.ask_elsewhere(session, channel, said, project)
    return _begun(rt, started, project.id)


def resume(
    rt: Runtime, person: Person, ref: str | int, run_ref: str, spec: str | None = None
) -> RemoteRun:
    """A new run in the thread of one that was, of its spec unless another is given.

    Raises what `start` does, and `RunNotFound`.
    """
    rt.engine.check_room()
    with rt.db.transaction() as session:
        project = _locked(session, person, ref)
        run = _run(session, project, run_ref)
        task = session.get_one(RemoteTaskRow, run.id)
        channel = session.get_one(ChannelRow, run.channel_id)
        if channel.project_id == project.id:
            _let_in(session, channel, person.id)
        elif not is_in_channel(session, channel.id, person.id):
            raise AccessDenied("This was asked for in a channel that you are not in.")
        said = _said(person, task.spec if spec is None else spec)
        started = rt.engine.ask_elsewhere(session, channel, said, project)
    return _begun(rt, started, project.id)


def reset(rt: Runtime, person: Person, ref: str | int) -> tuple[ProjectRow, ChannelRow]:
    """Let the next run begin a new thread; the old one stays as it is.

    Gives the project and the new thread. Raises `ProjectNotFound`, `AccessDenied`.
    """
    with rt.db.transaction() as session:
        project = _locked(session, person, ref)
        return project, _new_thread(session, person, project)


def list_runs(
    rt: Runtime, person: Person, ref: str | int, before: int | None, limit: int
) -> tuple[list[RemoteRun], int | None]:
    """A page of a project's runs, newest first, and what the next page is `before`.

    Raises `ProjectNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        project = access.project(session, person, ref)
        found = remote_runs_of_project(session, project.id, before, limit + 1)
        page = found[:limit]
        return _shown(session, project.id, page), page[-1].id if len(found) > limit else None


def get(rt: Runtime, person: Person, ref: str | int, run_ref: str) -> RemoteRun:
    """Raises `ProjectNotFound`, `AccessDenied`, `RunNotFound`."""
    with rt.db.reading() as session:
        project = access.project(session, person, ref)
        run = _run(session, project, run_ref)
        return _shown(session, project.id, [run])[0]


def stop(rt: Runtime, person: Person, ref: str | int, run_ref: str) -> RemoteRun:
    """Stop a run, here and on the AI server; its log is kept. One that has ended stays as it is.

    Comes back once it has ended, or soon. Raises `ProjectNotFound`, `AccessDenied`, `RunNotFound`.
    """
    with rt.db.reading() as session:
        project = access.project(session, person, ref)
        person.must_write(project.workspace_id)
        run = _run(session, project, run_ref)
        live = [opening.ref(session, run)] if run.is_live else []
    rt.engine.stop(live)
    return get(rt, person, ref, run_ref)


def stream(
    rt: Runtime, person: Person, ref: str | int, run_ref: str, listener: Listener
) -> Iterator[bytes]:
    """The log of a run, from its beginning or where the listener was, until its end.

    Raises `ProjectNotFound`, `AccessDenied`, `RunNotFound`.
    """
    with rt.db.reading() as session:
        run = _run(session, access.project(session, person, ref), run_ref)
        place = opening.ref(session, run)
    return follow(rt.feeds, place, dialects.log, listener)


def health(
    rt: Runtime, person: Person, ref: str | int, answer_s: float | None = None
) -> dict[str, Any]:
    """What the project's AI server says of itself now, within `answer_s` where that is less than
    it would have otherwise.

    Raises `ProjectNotFound`, `AccessDenied`, `AIServerUnavailable`.
    """
    with rt.db.reading() as session:
        project = access.project(session, person, ref)
    return rt.ai_servers.health(rt.planner.ai_server(project), answer_s)


def _locked(session: Session, person: Person, ref: str | int) -> ProjectRow:
    """The project, which nobody else starts anything in meanwhile."""
    project = access.project(session, person, ref)
    person.must_write(project.workspace_id)
    locked = lock_project(session, project.id)
    if locked is None:
        raise ProjectNotFound
    return locked


def _run(session: Session, project: ProjectRow, ref: str) -> RunRow:
    public_id = access.public(ref)
    run = run_of_project(session, project.id, public_id) if public_id else None
    if run is None:
        raise RunNotFound
    return run


def _said(person: Person, spec: str) -> Said:
    if not spec.strip():
        raise InvalidRequest("Say what is to be done: the project has no spec.", field="spec")
    opening.check_body(spec, "spec")
    return Said(person.id, person.name, spec)


def _thread(session: Session, person: Person, project: ProjectRow) -> ChannelRow:
    """The channel in which the project's runs are asked for now."""
    thread_id = project.thread_channel_id
    channel = session.get(ChannelRow, thread_id) if thread_id is not None else None
    if channel is None:
        return _new_thread(session, person, project)
    _let_in(session, channel, person.id)
    return channel


def _new_thread(session: Session, person: Person, project: ProjectRow) -> ChannelRow:
    channel = ChannelRow(
        workspace_id=project.workspace_id,
        title=project.name,
        reply_mode="mention",
        project_id=project.id,
    )
    session.add(channel)
    session.flush()
    members = {member.id for member in people_in_project(session, project.id)}
    for user_id in members | {project.owner_id, person.id}:
        _let_in(session, channel, user_id)
    project.thread_channel_id = channel.id
    return channel


def _let_in(session: Session, channel: ChannelRow, user_id: int) -> None:
    if not is_in_channel(session, channel.id, user_id):
        session.add(ChannelMemberRow(channel_id=channel.id, user_id=user_id))


def _begun(rt: Runtime, started: Started, project_id: int) -> RemoteRun:
    """Launch it, and wait until the AI server has begun. Raises why it did not."""
    rt.engine.launch(started)
    has_begun = _wait_for_task(rt, started.run)
    with rt.db.reading() as session:
        run = session.get(RunRow, started.run.id)
        if run is None:
            raise RunNotFound  # its channel was deleted meanwhile
        if run.error_code is not None and not has_begun:
            raise from_code(run.error_code, run.error, run_id=run.public_id)
        return _shown(session, project_id, [run])[0]


def _wait_for_task(rt: Runtime, run: RunRef) -> bool:
    deadline = time.monotonic() + START_WAIT_S
    with rt.feeds.watching(run) as feed:
        while not (feed.has_ended or feed.is_deleted or rt.feeds.is_closing):
            left = deadline - time.monotonic()
            if left <= 0 or _has_begun(feed):
                break
            feed.wait(feed.last_seq, left)
        return _has_begun(feed)


def _has_begun(feed: Feed) -> bool:
    return feed.dropped_to > 0 or any(event.type == "task" for event in feed.events)


def _shown(session: Session, project_id: int, runs: list[RunRow]) -> list[RemoteRun]:
    """These runs, each of which has a task."""
    ids = [run.id for run in runs]
    tasks, askers = tasks_of(session, ids), askers_of(session, ids)
    results = results_of(session, [run.id for run in runs if not run.is_live])
    return [
        _as_remote(project_id, run, tasks[run.id], askers[run.id], results.get(run.id))
        for run in runs
    ]


def _as_remote(
    project_id: int, run: RunRow, task: RemoteTaskRow, asked_by: str, result: str | None
) -> RemoteRun:
    return RemoteRun(
        run_id=run.public_id,
        project_id=project_id,
        status=STATUSES[run.status],
        task_id=task.task_id,
        thread_id=task.thread_id,
        spec=task.spec,
        asked_by=asked_by,
        result=result or None,
        error=run.error,
        error_code=run.error_code,
        created_at=run.created_at,
        started_at=task.asked_at,
        finished_at=run.finished_at,
    )
