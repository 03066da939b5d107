"""A run's past: its journal while that is kept, then what the stored reply tells of it."""

from collections.abc import Iterator

from chat_app.errors import from_code
from chat_app.store.agents import AgentRow
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow
from chat_app.store.remote_tasks import RemoteTaskRow
from chat_app.store.run_events import StoredEvent, events_after
from chat_app.store.runs import RunRow
from chat_app.streaming import events, task_events
from chat_app.streaming.events import Event


def past(session: Session, run_id: int) -> tuple[list[StoredEvent], bool]:
    """The events of a run so far, and whether they are a shorter telling of a deleted journal."""
    kept = events_after(session, run_id, 0)
    if kept:
        return kept, False
    run = session.get(RunRow, run_id)
    if run is None:
        return [], False
    told = events.fold(_told(session, run))
    return [StoredEvent(run_id, seq, *event) for seq, event in enumerate(told, 1)], True


def _told(session: Session, run: RunRow) -> list[Event]:
    reply = session.get_one(MessageRow, run.reply_id)
    agent = session.get(AgentRow, run.agent_id) if run.agent_id else None
    session_id = session.get_one(ChannelRow, run.channel_id).public_id
    first = events.start(
        run.public_id, run.channel_id, session_id, events.about(agent), run.question_id
    )
    log = [task_events.forgotten()] if session.get(RemoteTaskRow, run.id) else []
    return [first, *log, *_answer(reply), _end(run, reply)]


def _answer(reply: MessageRow) -> Iterator[Event]:
    """Its text, with each round's tool calls where they were made."""
    at = 0
    for call in reply.tool_calls:
        if call["at"] > at:
            yield Event("chunk", reply.body[at : call["at"]])
            at = call["at"]
        told = {key: call[key] for key in ("call_id", "tool", "server", "args")}
        yield events.tool_call(**told)
        result = {key: call[key] for key in call if key not in ("args", "at", "round")}
        yield Event("tool_result", fields=result | {"result": call["result"] or ""})
    if at < len(reply.body):
        yield Event("chunk", reply.body[at:])


def _end(run: RunRow, reply: MessageRow) -> Event:
    if run.error_code is None:
        return events.done(reply.id, run.finish_reason or "stop", run.usage, run.model)
    error = from_code(run.error_code, run.error).as_dict()
    return events.failure(error, reply.id if reply.body else None)
