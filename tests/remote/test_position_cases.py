"""What cannot be known of a stream, and how it is decided; and what of it is stored."""

from typing import Any

import orjson
import pytest

from chat_app.remote import position
from chat_app.remote.position import Gap, New, Position, Rejoining, Reopen
from chat_app.remote.values import Sent
from tests.remote.ai_streams import (
    Relayed,
    Server,
    log,
    numbered,
    opaque,
    plain,
    relay,
    take,
    timed,
)


def after(*sents: Sent) -> Rejoining:
    """We had these, and were cut."""
    rejoining = Rejoining()
    assert take(rejoining, *sents) == [New(sent, at(one)) for one, sent in rows(sents)]
    rejoining.opened()
    return rejoining


def rows(sents: tuple[Sent, ...]) -> list[tuple[tuple[Sent, ...], Sent]]:
    return [(sents[: place + 1], sent) for place, sent in enumerate(sents)]


def at(sents: tuple[Sent, ...]) -> Position:
    rejoining = Rejoining()
    take(rejoining, *sents)
    return rejoining.position


def told(found: list[Any]) -> list[str]:
    """Data of events, `?` and the reason for a gap, `!` for Reopen."""
    return [
        one.sent.data if isinstance(one, New) else f"?{one.reason}" if isinstance(one, Gap) else "!"
        for one in found
    ]


@pytest.mark.parametrize(
    ("had", "comes", "found"),
    [
        ("abc", "abcd", ["d"]),
        ("a", "ab", ["b"]),
        ("aab", "aabc", ["c"]),
        ("abab", "ababab", ["a", "b"]),
        ("aaa", "aaab", ["?unsure", "b"]),  # again, or three more?
        ("abc", "bcd", ["?unsure", "d"]),  # the newest of it again, or the same words?
        ("abc", "d", ["?missed", "d"]),
        ("abc", "cd", ["?unsure", "d"]),
        ("abc", "abd", ["?missed", "d"]),  # another log that begins alike
        ("abc", "xbcd", ["?missed", "x", "b", "c", "d"]),
        ("abc", "axbcd", ["?missed", "x", "?unsure", "d"]),  # a broken line in a replay
        ("ab", "ab", []),  # live only, and by chance all of it again: taken for a replay
    ],
)
def test_without_ids_and_times_words_decide(had: str, comes: str, found: list[str]):
    assert told(take(after(*plain(had)), *plain(comes))) == found


def test_with_times_the_newest_part_is_known():
    sents = timed(6)
    assert take(after(*sents[:4]), *sents[2:]) == [
        New(one, at(row)) for row, one in rows(tuple(sents))[4:]
    ]


def test_a_broken_line_in_a_replay_is_told_and_nothing_after_it_twice():
    sents = timed(6)
    found = take(after(*sents[:4]), sents[0], log("2026-11-20T17:00:0"), *sents[2:])
    assert told(found) == ["?missed", "2026-11-20T17:00:0", sents[4].data, sents[5].data]


def test_a_broken_line_with_a_number_that_we_had_is_nothing_new():
    sents = numbered(5)
    found = take(after(*sents[:4]), sents[1], log("ti\ufffdk", "3"), *sents[3:])
    assert found == [New(sents[4], at(tuple(sents)))]


def test_two_of_our_numbers_with_other_content_are_a_new_count():
    rejoining = after(*numbered(5))
    again = [log(f"again {place}", str(place)) for place in range(1, 7)]
    assert told(take(rejoining, *again)) == ["?renumbered", *(f"again {n}" for n in range(2, 7))]
    assert rejoining.ask_from == "5"


def test_numbers_that_go_back_within_a_connection_are_skipped_until_they_are_new():
    rejoining = Rejoining()
    sents = numbered(6)
    assert told(take(rejoining, *sents[:5], *sents[1:4], sents[5])) == ["tick"] * 6


def test_a_replay_shorter_than_what_we_had_is_asked_for_once_more_and_then_a_gap():
    rejoining = after(*timed(5))
    assert take(rejoining, *timed(3)) == []
    assert rejoining.ended() == [Reopen()]
    assert take(rejoining, *timed(8)) == []  # it was to be closed
    rejoining.opened()
    assert take(rejoining, *timed(3)) == []
    assert told(rejoining.ended()) == ["?missed"]
    assert rejoining.ended() == []


def test_the_end_of_a_stream_that_came_to_where_we_are_is_the_end():
    rejoining = after(*timed(5))
    assert take(rejoining, *timed(5)) == []
    assert rejoining.ended() == []
    assert Rejoining().ended() == []


