"""Where we are in an AI server's stream, and what of a re-opened one is new. Pure.

What is given out is what the server sent, in its order, nothing twice, and a Gap wherever
something is or may be missing. Whether a re-opened stream goes on where we are is never taken on
trust: it has to send again the last event that we had (see `Rejoining.ask_from`), or the very next
number where every event has one. What cannot be known is decided so:

* Repeated lines without ids. A replay is one if it says again all that we had, from the first
  event to the last. If these were several and all the same, without a time, this proves nothing:
  Gap `unsure`. A part of ours said again counts if it has ids or times in it, else Gap `unsure`.
  So a stream that only goes on live and by chance says all of it again, word for word and from the
  very beginning, is taken for a replay.
* A replay shorter than what we had: nothing of it is new. `ended` asks once more, then tells a Gap.
* Ids that are numbers. A number left out means that something was lost on the way: the stream is
  opened again (Reopen); if the same number follows again, the server has nothing between: a Gap.
  After SPARSE_JUMPS such jumps its numbers are seen not to count events, and jumps say no more.
  As long as every event had a number, the next one is believed to have one, too.
* Numbers that go backwards: events that we had are skipped, as is one that comes after its gap was
  told. Two of our numbers in a row with other content are a server that counts anew: Gap
  `renumbered`, and what follows is new. (One alone is a broken line, and we had it whole.)
* The same id and content twice is the same event. The same id with other content is another one
  if ids are no numbers, or if it is the newest (some servers take the time for an id).
* A first event other than ours: a Gap, and from there on it is new; what we had and is told again
  after that is still skipped where an id or a time shows it.
* Before the first event nothing is known, so nothing is missed.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from chat_app.remote.marks import Mark, chained, is_telling, mark_of, number_of
from chat_app.remote.overlap import Overlap, Verdict
from chat_app.remote.values import Sent

# How far back what is told again is recognised event by event. (A replay from the beginning is
# recognised however long it is.) ≈ 0.2 KB each, per run that is followed.
RECENT_EVENTS_MAX = 2_000
SPARSE_JUMPS = 3


@dataclass(frozen=True, slots=True)
class Position:
    """What we know of the events so far. Small: it is stored with each event.

    `chain` stands for all of them, `first` and `last` for one each (see marks.py). `last_id` came
    with the newest event that had an id, `before_id` with one before it, `since` is how many came
    after it. `bare` counts events without an id, `jumps` the times that numbers were left out.
    """

    count: int = 0
    chain: int = 0
    first: int = 0
    last: int = 0
    last_id: str | None = None
    before_id: str | None = None
    since: int = 0
    bare: int = 0
    jumps: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready and short: ≤ 160 bytes with ids that are."""
        stored = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in stored.items() if value not in (0, None)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """What `to_dict` gave; raises TypeError for anything else."""
        return cls(**stored)

    @property
    def mark(self) -> Mark:
        """That of the last event."""
        return (None if self.since else self.last_id), self.last

    def after(self, sent: Sent, mark: Mark) -> "Position":
        """The position once that event was given out."""
        last_id, before_id, since = self.last_id, self.before_id, self.since + 1
        if sent.id == "":  # the server took its ids back
            last_id = before_id = None
        elif sent.id is not None:
            since = 0
            if sent.id != last_id:
                last_id, before_id = sent.id, last_id
        return Position(
            self.count + 1,
            chained(self.chain, mark),
            self.first if self.count else mark[1],
            mark[1],
            last_id,
            before_id,
            since if last_id else 0,
            self.bare + (not sent.id),
            self.jumps,
        )


@dataclass(frozen=True, slots=True)
class New:
    """An event that we did not have. `at` is the position after it: store both together."""

    sent: Sent
    at: Position


@dataclass(frozen=True, slots=True)
class Gap:
    """Here something is missing, or may be.

    `reason`: `missed` (the server went on without what came meanwhile), `renumbered` (it counts
    its events anew), `unsure` (what came does not show whether it is new). Store it with `at`.
    """

    reason: str
    at: Position


@dataclass(frozen=True, slots=True)
class Reopen:
    """Something was left out on the way: close this stream and open it again, at once."""


Found = New | Gap | Reopen


