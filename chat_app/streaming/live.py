"""An answer that is being written, as far as it is: what a client needs to draw it anew."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chat_app.store.approvals import open_asks_of
from chat_app.store.db import Session
from chat_app.store.run_events import StoredEvent, events_up_to, last_seq
from chat_app.store.runs import RunRow
from chat_app.streaming.rounds import Story
from chat_app.streaming.task_events import FOLLOWED


@dataclass(frozen=True)
class LiveAnswer:
    """`tool_calls` are as a message keeps them; `approvals` are the `tool_approval` events of
    those that wait for a person. `last_seq` is the number of the last event in it.
    """

    run: RunRow
    text: str
    tool_calls: list[dict[str, Any]]
    approvals: list[dict[str, Any]]
    last_seq: int

    @property
    def run_id(self) -> str:
        """The run's public id."""
        return self.run.public_id


def live_answer(session: Session, run: RunRow) -> LiveAnswer:
    """What the run has said and done so far."""
    # Which is the last one first: what is written meanwhile must not be in it half.
    last = last_seq(session, run.id)
    journal = events_up_to(session, run.id, last, without=FOLLOWED)  # a log may be long
    story = Story.of(journal)
    open_calls = {call.id for call in story.unfinished}
    asked = [one for one in _asked(session, run.id, journal) if one["call_id"] in open_calls]
    return LiveAnswer(run, story.body, story.stored_calls(), asked, last)


def _asked(session: Session, run_id: int, journal: Sequence[StoredEvent]) -> list[dict[str, Any]]:
    """The questions that wait for an answer, of each call the first."""
    first: dict[str, int] = {}
    for ask in open_asks_of(session, run_id):
        first[ask.call_id] = min(ask.ask, first.get(ask.call_id, ask.ask))
    told = [orjson.loads(event.data) for event in journal if event.type == "tool_approval"]
    seen: Counter[str] = Counter()
    waiting = []
    for asked in told:
        call_id = asked["call_id"]
        if first.get(call_id) == seen[call_id]:
            waiting.append(asked)
        seen[call_id] += 1
    return waiting
