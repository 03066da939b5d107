"""What of a re-opened stream is new: nothing twice, and no hole that is not told."""

from itertools import accumulate
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chat_app.remote.position import New, Rejoining
from chat_app.remote.values import Sent
from tests.remote.ai_streams import (
    Connection,
    Server,
    check,
    log,
    numbered,
    opaque,
    plain,
    relay,
    take,
    timed,
)

PLACES = st.frozensets(st.integers(0, 12), max_size=3)


def mixed(has_id: list[bool], every_counts: bool) -> list[Sent]:
    """With ids here and there; in a row, or by the place."""
    numbers = accumulate(has_id, initial=0)
    return [
        log("tick", str(place if every_counts else number)) if one else timed(place + 1)[place]
        for place, (one, number) in enumerate(zip(has_id, numbers, strict=False))
    ]


LOGS = st.integers(1, 14).flatmap(
    lambda count: st.sampled_from([timed(count), numbered(count), opaque(count)])
)
WORDS = st.text("ab", min_size=1, max_size=14).map(plain)
MIXED = st.tuples(st.lists(st.booleans(), min_size=1, max_size=14), st.booleans()).map(
    lambda drawn: mixed(*drawn)
)
CONNECTIONS = st.lists(
    st.builds(Connection, st.integers(0, 4), st.integers(0, 16)), min_size=1, max_size=6
)
CRASHES = st.frozensets(st.integers(1, 8), max_size=3)
examples = settings(max_examples=100, deadline=None)


def began(connections: list[Connection]) -> list[Connection]:
    """Of what happens before our first event nothing is known."""
    connections[0].away = 0
    connections[0].length = max(1, connections[0].length)
    return connections


@examples
@given(LOGS | WORDS | MIXED, CONNECTIONS, CRASHES)
def test_a_server_that_replays_costs_nothing(
    sents: list[Sent], connections: list[Connection], crashes: frozenset[int]
):
    relayed = relay(Server("replay", sents), connections, crashes)
    assert relayed.sents == sents
    # Of "aa" without ids nobody can tell whether it is said again or comes anew.
    repeats = sents[:1] == sents[1:2] and not sents[0].id
    assert relayed.gaps == [] or (repeats and set(relayed.gaps) == {"unsure"})


@examples
@given(st.integers(1, 14), st.sampled_from([numbered, opaque]), CONNECTIONS, CRASHES)
def test_a_server_that_resumes_by_id_costs_nothing(
    count: int, ids: Any, connections: list[Connection], crashes: frozenset[int]
):
    sents = ids(count)
    relayed = relay(Server("resume", sents), connections, crashes)
    assert (relayed.sents, relayed.gaps) == (sents, [])


@examples
@given(MIXED, CONNECTIONS)
def test_events_without_ids_among_such_with_ids_are_known_by_their_place(
    sents: list[Sent], connections: list[Connection]
):
    relayed = relay(Server("resume", sents), connections)
    assert (relayed.sents, relayed.gaps) == (sents, [])


# That not every event has an id is seen by the first one without.
SEEN_MIXED = MIXED.map(lambda sents: [log("2026-11-20T16:59:59Z begin"), *sents])


@examples
@given(LOGS | SEEN_MIXED, CONNECTIONS, CRASHES, st.sampled_from(["live", "tail"]))
def test_a_server_that_forgets_leaves_a_gap_where_something_is_missing(
    sents: list[Sent], connections: list[Connection], crashes: frozenset[int], kind: str
):
    server = Server(kind, sents)
    check(relay(server, began(connections), crashes), sents)


@examples
@given(st.integers(1, 14), CONNECTIONS)
def test_with_numbers_a_gap_is_told_only_where_something_is_missing(
    count: int, connections: list[Connection]
):
    sents = numbered(count)
    check(relay(Server("live", sents), began(connections)), sents, is_exact=True)


@examples
@given(WORDS, CONNECTIONS)
def test_the_newest_of_a_log_of_the_same_few_words_is_never_given_twice(
    sents: list[Sent], connections: list[Connection]
):
    sents = [log("begin"), *sents]
    check(relay(Server("tail", sents), began(connections)), sents)


FAULTY = st.lists(
    st.builds(Connection, st.integers(0, 4), st.integers(0, 16), PLACES, PLACES, PLACES),
    min_size=1,
    max_size=5,
)


@examples
@given(st.integers(1, 14), FAULTY, CRASHES)
def test_numbers_heal_what_was_lost_doubled_or_came_in_disorder(
    count: int, connections: list[Connection], crashes: frozenset[int]
):
    """Once a re-opened stream has shown where it is, by its first event."""
    sents = numbered(count)
    for connection in began(connections):
        connection.dropped -= {0}
    relayed = relay(Server("resume", sents), connections, crashes)
    assert (relayed.sents, relayed.gaps) == (sents, [])


@examples
@given(st.integers(1, 14), FAULTY, st.sampled_from(["live", "tail", "replay"]))
def test_numbers_tell_what_cannot_be_healed(count: int, connections: list[Connection], kind: str):
    sents = numbered(count)
    began(connections)[0].dropped -= {0}
    check(relay(Server(kind, sents), connections), sents)


@examples
@given(st.integers(3, 14).map(timed), st.integers(2, 12), PLACES, PLACES, PLACES)
def test_a_replay_that_comes_in_disorder_gives_nothing_twice(
    sents: list[Sent],
    had: int,
    dropped: frozenset[int],
    doubled: frozenset[int],
    swapped: frozenset[int],
):
    """Where it is still telling what we had. (What is lost after that, nobody can know.)"""
    had = min(had, len(sents))
    rejoining = Rejoining()
    found = take(rejoining, *sents[:had])
    rejoining.opened()
    wrong = Connection(0, had, dropped - {had - 1}, doubled - {had - 1}, swapped - {had - 2})
    retold = [*wrong.wrong(sents[: had - 1]), sents[had - 1]]
    found += take(rejoining, *retold, *sents[had:])
    assert [one.sent for one in found if isinstance(one, New)] == sents
