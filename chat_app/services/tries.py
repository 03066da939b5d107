"""Trying an agent: one question, in a session that is gone once it is answered.

Its channel has nobody in it, so it is in nobody's list, and nobody but who asked can watch.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from chat_app import access
from chat_app.access import Person
from chat_app.errors import HoldfastError, NoAgent, ServerBusy, ToolDenied, from_code
from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.channels import ChannelRow, delete_left_over
from chat_app.store.messages import MessageRow
from chat_app.store.run_events import StoredEvent
from chat_app.store.runs import RunRow, live_runs_of_channel
from chat_app.streaming import dialects, opening, sse
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.follow import Listener, follow, follow_events
from chat_app.streaming.hangup import Hangup
from chat_app.streaming.opening import Said

TITLE = "Trying an agent"
# What a process that was killed in the midst of a try left behind.
LEFT_OVER = timedelta(hours=1)
ASKS = "tool_approval"
# Inside of JSON there would be a backslash before each quote.
ENDS = b'data: {"type":"error"'


@dataclass(frozen=True)
class Try:
    """An answer under way, and where it is written."""

    run: RunRef
    channel_id: int


@dataclass(frozen=True)
class Tried:
    """What became of it: the text so far, its tool calls, and what ended it early."""

    body: str
    tool_calls: list[dict[str, Any]]
    error: HoldfastError | None


def begin(rt: Runtime, person: Person, agent_ref: str | int, question: str) -> Try:
    """Ask the agent. Whoever begins must see it through, with `stream` or `answer`.

    Raises `AgentNotFound`, `AccessDenied`, `NoMessage`, `MessageTooLong`, `NoAgent`,
    `ProviderNotConfigured`, `ServerBusy`.
    """
    opening.check_body(question, "question")
    rt.engine.check_room()
    with rt.db.transaction() as session:
        agent = access.agent(session, person, agent_ref)
        person.must_manage(agent.workspace_id)
        if not agent.enabled:
            raise NoAgent("The agent is switched off. Switch it on to try it.")
        if agent.is_remote:
            raise NoAgent("It answers by a run of its project: start one there to try it.")
        opening.check_agent(agent)
        delete_left_over(session, TITLE, now() - LEFT_OVER)
        channel = ChannelRow(workspace_id=agent.workspace_id, title=TITLE, agent_id=agent.id)
        session.add(channel)
        session.flush()
        said = Said(person.id, person.name, question)
        started = rt.engine.ask(session, channel, said, agent)
        begun = Try(started.run, channel.id)
    rt.engine.launch(started)
    return begun


def stream(rt: Runtime, tried: Try, line: Hangup, render: Callable[[str], str]) -> Iterator[bytes]:
    """The events of the channel dialect; at the end `{"type": "html", "html"}`, the whole text as
    `render` makes it. Whoever hangs up ends the try.
    """
    try:
        for frames in follow(rt.feeds, tried.run, _dialect, Listener(None, line)):
            yield frames
            if ENDS in frames:
                break  # also where a person is asked: nobody would ever answer
        body, _ = _written(rt, tried)
        yield sse.frame(orjson.dumps({"type": "html", "html": render(body)}).decode())
    finally:
        _forget(rt, tried)


def answer(rt: Runtime, tried: Try) -> Tried:
    """Wait for the end of the try."""
    error: HoldfastError | None = ServerBusy("The server restarts. Try again in a moment.")
    try:
        for event in follow_events(rt.feeds, tried.run):
            if event.type in (ASKS, "error"):
                error = _error(event)
                break
            if event.type == "done":
                error = None
        return Tried(*_written(rt, tried), error)
    finally:
        _forget(rt, tried)


def _dialect(run: RunRef, event: StoredEvent) -> bytes:
    if event.type != ASKS:
        return dialects.channel(run, event)
    told = {"type": "error", **_error(event).as_dict(), "done": True}
    return sse.frame(orjson.dumps(told).decode())


def _error(event: StoredEvent) -> HoldfastError:
    told = orjson.loads(event.data)
    if event.type == ASKS:
        # Nobody is in the channel who could be asked.
        return ToolDenied(
            f"The agent wants to use {told['tool']}, which asks a person first. "
            "Here nobody can be asked: talk to the agent in a channel."
        )
    return from_code(told["error_code"], told["error"])


def _written(rt: Runtime, tried: Try) -> tuple[str, list[dict[str, Any]]]:
    """The text and the tool calls; the run ends with this, if it has not."""
    _stop(rt, tried)
    with rt.db.reading() as session:
        run = session.get(RunRow, tried.run.id)
        reply = session.get(MessageRow, run.reply_id) if run else None
        return (reply.body, list(reply.tool_calls)) if reply else ("", [])


def _stop(rt: Runtime, tried: Try) -> None:
    with rt.db.reading() as session:
        runs = live_runs_of_channel(session, tried.channel_id)
        live = [opening.ref(session, run) for run in runs]
    rt.engine.stop(live)


def _forget(rt: Runtime, tried: Try) -> None:
    _stop(rt, tried)
    with rt.db.transaction() as session:
        channel = session.get(ChannelRow, tried.channel_id)
        if channel is not None:
            session.delete(channel)
