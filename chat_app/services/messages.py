"""Messages: reading, posting, changing them, and asking for another answer."""

from collections.abc import Collection
from dataclasses import dataclass

from chat_app import access
from chat_app.access import Person
from chat_app.errors import (
    AccessDenied,
    AnswerError,
    Conflict,
    InvalidRequest,
    NoMessage,
)
from chat_app.runtime import Runtime
from chat_app.store import messages
from chat_app.store.agents import AgentRow
from chat_app.store.attachments import delete_attachments_of
from chat_app.store.base import now
from chat_app.store.channel_events import note
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import FeedbackRow
from chat_app.store.messages import MessageRow as MessageRow
from chat_app.store.run_events import delete_journal_of
from chat_app.store.runs import latest_run, live_runs_of_message
from chat_app.streaming import opening, replies
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.opening import Said
from chat_app.streaming.running import Started

PAGE_MAX = 200


@dataclass(frozen=True)
class Draft:
    """A message on its way in. `reply` is `auto`, `none` or `wait`; `attachments` are ids of files
    that its author has uploaded and not sent.
    """

    body: str
    client_id: str | None = None
    reply: str = "auto"
    attachments: tuple[int, ...] = ()


@dataclass(frozen=True)
class Posted:
    """A stored message, the run that answers it, and whether it was new."""

    message: MessageRow
    run: RunRef | None
    is_new: bool
    refusal: AnswerError | None = None  # why no agent answers
    started: Started | None = None


def page(
    rt: Runtime, person: Person, ref: str | int, limit: int, before: int | None, after: int | None
) -> tuple[list[MessageRow], int | None]:
    """A channel's messages, ascending, and the id from which the next page goes on.

    Raises `ChannelNotFound`, `AccessDenied`.
    """
    with rt.db.reading() as session:
        channel = access.channel(session, person, ref)
        return messages.page_and_next(session, channel.id, limit, before, after)


def get(rt: Runtime, person: Person, ref: str | int) -> MessageRow:
    """Raises `MessageNotFound`."""
    with rt.db.reading() as session:
        return access.message(session, person, ref)


def post(rt: Runtime, person: Person, ref: str | int, draft: Draft) -> Posted:
    """Store a message and, unless it wants none, start its answer in the background.

    The same `client_id` again writes nothing and gives the first message. Raises
    `ChannelNotFound`, `AccessDenied`, `NoMessage`, `MessageTooLong`, `InvalidRequest` for files
    that cannot be sent, `Conflict`, `ServerBusy`.
    """
    opening.check_body(draft.body, files=len(draft.attachments))
    rt.engine.check_room()
    try:
        posted = _post(rt, person, ref, draft)
    except Conflict:
        # Another request wrote the same client_id between our look and our insert: now it shows.
        posted = _post(rt, person, ref, draft)
    if posted.started is not None:
        rt.engine.launch(posted.started)
    return posted


def reply_to(rt: Runtime, posted: Posted) -> MessageRow | None:
    """The reply, once it is there; None where none was asked for.

    Raises why no agent answers, or what ended the run where the answer is not whole; the error
    carries `message_id`, the stored question.
    """
    if posted.refusal is not None:
        posted.refusal.fields["message_id"] = posted.message.id
        raise posted.refusal
    return replies.wait_for_reply(rt.db, rt.feeds, posted.run)[1] if posted.run else None


def _post(rt: Runtime, person: Person, ref: str | int, draft: Draft) -> Posted:
    with rt.db.transaction() as session:
        channel = access.channel(session, person, ref)
        person.must_write(channel.workspace_id)
        if (first := _posted_before(session, person, channel, draft)) is not None:
            if (run := latest_run(session, first.id)) is not None:
                return Posted(first, opening.ref(session, run), is_new=False)
            return Posted(first, None, is_new=False, refusal=_answerer(session, channel, draft)[1])
        agent, refusal = _answerer(session, channel, draft)
        said = Said(person.id, person.name, draft.body, draft.client_id, draft.attachments)
        if agent is None:
            message = opening.tell(session, channel, said)
            return Posted(message, None, is_new=True, refusal=refusal)
        started = rt.engine.ask(session, channel, said, agent)
        message = session.get_one(MessageRow, started.row.question_id)
        return Posted(message, started.run, is_new=True, started=started)


def _answerer(
    session: Session, channel: ChannelRow, draft: Draft
) -> tuple[AgentRow | None, AnswerError | None]:
    """Who is to answer, or why nobody does."""
    if draft.reply == "none":
        return None, None
    try:
        return opening.agent_for(session, channel, draft.body), None
    except AnswerError as refusal:
        return None, refusal


def _posted_before(
    session: Session, person: Person, channel: ChannelRow, draft: Draft
) -> MessageRow | None:
    if draft.client_id is None:
        return None
    first = messages.message_by_client_id(session, person.id, draft.client_id)
    if first is not None and first.channel_id != channel.id:
        raise InvalidRequest("This client_id was used in another channel.", field="client_id")
    return first


def edit(rt: Runtime, person: Person, ref: str | int, body: str) -> MessageRow:
    """Change one's own message. Raises `MessageNotFound`, `AccessDenied`, `NoMessage`, …"""
    with rt.db.transaction() as session:
        message = _own(session, person, ref)
        opening.check_body(body, files=len(message.attachments))
        message.body = body
        message.edited_at = now()
        note(session, message.channel_id, ("message", message.id))
        return message


