"""The logs of remote runs, for those who read them: the people of the project, and those in the
channel where the run was asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from chat_app import access
from chat_app.access import Person
from chat_app.errors import AccessDenied, NotFound, RunNotFound
from chat_app.runtime import Runtime
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.projects import ProjectRow
from chat_app.store.remote_tasks import RemoteTaskRow, remote_runs_of_replies
from chat_app.store.run_events import StoredEvent as StoredEvent
from chat_app.store.run_events import events_after
from chat_app.store.runs import RunRow, run_by_public_id
from chat_app.streaming.replay import past

TEXT_PAGE_EVENTS = 500

Row = TypeVar("Row", ChannelRow, ProjectRow)


@dataclass(frozen=True)
class RunSeen:
    """A remote run and its log as far as it is kept, oldest first.

    `project` is None for who may not use it, and where it was deleted; `channel` for who is not in
    it. `result` is what the task gave, empty where it gave nothing or goes on.
    """

    run: RunRow
    task: RemoteTaskRow
    asked_by: str
    result: str
    project: ProjectRow | None
    channel: ChannelRow | None
    may_start: bool
    may_stop: bool
    events: list[StoredEvent]


def see(rt: Runtime, person: Person, ref: str) -> RunSeen:
    """Raises `RunNotFound`."""
    with rt.db.reading() as session:
        run, task, project, channel = _found(session, person, ref)
        result = "" if run.is_live else session.get_one(MessageRow, run.reply_id).body
        may_start = project is not None and person.may_write(project.workspace_id)
        return RunSeen(
            run=run,
            task=task,
            asked_by=session.get_one(MessageRow, run.question_id).author_name,
            result=result,
            project=project,
            channel=channel,
            may_start=may_start,
            may_stop=may_start or (channel is not None and person.may_write(channel.workspace_id)),
            events=past(session, run.id)[0],
        )


def pages(rt: Runtime, person: Person, ref: str) -> Iterator[list[StoredEvent]]:
    """What is kept of a run's journal, a piece at a time. Raises `RunNotFound` at once."""
    with rt.db.reading() as session:
        run = _found(session, person, ref)[0]
        first = events_after(session, run.id, 0, TEXT_PAGE_EVENTS) or past(session, run.id)[0]
    return _pages(rt, run.id, first)


def _pages(rt: Runtime, run_id: int, first: list[StoredEvent]) -> Iterator[list[StoredEvent]]:
    page = first
    while page:
        yield page
        with rt.db.reading() as session:
            page = events_after(session, run_id, page[-1].seq, TEXT_PAGE_EVENTS)


def runs_behind(
    rt: Runtime, person: Person, channel_ref: str | int, reply_ids: list[int]
) -> dict[int, str]:
    """`{id of a reply: public id of the remote run that gave it}`, of replies in this channel.

    Raises `ChannelNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        channel = access.channel(session, person, channel_ref)
        return remote_runs_of_replies(session, channel.id, reply_ids)


def _found(
    session: Session, person: Person, ref: str
) -> tuple[RunRow, RemoteTaskRow, ProjectRow | None, ChannelRow | None]:
    public_id = access.public(ref)
    run = run_by_public_id(session, public_id) if public_id else None
    task = session.get(RemoteTaskRow, run.id) if run is not None else None
    if run is None or task is None:
        raise RunNotFound
    channel = _if_seen(access.channel, session, person, run.channel_id)
    project = _if_seen(access.project, session, person, task.project_id or 0)
    if channel is None and project is None:
        raise RunNotFound
    return run, task, project, channel


def _if_seen(
    look: Callable[[Session, Person, int], Row], session: Session, person: Person, ref: int
) -> Row | None:
    try:
        return look(session, person, ref)
    except (NotFound, AccessDenied):
        return None