class Rejoining:
    """Follows one task's events over any number of connections.

        rejoining = Rejoining(position, before)
        while …:
            rejoining.opened()
            with ai_servers.stream(address, task_id, rejoining.ask_from) as events:
                for sent in events:
                    for found in rejoining.take(sent): ...     # New | Gap | Reopen
                for found in rejoining.ended(): ...            # a clean end of a finished task

    An event that is not to be stored must not be taken either: after a crash it would be missing
    among those that we had.
    """

    def __init__(self, position: Position | None = None, before: Iterable[Position] = ()) -> None:
        """After a crash: `position` is the last one stored, `before` are those stored before it,
        with events and with gaps, oldest first (the newest RECENT_EVENTS_MAX; more is ignored, less
        is allowed)."""
        self._position = position or Position()
        self._recent: deque[Mark] = deque(maxlen=RECENT_EVENTS_MAX)
        self._numbers: dict[str, int] = {}  # of the recent ones that have ids
        for mark in _row(self._position, before):
            self._remember(mark)
        self._overlap: Overlap | None = None
        self._is_gap_told = False  # in this stream, and nothing was skipped since
        self._strange = 0  # events in a row with a number of ours and other content
        self._is_left = False
        self._asked_again: Position | None = None  # where we were when we asked for a second time
        self.opened()

    @property
    def position(self) -> Position:
        """After the last event that was given out."""
        return self._position

    @property
    def ask_from(self) -> str | None:
        """What to send as Last-Event-ID, None for no such header.

        One event further back than we are: the server has to send the last one again, and so
        shows that it goes on where we are.
        """
        return self._position.before_id

    def opened(self) -> None:
        """A stream was opened: the next event is the first of it."""
        self._is_left, self._is_gap_told, self._strange = False, False, 0
        self._overlap = self._new_overlap() if self._position.count else None

    def take(self, sent: Sent) -> list[Found]:
        """What this event brings: nothing if we had it. After Reopen nothing more is taken."""
        if self._is_left:
            return []
        mark = mark_of(sent)
        if self._overlap is not None:
            return self._compare(sent, mark, self._overlap)
        return self._follow(sent, mark)

    def ended(self) -> list[Found]:
        """The stream ended in good order, and so did the task: a Gap if it never came to where we
        are. Reopen, once, if it may not have been the end (it is none that HTTP would show)."""
        if self._overlap is None or self._is_left:
            return []
        if self._is_gap_told and not self._overlap.is_replay:
            return []
        if self._asked_again != self._position:
            return self._reopen()
        self._overlap = None
        return [self._gap("missed")]

    # --- a stream that may tell again what we had ---

    def _compare(self, sent: Sent, mark: Mark, overlap: Overlap) -> list[Found]:
        verdict = overlap.take(mark, is_telling(sent))
        if verdict is Verdict.UNKNOWN:
            return self._meet(sent, mark, overlap)
        self._strange = 0
        if verdict is Verdict.HAD:
            self._is_gap_told = False
            return []
        self._overlap = None
        return [self._gap("unsure")] if verdict is Verdict.DOUBTED else []

    def _meet(self, sent: Sent, mark: Mark, overlap: Overlap) -> list[Found]:
        """An event that is none of those we had, or none that we still know."""
        reason, ahead = "missed", self._ahead(sent.id)
        if ahead is None:
            if overlap.is_over:
                self._overlap = None
        elif ahead > 0:
            self._overlap = None
            # It is the very next one, if all of them have numbers.
            if ahead == 1 and not self._position.bare and not self._is_gap_told:
                return [self._new(sent, mark)]
        elif self._is_renumbered(sent):
            self._overlap, reason = None, "renumbered"
        else:
            return []
        found = [] if self._is_gap_told else [self._gap(reason)]
        self._is_gap_told = True
        return [*found, self._new(sent, mark)]

    def _is_renumbered(self, sent: Sent) -> bool:
        self._strange = self._strange + 1 if sent.id in self._numbers else 0
        return self._strange > 1

    # --- a stream that is where we are ---

    def _follow(self, sent: Sent, mark: Mark) -> list[Found]:
        ahead = self._ahead(sent.id)
        # Some servers number every event and show it with a few.
        if not sent.id or ahead in (1, 1 + self._position.since):
            return [self._new(sent, mark)]
        if self._numbers.get(sent.id) == mark[1]:
            return []
        if ahead is None or ahead == 0:
            return [self._new(sent, mark)]
        if ahead < 0:
            self._overlap = self._new_overlap()
            return self._compare(sent, mark, self._overlap)
        return self._jump(sent, mark)

    def _jump(self, sent: Sent, mark: Mark) -> list[Found]:
        if self._position.jumps >= SPARSE_JUMPS:
            return [self._new(sent, mark)]
        if self._asked_again != self._position:
            return self._reopen()
        self._position = replace(self._position, jumps=self._position.jumps + 1)
        return [self._gap("missed"), self._new(sent, mark)]

    # --- both ---

    def _ahead(self, id: str | None) -> int | None:
        """By how much the number is greater than the last one; None unless both are numbers."""
        here, there = number_of(self._position.last_id), number_of(id)
        return None if here is None or there is None else there - here

    def _reopen(self) -> list[Found]:
        self._asked_again, self._is_left = self._position, True
        return [Reopen()]

    def _gap(self, reason: str) -> Gap:
        return Gap(reason, self._position)

    def _new(self, sent: Sent, mark: Mark) -> New:
        self._position = self._position.after(sent, mark)
        self._remember(mark)
        return New(sent, self._position)

    def _remember(self, mark: Mark) -> None:
        if len(self._recent) == RECENT_EVENTS_MAX:
            id, number = self._recent[0]
            if id is not None and self._numbers.get(id) == number:
                del self._numbers[id]
        self._recent.append(mark)
        if mark[0] is not None:
            self._numbers[mark[0]] = mark[1]

    def _new_overlap(self) -> Overlap:
        position = self._position
        return Overlap(list(self._recent), position.count, position.chain, position.first)


def _row(position: Position, before: Iterable[Position]) -> list[Mark]:
    """The marks of the newest events, as far back as none is missing."""
    row: list[Mark] = []
    count = position.count
    for one in (position, *reversed(list(before))):
        if one.count == count + 1:
            continue  # a gap stands at the event before it
        if one.count == 0 or one.count != count or len(row) == RECENT_EVENTS_MAX:
            break
        row.append(one.mark)
        count -= 1
    return row[::-1]
