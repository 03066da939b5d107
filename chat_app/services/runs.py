"""Runs and the streams that show them."""

from collections.abc import Iterator

from chat_app import access
from chat_app.access import Person
from chat_app.errors import Conflict, NoMessage
from chat_app.runtime import Runtime
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import newest_question
from chat_app.store.run_events import StoredEvent, events_after
from chat_app.store.runs import (
    STATUSES as STATUSES,
)
from chat_app.store.runs import (
    RunRow,
    all_runs,
    latest_run_in,
    live_runs_of_channel,
    run_by_public_id,
)
from chat_app.streaming import dialects, opening, sse, task_events
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.follow import Listener, follow, follow_events
from chat_app.streaming.live import LiveAnswer, live_answer
from chat_app.streaming.replay import past
from chat_app.streaming.running import Started
from chat_app.streaming.sse import Cursor

EVENTS_PAGE_MAX = 1_000


def get(rt: Runtime, person: Person, ref: str) -> RunRow:
    """Raises `RunNotFound`."""
    with rt.db.reading() as session:
        return access.run(session, person, ref)


def list_all(rt: Runtime, person: Person, status: str | None, limit: int) -> list[RunRow]:
    """The runs of the whole installation, newest first. Raises `AccessDenied`."""
    person.must_operate()
    with rt.db.reading() as session:
        return all_runs(session, status, limit)


def watch(rt: Runtime, person: Person, ref: str) -> Iterator[StoredEvent]:
    """A run's events from the first to the last, as they come. Raises `RunNotFound`."""
    with rt.db.reading() as session:
        run = opening.ref(session, access.run(session, person, ref))
    return follow_events(rt.feeds, run)


def events(
    rt: Runtime, person: Person, ref: str, after: int, limit: int
) -> tuple[list[StoredEvent], int | None]:
    """A page of a run's events and the seq after which the next begins. Raises `RunNotFound`."""
    with rt.db.reading() as session:
        run = access.run(session, person, ref)
        kept = events_after(session, run.id, after, limit + 1)
        found = kept or [event for event in past(session, run.id)[0] if event.seq > after]
    shown = [event._replace(data=task_events.shown(event)) for event in found[:limit]]
    return shown, found[limit - 1].seq if len(found) > limit else None


def live_answers(rt: Runtime, person: Person, ref: str | int) -> dict[int, LiveAnswer]:
    """What is being written in a channel, by the id of the reply.

    Raises `ChannelNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        live = live_runs_of_channel(session, access.channel(session, person, ref).id)
        return {run.reply_id: live_answer(session, run) for run in live}


def cancel(rt: Runtime, person: Person, ref: str) -> RunRow:
    """Stop an answer; what was said so far is kept. One that has ended stays as it is.

    Raises `RunNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        run = access.run(session, person, ref)
        person.must_write(session.get_one(ChannelRow, run.channel_id).workspace_id)
        run_ref = opening.ref(session, run)
    if run.is_live:
        rt.engine.cancel(run_ref)
    return run


def stream_of_channel(rt: Runtime, person: Person, ref: str, listener: Listener) -> Iterator[bytes]:
    """The answer to a channel's newest question: joined, replayed, or started.

    A cursor of ours goes on with its own run. Raises `ChannelNotFound`, `AccessDenied`,
    `NoAgent`, `ProviderNotConfigured`, `NoMessage`, `ServerBusy`.
    """
    try:
        found = _run_in_channel(rt, person, ref, listener.last_event_id)
    except Conflict:
        # Another request opened the run between our look and our insert: now there is one.
        found = _run_in_channel(rt, person, ref, listener.last_event_id)
    if isinstance(found, RunRef):
        return follow(rt.feeds, found, dialects.channel, listener)
    rt.engine.launch(found)
    return follow(rt.feeds, found.run, dialects.channel, listener)


def stream_of_run(rt: Runtime, person: Person, ref: str, listener: Listener) -> Iterator[bytes]:
    """One run's events. Raises `RunNotFound`."""
    with rt.db.reading() as session:
        run = opening.ref(session, access.run(session, person, ref))
    return follow(rt.feeds, run, dialects.channel, listener)


def _run_in_channel(
    rt: Runtime, person: Person, ref: str, last_event_id: str | None
) -> Started | RunRef:
    """The run that is there, or one that was opened for it."""
    with rt.db.reading() as session:
        channel = access.channel(session, person, ref)
        run = _run_of_cursor(session, channel, sse.parse_cursor(last_event_id))
        run = run or latest_run_in(session, channel.id)
        if run is not None:
            return opening.ref(session, run)
    rt.engine.check_room()
    with rt.db.transaction() as session:
        return _open_newest(rt, session, person, access.channel(session, person, ref))


def _run_of_cursor(session: Session, channel: ChannelRow, cursor: Cursor | None) -> RunRow | None:
    run = run_by_public_id(session, cursor.run_id) if cursor else None
    return run if run is not None and run.channel_id == channel.id else None


def _open_newest(rt: Runtime, session: Session, person: Person, channel: ChannelRow) -> Started:
    question = newest_question(session, channel.id)
    if question is None and channel.reply_mode == "mention":
        raise NoMessage
    agent = opening.agent_for(session, channel, question.body if question else "")
    if question is None:
        raise NoMessage
    person.must_write(channel.workspace_id)
    return rt.engine.ask_again(session, channel, question, person.id, agent)