def ask_anew(rt: Runtime, person: Person, ref: str | int, body: str) -> MessageRow:
    """Change one's own question and have it answered anew, or do nothing at all.

    Where no agent is to answer it is only changed. Raises what `edit` does, and `Conflict` while
    an answer to it is being written.
    """
    rt.engine.check_room()
    with rt.db.transaction() as session:
        question = _own(session, person, ref)
        opening.check_body(body, files=len(question.attachments))
        question.body, question.edited_at = body, now()
        note(session, question.channel_id, ("message", question.id))
        generation = _next_generation(session, question)
        channel = session.get_one(ChannelRow, question.channel_id)
        try:
            agent = opening.agent_for(session, channel, body)
        except AnswerError:
            return question
        started = rt.engine.ask_again(session, channel, question, person.id, agent, generation)
    rt.engine.launch(started)
    return question


def delete(rt: Runtime, person: Person, ref: str | int) -> None:
    """Take a message back; its answer, if one is being written, is stopped.

    People delete their own messages; those who run the workspace, all. Raises `MessageNotFound`,
    `AccessDenied`.
    """
    with rt.db.reading() as session:
        message = _deletable(session, person, ref)
        live = [opening.ref(session, run) for run in live_runs_of_message(session, message.id)]
    rt.engine.stop(live)
    with rt.db.transaction() as session:
        message = _deletable(session, person, ref)
        message.body, message.attachments = "", []
        message.deleted_at = now()
        delete_attachments_of(session, message.id)
        delete_journal_of(session, message.id)
        note(session, message.channel_id, ("message", message.id))


def regenerate(rt: Runtime, person: Person, ref: str | int) -> tuple[MessageRow, RunRef]:
    """Answer a question anew; `ref` is the question or one of its answers.

    The old answer stands until the new one is whole. Raises `MessageNotFound`, `AccessDenied`,
    `NoMessage`, `NoAgent`, `ProviderNotConfigured`, `Conflict` while an answer is being written.
    """
    rt.engine.check_room()
    with rt.db.transaction() as session:
        message = access.message(session, person, ref)
        question = _question_of(session, message)
        channel = session.get_one(ChannelRow, message.channel_id)
        person.must_write(channel.workspace_id)
        agent = opening.agent_for(session, channel, question.body)
        generation = _next_generation(session, question)
        started = rt.engine.ask_again(session, channel, question, person.id, agent, generation)
    rt.engine.launch(started)
    return question, started.run


def give_feedback(
    rt: Runtime, person: Person, ref: str | int, rating: str | None, comment: str | None
) -> None:
    """Say what one thinks of a message; `rating` None takes it back.

    Raises `MessageNotFound`, `AccessDenied`.
    """
    with rt.db.transaction() as session:
        message = access.message(session, person, ref)
        person.must_write(session.get_one(ChannelRow, message.channel_id).workspace_id)
        given = session.get(FeedbackRow, (message.id, person.id))
        if rating is None:
            if given is not None:
                session.delete(given)
            return
        given = given or FeedbackRow(message_id=message.id, user_id=person.id)
        given.rating, given.comment = rating, comment
        session.add(given)


def feedback(rt: Runtime, person: Person, ids: Collection[int]) -> dict[int, FeedbackRow]:
    """What the person thinks of these messages, by the message's id; theirs alone."""
    with rt.db.reading() as session:
        return messages.feedback_of(session, person.id, ids)


def changeable(rt: Runtime, person: Person, ref: str | int) -> MessageRow:
    """A message that the person may change. Raises `MessageNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        return _own(session, person, ref)


def deletable(rt: Runtime, person: Person, ref: str | int) -> MessageRow:
    """A message that the person may take back. Raises `MessageNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        return _deletable(session, person, ref)


def followers(
    rt: Runtime, person: Person, ref: str | int, limit: int
) -> tuple[MessageRow, list[int]]:
    """A message, and the ids of those after it, ascending. Raises `MessageNotFound`."""
    with rt.db.reading() as session:
        message = access.message(session, person, ref)
        return message, messages.ids_after(session, message, limit)


def search(
    rt: Runtime, person: Person, words: str, before: int | None, limit: int
) -> tuple[list[MessageRow], int | None]:
    """Messages with these words in the person's channels, newest first, and the next page's id.

    Raises `InvalidRequest` for an empty search.
    """
    if not words.strip():
        raise InvalidRequest("Say what to search for.", field="q")
    with rt.db.reading() as session:
        found = messages.search_messages(session, person.id, words.strip(), before, limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _own(session: Session, person: Person, ref: str | int) -> MessageRow:
    message = access.message(session, person, ref)
    channel = session.get_one(ChannelRow, message.channel_id)
    person.must_write(channel.workspace_id)
    if message.author_user_id != person.id:
        raise AccessDenied("Only its author can change a message.")
    return message


def _deletable(session: Session, person: Person, ref: str | int) -> MessageRow:
    message = access.message(session, person, ref)
    channel = session.get_one(ChannelRow, message.channel_id)
    if message.author_user_id == person.id:
        person.must_write(channel.workspace_id)
    else:
        person.must_manage(channel.workspace_id)
    return message


def _question_of(session: Session, message: MessageRow) -> MessageRow:
    question = message
    if message.role != "user" and message.parent_id is not None:
        question = session.get_one(MessageRow, message.parent_id)
    if question.role != "user" or question.deleted_at is not None:
        raise NoMessage("This is not the answer to a question.")
    return question


def _next_generation(session: Session, question: MessageRow) -> int:
    last = latest_run(session, question.id)
    if last is not None and last.is_live:
        raise Conflict("This is being answered already.")
    return last.generation + 1 if last else 1
