"""How a re-opened stream lies over the events that we had. Pure.

A server that is asked again sends some part of what we had again: all of it, what it still has, or
from the id on that we named. Then it goes on with what is new. Or it never looks back, and then
what we missed is missing. Event after event is compared with what we had; each place where the
stream may be is followed, until the newest of our events comes by.
"""

from collections.abc import Sequence
from enum import Enum, auto

from chat_app.remote.marks import Mark, chained, is_uniform


class Verdict(Enum):
    HAD = auto()  # we had this one; where the stream is will be seen
    JOINED = auto()  # we had this one, and all after it is new
    DOUBTED = auto()  # the same, if it is not a new one that says the same
    UNKNOWN = auto()  # not one of ours


class Overlap:
    """One re-opened stream, compared with `had` (the newest of the `count` marks that we had)."""

    def __init__(self, had: Sequence[Mark], count: int, chain: int, first: int) -> None:
        self._had, self._count = had, count
        self._base = count - len(had)  # how many we had before those
        self._first, self._had_chain = first, chain
        self._places: dict[Mark, list[int]] = {}
        for place, mark in enumerate(had, self._base):
            self._places.setdefault(mark, []).append(place)
        self._expected: set[int] = set()  # the places that may come next
        self._taken = 0
        self._chain = 0
        self._is_whole = False  # it began with our first event, and every one since was ours
        self.is_replay = False  # it told something again, that is sure
        self._is_told = False  # one of this run was telling
        self._has_ended = False  # at one of the places it has come to our end before
        self._has_strangers = False

    @property
    def is_over(self) -> bool:
        """Whether it has brought as many events as we had: it is not coming back to ours."""
        return self._taken > self._count

    def take(self, mark: Mark, is_telling: bool) -> Verdict:
        """What the next event of the stream is to us. Nothing is to be taken after JOINED or
        DOUBTED."""
        self._taken += 1
        self._chain = chained(self._chain, mark)
        expected = {place + 1 for place in self._expected if self._fits(place, mark)}
        if not expected:
            expected = self._anywhere(mark, is_telling)
            self._is_whole = self._taken == 1 and mark[1] == self._first
            self._is_told = False
        self.is_replay |= bool(expected) and (is_telling or self._is_whole)
        self._is_told |= is_telling
        return self._judge(expected)

    def _judge(self, expected: set[int]) -> Verdict:
        is_at_end = self._count in expected
        self._expected = expected - {self._count}
        if not expected:
            self._has_strangers = True
            return Verdict.UNKNOWN
        if not is_at_end:
            return Verdict.HAD
        if self._expected:
            # It may also be further back, in a row that repeats itself. As long as that fits,
            # nothing is given out twice.
            self._has_ended = True
            return Verdict.HAD
        return Verdict.JOINED if self._is_sure() else Verdict.DOUBTED

    def _fits(self, place: int, mark: Mark) -> bool:
        # Of those before `had` only their number is known; the chain shows at the end.
        return place < self._base or self._had[place - self._base] == mark

    def _anywhere(self, mark: Mark, is_telling: bool) -> set[int]:
        """The places after all of ours that this one may be.

        After a stranger, and where nothing shows that this is a replay, words that we had before
        may as well be new."""
        if self._has_strangers and not (is_telling or self.is_replay):
            return set()
        found = {place + 1 for place in self._places.get(mark, ())}
        if self._base and self._taken == 1 and mark[1] == self._first:
            found.add(1)
        return found

    def _is_sure(self) -> bool:
        if self._is_whole and self._taken == self._count:
            if self._chain != self._had_chain:
                return False
            is_same = is_uniform(self._had_chain, self._first, self._count)
            return self._is_told or self._count == 1 or not is_same
        return self._is_told and not self._has_ended
