"""What the sidecar tells or asks unasked: changed lists, lost servers, the demo server's notes."""

from collections.abc import Callable
from typing import Any, Protocol

import gevent
import structlog
from gevent.queue import SimpleQueue

from chat_app.tools import wire
from chat_app.tools.values import Listing, ServerSpec
from chat_app.tools.wire import Message

log = structlog.get_logger()


class Notes(Protocol):
    """The notes of channels, for the demo server."""

    def add(self, channel_id: int, text: str) -> int:
        """Write a note down; gives its number."""

    def all(self, channel_id: int) -> list[tuple[int, str]]:
        """`(number, text)`, the oldest first."""

    def delete(self, channel_id: int, number: int) -> bool:
        """Whether there was such a note."""


class News:
    """Runs what is called here in greenlets of its own: events one after the other, in their
    order, and each question of the sidecar by itself."""

    def __init__(
        self,
        on_tools: Callable[[ServerSpec, Listing], None],
        on_lost: Callable[[ServerSpec, str], None],
        notes: Notes,
    ) -> None:
        self._on_tools, self._on_lost, self._notes = on_tools, on_lost, notes
        self._events: SimpleQueue[Message] = SimpleQueue()
        self._is_telling = False

    def hear(self, message: Message, reply: Callable[[Message], None]) -> None:
        """Take an event of the sidecar; never waits."""
        match message["event"]:
            case "ask":
                gevent.spawn(self._answer, message, reply)
            case "log":
                log.warning("a tool server says", **message["value"])
            case _:
                self._events.put(message)
                if not self._is_telling:
                    self._is_telling = True
                    gevent.spawn(self._tell_all)

    def _tell_all(self) -> None:
        try:
            while not self._events.empty():
                self._tell(self._events.get())
        finally:
            self._is_telling = False

    def _tell(self, message: Message) -> None:
        spec = wire.read_spec(message["spec"])
        try:
            if message["event"] == "tools":
                self._on_tools(spec, wire.read_listing(message["value"]))
            else:
                self._on_lost(spec, message["value"])
        except Exception:
            log.exception("news of a tool server were not taken", server=spec.name)

    def _answer(self, message: Message, reply: Callable[[Message], None]) -> None:
        answer = {"op": "answer", "ask": message["ask"]}
        try:
            reply({**answer, "value": self._run(message["op"], message["value"])})
        except Exception:
            log.exception("a question of the tool process failed", op=message["op"])
            reply({**answer, "error": "The notes cannot be reached."})

    def _run(self, op: str, value: Message) -> Any:
        match op:
            case "notes.add":
                return self._notes.add(value["channel_id"], value["text"])
            case "notes.all":
                return self._notes.all(value["channel_id"])
            case "notes.delete":
                return self._notes.delete(value["channel_id"], value["number"])
        raise ValueError(op)
