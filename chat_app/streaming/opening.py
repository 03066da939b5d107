"""Opens a run: who answers, and the rows that make it exactly one answer.

Everything here happens in the caller's transaction, so a question is stored with its run or not
at all.
"""

import re

from chat_app.errors import MessageTooLong, NoAgent, NoMessage, ProviderNotConfigured
from chat_app.store.agents import AgentRow, agent_by_handle
from chat_app.store.channel_events import note
from chat_app.store.channels import ChannelRow, take_seqs
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.run_events import StoredEvent, append_events
from chat_app.store.runs import RunRow
from chat_app.streaming import events
from chat_app.streaming.dialects import RunRef

BODY_MAX_CHARS = 64_000

# A handle after an @ that does not belong to a word or an address before it.
_MENTION = re.compile(r"(?<![\w@.])@([\w-]{1,40})", re.UNICODE)


def agent_for(session: Session, channel: ChannelRow, body: str) -> AgentRow:
    """The agent that is to answer `body`: the first one mentioned, else the channel's own.

    Raises `NoAgent` when there is none, `ProviderNotConfigured` when it has no model to ask.
    """
    agent = _mentioned(session, channel, body)
    if agent is None and channel.reply_mode == "auto":
        agent = channel.agent
    if agent is None:
        raise NoAgent
    check_agent(agent)
    return agent


def check_agent(agent: AgentRow) -> None:
    """Raises `NoAgent` when it is switched off, `ProviderNotConfigured` without a model."""
    if not agent.enabled:
        raise NoAgent
    if not agent.can_answer:
        raise ProviderNotConfigured


def _mentioned(session: Session, channel: ChannelRow, body: str) -> AgentRow | None:
    for handle in _MENTION.findall(body):
        agent = agent_by_handle(session, channel.workspace_id, handle)
        if agent is not None and agent.enabled:
            return agent
    return None


def check_body(body: str, field: str = "body") -> None:
    """Raises `NoMessage` for nothing but space, `MessageTooLong`."""
    if not body.strip():
        raise NoMessage("The message is empty.", field=field)
    if len(body) > BODY_MAX_CHARS:
        raise MessageTooLong(f"A message has at most {BODY_MAX_CHARS:,} characters.", field=field)


def write_question(
    session: Session,
    channel: ChannelRow,
    user_id: int,
    user_name: str,
    body: str,
    client_id: str | None,
) -> MessageRow:
    """Store what a person said. Raises `Conflict` when the person used this `client_id` before."""
    message = MessageRow(
        channel_id=channel.id,
        seq=take_seqs(session, channel.id, 1),
        role="user",
        author_user_id=user_id,
        author_name=user_name,
        body=body,
        client_id=client_id,
    )
    session.add(message)
    session.flush()
    note(session, channel.id, message)
    return message


def write_greeting(session: Session, channel: ChannelRow, agent: AgentRow) -> None:
    """Let the agent speak first."""
    session.add(
        MessageRow(
            channel_id=channel.id,
            seq=take_seqs(session, channel.id, 1),
            role="assistant",
            author_agent_id=agent.id,
            author_name=agent.name,
            body=agent.greeting,
        )
    )


def open_run(
    session: Session,
    channel: ChannelRow,
    question: MessageRow,
    agent: AgentRow,
    generation: int = 1,
) -> RunRow:
    """Write the run, its empty reply and its first event. Raises `Conflict` on a second one."""
    reply = MessageRow(
        channel_id=channel.id,
        seq=take_seqs(session, channel.id, 1),
        role="assistant",
        author_agent_id=agent.id,
        author_name=agent.name,
        status="streaming",
        model=agent.effective_model,
        parent_id=question.id,
    )
    session.add(reply)
    session.flush()
    run = RunRow(
        channel_id=channel.id,
        agent_id=agent.id,
        question_id=question.id,
        reply_id=reply.id,
        generation=generation,
        model=agent.effective_model,
    )
    session.add(run)
    session.flush()
    first = events.start(run.public_id, channel.id, events.about(agent), question.id)
    append_events(session.connection(), [StoredEvent(run.id, 1, *events.encode(first))])
    note(session, channel.id, reply, run)
    return run


def ref(session: Session, run: RunRow) -> RunRef:
    """The ids that the run's streams speak of."""
    channel = session.get_one(ChannelRow, run.channel_id)
    question = session.get_one(MessageRow, run.question_id)
    reply = session.get_one(MessageRow, run.reply_id)
    return RunRef(run.id, run.public_id, channel.public_id, question.public_id, reply.public_id)
