"""Opens a run: who answers, and the rows that make it exactly one answer.

Everything here happens in the caller's transaction, so a question is stored with its run or not
at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chat_app.errors import (
    Conflict,
    InvalidRequest,
    MessageTooLong,
    NoAgent,
    NoMessage,
    ProviderNotConfigured,
)
from chat_app.store.agents import AgentRow, agent_by_handle
from chat_app.store.attachments import send_attachments
from chat_app.store.base import now
from chat_app.store.channel_events import note_from
from chat_app.store.channels import ChannelRow, take_numbers
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.projects import ProjectRow
from chat_app.store.run_events import StoredEvent, append_events
from chat_app.store.runs import RunRow, latest_run, public_ids_of
from chat_app.streaming import events
from chat_app.streaming.dialects import RunRef

BODY_MAX_CHARS = 64_000
FILES_MAX = 10

# A handle after an @ that does not belong to a word or an address before it.
_NOT_LATIN = re.compile(r"[^a-z0-9_-]", re.IGNORECASE | re.ASCII)
_MENTION = re.compile(r"(?<![\w@.])@([\w-]{1,40})", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says, on its way in. `attachments` are ids of files that they uploaded."""

    user_id: int
    user_name: str
    body: str
    client_id: str | None = None
    attachments: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who is to answer: an agent, or for a project nobody in particular."""

    name: str
    agent_id: int | None = None
    public_id: str | None = None
    model: str | None = None

    @classmethod
    def of(cls, agent: AgentRow) -> "Speaker":
        return cls(agent.name, agent.id, agent.public_id, agent.effective_model)

    @classmethod
    def of_project(cls, project: ProjectRow) -> "Speaker":
        """A project speaks under its name."""
        return cls(project.name)

    @property
    def about(self) -> dict[str, Any]:
        """As a `start` event names it."""
        return {"id": self.agent_id, "public_id": self.public_id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that is to answer, as it stands on the lease."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that was just written, with what its process need not read again.

    Without a holder the run waits in the queue.
    """

    row: RunRow
    run: RunRef
    first: StoredEvent


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
    if not agent.enabled or (agent.is_remote and agent.project_id is None):
        raise NoAgent
    if not agent.can_answer:
        raise ProviderNotConfigured


def _mentioned(session: Session, channel: ChannelRow, body: str) -> AgentRow | None:
    for written in _MENTION.findall(body):
        # Chinese and Japanese go on without a space: @helper你好 speaks to helper.
        for handle in dict.fromkeys((written, _NOT_LATIN.split(written, maxsplit=1)[0])):
            agent = agent_by_handle(session, channel.workspace_id, handle) if handle else None
            if agent is not None and agent.enabled:
                return agent
    return None


def check_body(body: str, field: str = "body", files: int = 0) -> None:
    """Raises `NoMessage` for nothing but space, unless there are files; `MessageTooLong`, and
    `InvalidRequest` for too many files.
    """
    check_files(files)
    if not (body.strip() or files):
        raise NoMessage("The message is empty.", field=field)
    if len(body) > BODY_MAX_CHARS:
        raise MessageTooLong(f"A message has at most {BODY_MAX_CHARS:,} characters.", field=field)


def check_files(number: int) -> None:
    """Raises `InvalidRequest` for more than a message may have."""
    if number > FILES_MAX:
        raise InvalidRequest(f"A message has {FILES_MAX} files at most.", field="attachments")


def tell(session: Session, channel: ChannelRow, said: Said) -> MessageRow:
    """Store what a person said and nobody is to answer.

    Raises `Conflict` for a known client_id, `InvalidRequest` for files that cannot be sent.
    """
    seq, change = take_numbers(session, channel.id, messages=1, changes=1)
    message = _said(session, channel, said, seq)
    note_from(session, channel.id, change, ("message", message.id))
    return message


