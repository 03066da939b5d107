"""A session as one socket follows it: what was said, and what is being said, to everyone."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from chat_app import access
from chat_app.access import Person
from chat_app.runtime import Runtime
from chat_app.store.channel_events import Change, changes_after, messages_changed_after, notes_of
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import MessageRow, page_of_messages
from chat_app.store.runs import RunRow, live_runs_of_channel, run_by_public_id, runs_of_channel
from chat_app.streaming import opening, sse, ws
from chat_app.streaming.channel_news import Watch
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.readers import Readers
from chat_app.streaming.websocket import WebSocket

NEWEST_MAX = 200
PAGE = 50
BATCH_MAX = 100
CHECK_EVERY_S = 15.0


@dataclass(frozen=True)
class Returning:
    """What a client has already: messages up to an id, or a run up to an event; or nothing."""

    last_message_id: int | None = None
    last_event_id: str | None = None


Item = bytes | MessageRow  # frames of running answers, and messages as they are now


@dataclass(frozen=True)
class _Start:
    """Where a follower begins: the state of the session at one moment."""

    position: int  # the last change
    newest_message_id: int
    newest_run_id: int
    live: list[RunRef]
    run: RunRef | None  # the one that the client's cursor is about
    after_id: int  # the client has the messages up to this id,
    changed: list[MessageRow]  # but not these, which changed since


class LiveSession:
    """Use it in a `with` block; first `begin`, then `news` again and again.

    `who` gives the person as they are now. It is asked before a message is told and before a run
    is followed, and now and then, so that who is taken out hears no more. Everything here raises
    `Unauthorized`, `SessionNotFound`, `AccessDenied`.
    """

    def __init__(
        self,
        rt: Runtime,
        who: Callable[[], Person],
        session_id: str,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._rt = rt
        self._who = who
        self._check_every_s = check_every_s
        person = who()
        with rt.db.reading() as session:
            channel = access.session_channel(session, person, session_id)
        self.session_id = channel.public_id
        self._channel_id = channel.id
        self._held = ExitStack()
        self._readers = Readers(rt.feeds, ws.event)
        self._late: dict[str, MessageRow] = {}  # answers of which an event is still to come
        self._watch = Watch(0)
        self._position = 0
        self._newest_run_id = 0
        self._check_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._readers.close()
        self._held.close()

    @property
    def is_closing(self) -> bool:
        """The process stops."""
        return self._rt.news.is_closing

    def begin(self, client: Returning) -> Iterator[Item]:
        """What the client missed: the rest of the run it was in, then messages, ascending."""
        start = self._start(client)
        self._position, self._newest_run_id = start.position, start.newest_run_id
        watching = self._rt.news.watching(self._channel_id, start.position)
        self._watch = self._held.enter_context(watching)
        self._check_at = time.monotonic() + self._check_every_s
        if start.run is not None:
            self._readers.add(start.run, client.last_event_id)
            if frames := self._readers.pull():
                yield frames
        for run in start.live:
            if run != start.run:
                self._readers.add(run)
        yield from self._in_time(start.changed)
        yield from self._in_time(self._messages(start))

    def news(self) -> Iterator[Item]:
        """What is new since the last time."""
        if self._has_changes or time.monotonic() >= self._check_at:
            yield from self._changes()
        if frames := self._readers.pull():
            yield frames
        for public_id in self._late.keys() - self._readers.replies:
            yield self._late.pop(public_id)

    def wait(self, socket: WebSocket) -> None:
        """Wait until there may be news, or the client says something."""
        if not (self.is_closing or self._has_changes or self._readers.has_news):
            left = max(0.0, self._check_at - time.monotonic())
            socket.wait([self._watch.bell, *self._readers.bells], left)

    def expect(self, run: RunRef) -> None:
        """The client asked, and this run answers: show it at once. One that has ended, since the
        client asked before, is shown again from its beginning.
        """
        self._check_at = 0.0
        if run.id <= self._newest_run_id:
            self._readers.add(run)

    @property
    def _has_changes(self) -> bool:
        return self._watch.last_seq > self._position

    def _start(self, client: Returning) -> _Start:
        person = self._who()
        with self._rt.db.snapshot() as session:
            channel = access.session_channel(session, person, self.session_id)
            newest = page_of_messages(session, channel.id, 1, None, None)
            runs = runs_of_channel(session, channel.id, 1)
            run = _run_of(session, channel, client.last_event_id) if client.last_event_id else None
            after_id, since = _has_already(session, channel, client, run)
            return _Start(
                position=channel.last_event_seq,
                newest_message_id=newest[-1].id if newest else 0,
                newest_run_id=runs[0].id if runs else 0,
                live=[opening.ref(session, r) for r in live_runs_of_channel(session, channel.id)],
                run=opening.ref(session, run) if run else None,
                after_id=after_id,
                changed=[
                    message
                    for message in messages_changed_after(
                        session, channel.id, since, after_id, NEWEST_MAX
                    )
                    if _is_told(message)
                ],
            )

    def _messages(self, start: _Start) -> Iterator[MessageRow]:
        """The messages that the client lacks, up to the moment from which on changes tell all."""
        after_id = start.after_id
        while True:
            with self._rt.db.reading() as session:
                page = page_of_messages(
                    session, self._channel_id, PAGE, start.newest_message_id + 1, after_id
                )
            yield from filter(_is_told, page)
            if len(page) < PAGE:
                return
            after_id = page[-1].id

    def _changes(self) -> Iterator[Item]:
        person, last_seq = self._who(), self._watch.last_seq
        with self._rt.db.reading() as session:
            access.session_channel(session, person, self.session_id)
            changes = changes_after(session, self._channel_id, self._position, BATCH_MAX)
            begun = [
                opening.ref(session, change.row)
                for change in changes
                if change.kind == "run" and change.row and change.row.id > self._newest_run_id
            ]
        self._check_at = time.monotonic() + self._check_every_s
        # Changes that are no longer kept are passed over.
        self._position = changes[-1].seq if changes else max(last_seq, self._position)
        for run in begun:
            self._newest_run_id = max(run.id, self._newest_run_id)
            self._readers.add(run)
        yield from self._in_time(_messages_in(changes))

    def _in_time(self, messages: Iterable[MessageRow]) -> Iterator[MessageRow]:
        """These messages, but an answer only after its events."""
        for message in messages:
            if message.public_id in self._readers.replies:
                self._late[message.public_id] = message
            else:
                yield message


def _run_of(session: Session, channel: ChannelRow, last_event_id: str) -> RunRow | None:
    """The run that the cursor names; for one that is not of this session its newest run."""
    cursor = sse.parse_cursor(last_event_id)
    run = run_by_public_id(session, cursor.run_id) if cursor else None
    if run is not None and run.channel_id == channel.id:
        return run
    return next(iter(runs_of_channel(session, channel.id, 1)), None)


def _has_already(
    session: Session, channel: ChannelRow, client: Returning, run: RunRow | None
) -> tuple[int, int]:
    """The id up to which the client has all messages, and the change that told of the last one.

    An answer that was under way at the time ends, and changes, later than messages after it come:
    the number tells which of the older messages are to be told again.
    """
    if run is not None:
        notes = notes_of(session, channel.id, "run", run.id)
        return run.reply_id - 1, notes[0] if notes else 0
    if client.last_message_id is None:
        newest = page_of_messages(session, channel.id, NEWEST_MAX, None, None)
        return newest[0].id - 1 if newest else 0, channel.last_event_seq
    message = session.get(MessageRow, client.last_message_id)
    if message is None or message.channel_id != channel.id:
        return client.last_message_id, channel.last_event_seq
    notes = notes_of(session, channel.id, "message", message.id)
    # Of an answer the first note tells that it began: who has it, has it from the second one.
    told = notes[1:2] if message.role == "assistant" else notes[:1]
    return message.id, told[0] if told else 0


def _messages_in(changes: list[Change]) -> list[MessageRow]:
    """The messages that changed, each once, in the order of their last change."""
    changed = {c.ref_id: c.row for c in reversed(changes) if c.kind == "message" and c.row}
    return [message for message in reversed(changed.values()) if _is_told(message)]


def _is_told(message: MessageRow) -> bool:
    """An answer under way is told by its events, and by its message once it has ended."""
    return message.status != "streaming" or not message.is_shown