def test_a_number_left_out_is_asked_for_once_and_then_a_gap():
    rejoining, sents = Rejoining(), numbered(9)
    assert take(rejoining, *sents[:3], sents[5], sents[6])[3:] == [Reopen()]
    assert rejoining.ask_from == "2"
    rejoining.opened()
    assert told(take(rejoining, sents[2], sents[5], sents[6])) == ["?missed", "tick", "tick"]


def test_numbers_that_count_something_else_are_seen_to():
    server = Server("resume", numbered(20, 10, 10))
    relayed = relay(server, [])
    assert relayed.sents == server.log
    assert len(relayed.gaps) == position.SPARSE_JUMPS
    assert relayed.openings == len(relayed.gaps) + 1


def test_the_next_number_proves_that_nothing_is_missing():
    rejoining = after(*numbered(5))
    assert told(take(rejoining, log("tick", "6"))) == ["tick"]
    assert told(take(after(log("tick", "1"), log("p")), log("tick", "2"))) == ["?missed", "tick"]


def test_ids_that_are_not_one_for_each_event_hide_nothing():
    sents = [log("a", "5"), log("b", "5"), log("b", "6"), log("a", "6")]
    assert told(take(Rejoining(), *sents)) == ["a", "b", "b", "a"]
    assert told(take(after(*sents), *sents, log("c", "6"))) == ["c"]


def test_we_ask_from_one_event_further_back_so_that_the_last_one_comes_again():
    rejoining = Rejoining()
    asked = []
    for id in (None, "e-1", "e-2", None, "e-3", "", "7", "8"):
        take(rejoining, log("tick", id))
        asked.append(rejoining.ask_from)
    assert asked == [None, None, "e-1", "e-1", "e-2", None, None, "7"]


def test_a_long_log_is_known_from_its_beginning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(position, "RECENT_EVENTS_MAX", 5)
    for sents in (timed(30), plain("abcdefghijklmnopqrstuvwxyz"), numbered(30)):
        assert take(after(*sents[:20]), *sents[:20]) == []
        assert take(after(*sents[:20]), *sents[:21])[0].sent is sents[20]
    changed = [*plain("abcx"), *plain("efghijklmnopqrst")]
    assert told(take(after(*plain("abcdefghijklmnopqrst")), *changed, log("u"))) == ["?unsure", "u"]


def test_of_older_numbers_it_is_believed_that_they_were_ours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(position, "RECENT_EVENTS_MAX", 5)
    sents = numbered(30)
    assert take(after(*sents[:20]), *sents[3:21]) == [New(sents[20], at(tuple(sents[:21])))]
    rejoining = after(*sents[:20])
    assert take(rejoining, *numbered(9, start=2)) == []
    assert (told(rejoining.ended()), rejoining.opened()) == (["!"], None)
    assert take(rejoining, *numbered(9, start=2)) == []
    assert told(rejoining.ended()) == ["?missed"]


# --- what is stored ------------------------------------------------------------------------------


def test_a_position_goes_through_json_and_is_small():
    for sents in (timed(9), numbered(9), opaque(9), [log("a", "x"), log("b")]):
        there = at(tuple(sents))
        stored = orjson.dumps(there.to_dict())
        assert Position.from_dict(orjson.loads(stored)) == there
        assert len(stored) <= 160
    assert Position().to_dict() == {}


@pytest.mark.parametrize("stored", [{"count": 1, "mood": 2}, {"jump": 1}])
def test_what_is_no_position_is_refused(stored: dict[str, Any]):
    with pytest.raises(TypeError):
        Position.from_dict(stored)


def test_what_was_not_stored_is_not_believed_to_be_ours():
    """Of a flood some events are not kept: the row before the hole is of no use."""
    positions = [at(tuple(timed(count))) for count in range(1, 9)]
    rejoining = Rejoining(positions[7], [*positions[:3], *positions[5:7]])
    assert told(take(rejoining, timed(6)[5], *timed(9)[6:])) == [timed(9)[8].data]
    rejoining = Rejoining(positions[7], [*positions[:3], *positions[5:7]])
    assert told(take(rejoining, *timed(9))) == [timed(9)[8].data]


def test_a_gap_stands_at_the_event_before_it():
    found = take(after(*timed(3)), *timed(7)[5:])
    assert isinstance(found[0], Gap)
    assert found[0].at == at(tuple(timed(3)))


def test_an_empty_relay_is_an_empty_log():
    assert relay(Server("replay", []), []) == Relayed([], 1)