def ask(
    session: Session, channel: ChannelRow, said: Said, speaker: Speaker, holder: Holder | None
) -> Opened:
    """Store what a person said, and the run that answers it. Raises `Conflict` as `tell`."""
    seq, change = take_numbers(session, channel.id, messages=2, changes=3)
    question = _said(session, channel, said, seq)
    opened = _open(session, channel, question, said.user_id, speaker, seq + 1, 1, holder)
    note_from(session, channel.id, change, ("message", question.id), *_changed(opened))
    return opened


def write_greeting(session: Session, channel: ChannelRow, agent: AgentRow) -> None:
    """Let the agent speak first."""
    seq, _ = take_numbers(session, channel.id, messages=1, changes=0)
    session.add(
        MessageRow(
            channel_id=channel.id,
            seq=seq,
            role="assistant",
            author_agent_id=agent.id,
            author_name=agent.name,
            body=agent.greeting,
        )
    )


def ask_again(
    session: Session,
    channel: ChannelRow,
    question: MessageRow,
    user_id: int,
    speaker: Speaker,
    generation: int,
    holder: Holder | None,
) -> Opened:
    """Open a run for a question that is stored, on behalf of who wants it answered.

    Raises `Conflict` on a second of a generation.
    """
    seq, change = take_numbers(session, channel.id, messages=1, changes=2)
    # Looked for with the channel locked: to insert a second one would wait, on PostgreSQL, for
    # the transaction that ends the first, which in turn waits for the channel.
    last = latest_run(session, question.id)
    if last is not None and last.generation >= generation:
        raise Conflict
    opened = _open(session, channel, question, user_id, speaker, seq, generation, holder)
    note_from(session, channel.id, change, *_changed(opened))
    return opened


def _said(session: Session, channel: ChannelRow, said: Said, seq: int) -> MessageRow:
    message = MessageRow(
        channel_id=channel.id,
        seq=seq,
        role="user",
        author_user_id=said.user_id,
        author_name=said.user_name,
        body=said.body,
        client_id=said.client_id,
    )
    session.add(message)
    session.flush()
    if said.attachments:
        message.attachments = _sent(session, channel, said, message)
    # It is looked up again in this transaction, twice; a session alone forgets what nobody holds.
    session.info["question"] = message
    return message


def _sent(
    session: Session, channel: ChannelRow, said: Said, message: MessageRow
) -> list[dict[str, Any]]:
    place = (message.id, channel.workspace_id)
    sent = send_attachments(session, said.user_id, said.attachments, *place)
    if sent is None:
        raise InvalidRequest(
            "A file is not there any more, or was sent already. Attach it again.",
            field="attachments",
        )
    return sent


def _open(
    session: Session,
    channel: ChannelRow,
    question: MessageRow,
    user_id: int,
    speaker: Speaker,
    seq: int,
    generation: int,
    holder: Holder | None,
) -> Opened:
    """The run, its empty reply and its first event."""
    reply = MessageRow(
        channel_id=channel.id,
        seq=seq,
        role="assistant",
        author_agent_id=speaker.agent_id,
        author_name=speaker.name,
        status="streaming",
        model=speaker.model,
        parent_id=question.id,
    )
    session.add(reply)
    session.flush()
    run = RunRow(
        channel_id=channel.id,
        agent_id=speaker.agent_id,
        question_id=question.id,
        reply_id=reply.id,
        user_id=user_id,
        generation=generation,
        model=speaker.model,
    )
    if holder is not None:
        run.status, run.attempt = "running", 1
        run.created_at = run.started_at = now()
        run.owner, run.lease_until = holder.owner, holder.until
    session.add(run)
    session.flush()
    start = events.start(run.public_id, channel.id, channel.public_id, speaker.about, question.id)
    first = StoredEvent(run.id, 1, *events.encode(start))
    append_events(session.connection(), [first])
    ids = (run.public_id, channel.public_id, question.public_id, reply.public_id)
    return Opened(run, RunRef(run.id, *ids), first)


def _changed(opened: Opened) -> list[tuple[str, int]]:
    return [("message", opened.row.reply_id), ("run", opened.row.id)]


def ref(session: Session, run: RunRow) -> RunRef:
    """The ids that the run's streams speak of."""
    return RunRef(run.id, run.public_id, *public_ids_of(session, run.id))
