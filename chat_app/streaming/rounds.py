"""The rounds of an answer: what the model said and which tools it called, told by events. Pure.

The same fold reads the journal of a process that died and follows the answer while it is made:
so a run that is taken over knows exactly what its first process knew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from chat_app.store.run_events import StoredEvent
from chat_app.streaming.events import Event

PIECES_MAX = 256


@dataclass(slots=True)
class Call:
    """One tool call. `asks` counts how often a person was asked about it; while the last of
    these, a form, is open, `awaits_form` holds. `result` is the event of its end, None until then.
    """

    id: str
    tool: str
    server: str
    args: dict[str, Any]
    asks: int = 0
    is_started: bool = False
    awaits_form: bool = False
    result: dict[str, Any] | None = None


@dataclass(slots=True)
class Round:
    """One question to the model: what it said, then what it called, by call id."""

    text: list[tuple[int, str]] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)

    @property
    def said(self) -> str:
        return "".join(text for _, text in self.text)

    @property
    def unfinished(self) -> list[Call]:
        return [call for call in self.calls.values() if call.result is None]


class Story:
    """All that has happened in a run so far."""

    def __init__(self) -> None:
        self.rounds: list[Round] = [Round()]
        self.notices: list[str] = []

    @classmethod
    def of(cls, journal: Iterable[StoredEvent]) -> "Story":
        """The story that these events tell, from the first one on."""
        story = cls()
        for event in journal:
            story.read(event)
        return story

    def read(self, event: StoredEvent) -> None:
        """Follow an event of the journal."""
        if event.type in _KNOWN:
            self._see(event.type, orjson.loads(event.data), event.seq)

    def see(self, event: Event) -> Event:
        """Follow an event that is about to be journalled; gives it back."""
        if event.type in _KNOWN:
            self._see(event.type, event.fields or {"content": event.content}, 0)
        return event

    @property
    def body(self) -> str:
        """The answer's text without what was withdrawn."""
        return "".join(round.said for round in self.rounds)

    @property
    def texts(self) -> dict[int, str]:
        """The texts between the calls, by how many calls stand before each."""
        found: dict[int, str] = {}
        calls = 0
        for round in self.rounds:
            found[calls] = found.get(calls, "") + round.said
            calls += len(round.calls)
        return found

    @property
    def tool_rounds(self) -> int:
        """How many rounds called tools."""
        return sum(1 for round in self.rounds if round.calls)

    @property
    def call_ids(self) -> set[str]:
        return {call_id for round in self.rounds for call_id in round.calls}

    @property
    def unfinished(self) -> list[Call]:
        """The calls of the last round that have no result yet."""
        return self.rounds[-1].unfinished

    def stored_calls(self) -> list[dict[str, Any]]:
        """The calls as a message keeps them: as the API shows them, with `at`, the number of
        characters that were said before, `round`, and what the tool gave besides text.
        """
        stored, at = [], 0
        for number, round in enumerate(self.rounds):
            at += len(round.said)
            for call in round.calls.values():
                about = {"call_id": call.id, "tool": call.tool, "server": call.server}
                result = call.result or {"result": None, "is_error": True, "duration_ms": None}
                ended = {key: result[key] for key in _KEPT if key in result}
                stored.append(about | {"args": call.args} | ended | {"at": at, "round": number})
        return stored

    def _see(self, kind: str, told: dict[str, Any], seq: int) -> None:
        if kind == "chunk":
            self._said(seq, told["content"])
        elif kind == "restart":
            last = self.rounds[-1]
            last.text = [(n, text) for n, text in last.text if n < told["from_seq"]]
            if self.rounds[1:] and not (last.text or last.calls):
                self.rounds.pop()  # it begins anew, after the calls of the one before
        elif kind == "notice":
            self.notices.append(told["message"])
        else:
            self._of_call(kind, told)

    def _said(self, seq: int, text: str) -> None:
        if self.rounds[-1].calls:
            self.rounds.append(Round())
        pieces = self.rounds[-1].text
        pieces.append((seq, text))
        # What is told live has no numbers yet; a long answer need not be kept word by word.
        if len(pieces) >= PIECES_MAX and seq == 0:
            self.rounds[-1].text = [(0, self.rounds[-1].said)]

    def _of_call(self, kind: str, told: dict[str, Any]) -> None:
        call = self._call(kind, told)
        if call is None:
            return
        if kind == "tool_approval":
            call.asks += 1
            call.awaits_form = "schema" in told
        elif kind == "tool_call":
            call.is_started = True
        elif kind == "tool_progress":
            call.awaits_form = False  # it goes on
        elif kind == "tool_result":
            call.result = told

    def _call(self, kind: str, told: dict[str, Any]) -> Call | None:
        """The call that an event is about; a new one where it is the first to name it."""
        last = self.rounds[-1]
        found = last.calls.get(told["call_id"])
        if found is not None or kind not in ("tool_call", "tool_approval"):
            return found
        # All calls of a round are told before the first of them has ended.
        if any(call.result for call in last.calls.values()):
            last = Round()
            self.rounds.append(last)
        call = Call(told["call_id"], told["tool"], told["server"], told["args"])
        last.calls[call.id] = call
        return call


_KEPT = ("result", "is_error", "duration_ms", "error_code", "content", "structured")
_KNOWN = frozenset(
    {
        "chunk",
        "restart",
        "notice",
        "tool_approval",
        "tool_call",
        "tool_progress",
        "tool_result",
    }
)


def said(journal: Sequence[StoredEvent]) -> str:
    """The answer's text as these events tell it, without what was withdrawn."""
    return Story.of(journal).body
