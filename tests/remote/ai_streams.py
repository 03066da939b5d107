"""AI servers' streams in memory, all that can happen to them, and what was made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chat_app.remote.position import Gap, New, Position, Rejoining, Reopen
from chat_app.remote.values import Sent

OPENINGS_MAX = 200


def log(data: str, id: str | None = None) -> Sent:
    return Sent("log", data, id)


def timed(count: int) -> list[Sent]:
    return [log(f"2026-11-20T17:00:{place:02}Z tick") for place in range(count)]


def numbered(count: int, start: int = 1, step: int = 1) -> list[Sent]:
    return [log("tick", str(start + place * step)) for place in range(count)]


def opaque(count: int) -> list[Sent]:
    return [log("tick", f"e-{place * 7919 % 101}") for place in range(count)]


def plain(letters: str) -> list[Sent]:
    return [log(letter) for letter in letters]


@dataclass
class Connection:
    """`away`: what the server did before it. `length`: events until it breaks. `dropped`,
    `doubled` and `swapped` are places in it where a delivery goes wrong."""

    away: int = 0
    length: int = 10_000
    dropped: frozenset[int] = frozenset()
    doubled: frozenset[int] = frozenset()
    swapped: frozenset[int] = frozenset()

    def wrong(self, sents: list[Sent]) -> Iterator[Sent]:
        """The events as they arrive."""
        sents = list(sents)
        for place in self.swapped:
            if 0 < place < len(sents) - 1:
                sents[place], sents[place + 1] = sents[place + 1], sents[place]
        for place, sent in enumerate(sents):
            if place not in self.dropped:
                yield sent
            if place in self.doubled:
                yield sent


@dataclass
class Server:
    """`kind`: `resume` (by Last-Event-ID, else from the start), `replay` (from the start),
    `tail` (its newest `kept` events), `live` (what comes from now on)."""

    kind: str
    log: list[Sent]
    kept: int = 3
    done: int = 0  # how many events the task has brought forth

    def start(self, last_id: str | None) -> int:
        ids = [sent.id for sent in self.log]
        if self.kind == "live":
            return self.done
        if self.kind == "tail":
            return max(0, self.done - self.kept)
        if self.kind == "resume" and last_id is not None and last_id in ids:
            return ids.index(last_id) + 1
        return 0

    def send(self, last_id: str | None, connection: Connection) -> tuple[list[Sent], bool]:
        """What it sends, and whether that is the end."""
        self.done = min(len(self.log), self.done + connection.away)
        start = self.start(last_id)
        end = min(len(self.log), start + connection.length)
        self.done = max(self.done, end)
        return list(connection.wrong(self.log[start:end])), end == len(self.log)


@dataclass
class Relayed:
    """What was given out, in its order: events and gaps."""

    found: list[New | Gap] = field(default_factory=list)
    openings: int = 0

    @property
    def sents(self) -> list[Sent]:
        return [one.sent for one in self.found if isinstance(one, New)]

    @property
    def gaps(self) -> list[str]:
        return [one.reason for one in self.found if isinstance(one, Gap)]


def relay(
    server: Server, connections: list[Connection], crashes: frozenset[int] = frozenset()
) -> Relayed:
    """Follows the stream over these connections, and one more without a fault.

    Before the openings in `crashes` we are killed, and know only what we had stored."""
    relayed, rejoining = Relayed(), Rejoining()
    todo = [*connections, Connection()]
    while todo:
        assert relayed.openings < OPENINGS_MAX, "it asks again without an end"
        if relayed.openings in crashes:
            rejoining = restored(relayed)
        relayed.openings += 1
        rejoining.opened()
        sents, is_end = server.send(rejoining.ask_from, todo[0])
        found = [one for sent in sents for one in rejoining.take(sent)]
        if is_end and len(todo) == 1 and Reopen() not in found:
            found += rejoining.ended()
        relayed.found += [one for one in found if not isinstance(one, Reopen)]
        if Reopen() in found:
            todo[0] = Connection(0, todo[0].length)
        else:
            todo.pop(0)
    return relayed


def restored(relayed: Relayed) -> Rejoining:
    positions = [Position.from_dict(one.at.to_dict()) for one in relayed.found]
    return Rejoining(positions[-1] if positions else None, positions[:-1])


def check(relayed: Relayed, log: list[Sent], is_exact: bool = False) -> None:
    """Nothing twice, everything in its order, and a gap wherever something is missing; with
    `is_exact` none between events where nothing is."""
    places = {id(sent): place for place, sent in enumerate(log)}
    last, is_told = -1, False
    for one in relayed.found:
        if isinstance(one, Gap):
            is_told = True
        elif id(one.sent) in places:  # else it is a broken line
            place = places[id(one.sent)]
            assert place > last, f"{one.sent} comes twice or too late"
            assert place == last + 1 or is_told, f"a hole before {one.sent}"
            assert not (is_exact and is_told and place == last + 1), f"no hole before {one.sent}"
            last, is_told = place, False
    assert last == len(log) - 1 or is_told, "a hole at the end"


def take(rejoining: Rejoining, *sents: Sent) -> list[Any]:
    return [found for sent in sents for found in rejoining.take(sent)]
