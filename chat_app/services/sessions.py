"""Sessions: one question a request, all state in the database. A session is a channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import (
    AgentNotFound,
    Conflict,
    InvalidRequest,
    NoAgent,
)
from chat_app.runtime import Runtime
from chat_app.store.agents import AgentRow, agent_by_handle, default_agent
from chat_app.store.channels import ChannelMemberRow, ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow, message_by_client_id, page_of_messages
from chat_app.store.runs import RunRow, latest_run, live_runs_of_channel
from chat_app.store.stats import agent_stats
from chat_app.streaming import dialects, events, opening, replies, sse
from chat_app.streaming.dialects import Dialect, RunRef
from chat_app.streaming.follow import Listener, follow
from chat_app.streaming.live import LiveAnswer, live_answer
from chat_app.streaming.opening import Said
from chat_app.streaming.running import Started

TITLE_CHARS = 60
STATE_MESSAGES = 200


@dataclass(frozen=True)
class State:
    """A session as it is: its newest messages, and the answers under way."""

    channel: ChannelRow
    messages: list[MessageRow]
    live: list[LiveAnswer]


@dataclass(frozen=True)
class Question:
    """What is asked; without `session_id` in a new session.

    `agent` is a public id or a handle; without one the session's own agent answers, in a new
    session the workspace's default.
    """

    message: str
    session_id: str | None = None
    client_id: str | None = None
    agent: str | None = None


def ask(rt: Runtime, person: Person, question: Question) -> RunRef:
    """Store the question, start its answer, and give the run.

    The same `client_id` again gives the first run. Raises `AgentNotFound`, `SessionNotFound`,
    `AccessDenied`, `NoMessage`, `MessageTooLong`, `NoAgent`, `ProviderNotConfigured`,
    `ServerBusy`.
    """
    opening.check_body(question.message, "message")
    rt.engine.check_room()
    try:
        asked = _ask(rt, person, question)
    except Conflict:
        # Another request wrote the same client_id between our look and our insert: now it shows.
        asked = _ask(rt, person, question)
    if isinstance(asked, RunRef):
        return asked
    rt.engine.launch(asked)
    return asked.run


def _ask(rt: Runtime, person: Person, question: Question) -> Started | RunRef:
    """The run that was opened, or the one that answers the same question already."""
    with rt.db.transaction() as session:
        agent = _agent(session, person, question.agent) if question.agent else None
        if (run := _asked_before(session, person, agent, question)) is not None:
            return opening.ref(session, run)
        if question.session_id is not None:
            channel = _open_session(session, person, question.session_id)
            agent = agent or opening.agent_for(session, channel, question.message)
        else:
            agent = agent or _default_agent(session, person)
            channel = _new_session(session, person, agent, question.message)
        opening.check_agent(agent)
        said = Said(person.id, person.name, question.message, question.client_id)
        return rt.engine.ask(session, channel, said, agent)


def _agent(session: Session, person: Person, ref: str) -> AgentRow:
    if access.public(ref) is not None:
        return access.agent(session, person, ref)
    by_handle = agent_by_handle(session, person.home, ref)
    if by_handle is None:
        raise AgentNotFound
    return by_handle


def _default_agent(session: Session, person: Person) -> AgentRow:
    agent = default_agent(session, person.home)
    if agent is None:
        raise NoAgent
    return agent


def _asked_before(
    session: Session, person: Person, agent: AgentRow | None, question: Question
) -> RunRow | None:
    if question.client_id is None:
        return None
    first = message_by_client_id(session, person.id, question.client_id)
    if first is None:
        return None
    channel = access.channel(session, person, first.channel_id)
    run = latest_run(session, first.id)
    is_here = question.session_id in (None, channel.public_id)
    if run is None or not is_here or (agent and agent.id not in (run.agent_id, channel.agent_id)):
        raise InvalidRequest("This client_id was used elsewhere.", field="client_id")
    return run


def _open_session(session: Session, person: Person, session_id: str) -> ChannelRow:
    channel = access.session_channel(session, person, session_id)
    person.must_write(channel.workspace_id)
    return channel


def _new_session(session: Session, person: Person, agent: AgentRow, message: str) -> ChannelRow:
    person.must_write(agent.workspace_id)
    title = " ".join(message.split())[:TITLE_CHARS]
    channel = ChannelRow(workspace_id=agent.workspace_id, title=title, agent_id=agent.id)
    session.add(channel)
    session.flush()
    session.add(ChannelMemberRow(channel_id=channel.id, user_id=person.id))
    if agent.greeting:
        opening.write_greeting(session, channel, agent)
    return channel


def resume(rt: Runtime, person: Person, last_event_id: str) -> RunRef:
    """The run that this cursor names. Raises `RunNotFound`.

    An EventSource that comes back sends its question again, too: the cursor says it was asked.
    """
    cursor = sse.parse_cursor(last_event_id)
    with rt.db.reading() as session:
        run = access.run(session, person, cursor.run_id if cursor else "")
        return opening.ref(session, run)


def stream(rt: Runtime, run: RunRef, dialect: Dialect, listener: Listener) -> Iterator[bytes]:
    """The run in one of the dialects."""
    return follow(rt.feeds, run, dialect, listener)


def cancel(rt: Runtime, person: Person, session_id: str) -> None:
    """Stop all answers under way in a session; what was said so far is kept.

    Raises `SessionNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        channel = _open_session(session, person, session_id)
        live = [opening.ref(session, run) for run in live_runs_of_channel(session, channel.id)]
    for run in live:
        rt.engine.cancel(run)


def answer(rt: Runtime, run: RunRef) -> dict[str, Any]:
    """The whole answer in the form of the `done` event, its text as `content`.

    Raises what ended the run where the answer is not whole.
    """
    row, reply = replies.wait_for_reply(rt.db, rt.feeds, run)
    end = events.done(reply.id, row.finish_reason or "stop", row.usage, row.model)
    payload = dialects.agent_chat_payload(run, {"type": "done", **(end.fields or {})})
    return payload | {"content": reply.body}


def state(rt: Runtime, person: Person, session_id: str) -> State:
    """Everything that a client needs to draw a session anew. Raises `SessionNotFound`,
    `AccessDenied`.
    """
    with rt.db.snapshot() as session:
        channel = access.session_channel(session, person, session_id)
        messages = page_of_messages(session, channel.id, STATE_MESSAGES, None, None)
        live = [live_answer(session, run) for run in live_runs_of_channel(session, channel.id)]
    return State(channel, messages, live)


def stats(rt: Runtime, person: Person, agent_ref: str) -> dict[str, Any]:
    """`{"sessions", "messages", "tokens", "by_day": [{"day", …the same}]}`."""
    with rt.db.reading() as session:
        return agent_stats(session, access.agent(session, person, agent_ref).id)
