"""The agent-chat dialect: talk to one agent; a session is a channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat_app import access
from chat_app.access import Person
from chat_app.errors import (
    ChannelNotFound,
    Conflict,
    InvalidRequest,
    NoAgent,
    ProviderNotConfigured,
    RunNotFound,
    SessionNotFound,
)
from chat_app.runtime import Runtime
from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelMemberRow, ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import message_by_client_id
from chat_app.store.runs import RunRow, latest_run
from chat_app.store.stats import agent_stats
from chat_app.streaming import dialects, events, opening, replies, sse
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.follow import Listener, follow

TITLE_CHARS = 60


@dataclass(frozen=True)
class Question:
    """What is asked of an agent; without `session_id` in a new session."""

    message: str
    session_id: str | None = None
    client_id: str | None = None


def ask(rt: Runtime, person: Person, agent_ref: str, question: Question) -> RunRef:
    """Store the question, start its answer, and give the run.

    The same `client_id` again gives the first run. Raises `AgentNotFound`, `SessionNotFound`,
    `AccessDenied`, `NoMessage`, `MessageTooLong`, `NoAgent`, `ProviderNotConfigured`,
    `ServerBusy`.
    """
    opening.check_body(question.message, "message")
    rt.engine.check_room()
    try:
        run, is_new = _ask(rt, person, agent_ref, question)
    except Conflict:
        # Another request wrote the same client_id between our look and our insert: now it shows.
        run, is_new = _ask(rt, person, agent_ref, question)
    if is_new:
        rt.engine.launch(run)
    return run


def _ask(rt: Runtime, person: Person, agent_ref: str, question: Question) -> tuple[RunRef, bool]:
    with rt.db.transaction() as session:
        agent = _agent(session, person, agent_ref)
        if (run := _asked_before(session, person, question)) is not None:
            return opening.ref(session, run), False
        if not agent.enabled:
            raise NoAgent("This agent is switched off.")
        if not agent.can_answer:
            raise ProviderNotConfigured
        channel = _session(session, person, agent, question)
        message = opening.write_question(
            session, channel, person.id, person.name, question.message, question.client_id
        )
        return opening.ref(session, opening.open_run(session, channel, message, agent)), True


def _agent(session: Session, person: Person, ref: str) -> AgentRow:
    return access.agent(session, person, access.public(ref) or "")


def _asked_before(session: Session, person: Person, question: Question) -> RunRow | None:
    if question.client_id is None:
        return None
    first = message_by_client_id(session, person.id, question.client_id)
    if first is None:
        return None
    run = latest_run(session, first.id)
    if run is None:
        raise InvalidRequest("This client_id was used elsewhere.", field="client_id")
    return run


def _session(session: Session, person: Person, agent: AgentRow, question: Question) -> ChannelRow:
    if question.session_id is None:
        return _new_session(session, person, agent, question.message)
    try:
        channel = access.channel_by_public_id(session, person, question.session_id)
    except ChannelNotFound as error:
        raise SessionNotFound from error
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


def resume(rt: Runtime, person: Person, agent_ref: str, last_event_id: str) -> RunRef:
    """The run that this cursor names. Raises `AgentNotFound`, `RunNotFound`.

    An EventSource that comes back sends its question again, too: the cursor says it was asked.
    """
    cursor = sse.parse_cursor(last_event_id)
    with rt.db.reading() as session:
        agent = _agent(session, person, agent_ref)
        run = access.run(session, person, cursor.run_id) if cursor else None
        if run is None or run.agent_id != agent.id:
            raise RunNotFound
        return opening.ref(session, run)


def stream(rt: Runtime, run: RunRef, listener: Listener) -> Iterator[bytes]:
    """The run in this dialect."""
    return follow(rt.feeds, run, dialects.agent_chat, listener)


def answer(rt: Runtime, run: RunRef) -> dict[str, Any]:
    """The whole answer in the form of the `done` event, its text as `content`.

    Raises what ended the run where the answer is not whole.
    """
    row, reply = replies.wait_for_reply(rt.db, rt.feeds, run)
    end = events.done(reply.id, row.finish_reason or "stop", row.usage, row.model)
    payload = dialects.agent_chat_payload(run, {"type": "done", **(end.fields or {})})
    return payload | {"content": reply.body}


def stats(rt: Runtime, person: Person, agent_ref: str) -> dict[str, Any]:
    """`{"sessions", "messages", "tokens", "by_day": [{"day", …the same}]}`."""
    with rt.db.reading() as session:
        return agent_stats(session, access.agent(session, person, agent_ref).id)
