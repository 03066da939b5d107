"""What waits for the journal is bounded, the newest is kept, and the gap is told."""

import orjson

from chat_app.remote.position import New, Position
from chat_app.remote.values import Sent
from chat_app.streaming import events, pending
from chat_app.streaming.pending import Pending


def put(pending: Pending, number: int, text: str = "x") -> None:
    pending.put(New(Sent("log", text), Position(count=number)))


def told(pending: Pending, most: int) -> list[tuple[str, int]]:
    """Each event taken: its type, and how far in the AI server's stream it leaves us."""
    payloads = [orjson.loads(events.encode(event).data) for event in pending.take(most)]
    return [(payload["type"], payload["at"]["count"]) for payload in payloads]


def test_what_is_put_in_comes_out_in_order_in_batches() -> None:
    waiting = Pending()
    for number in range(1, 4):
        put(waiting, number)
    assert waiting.bell.is_set()
    assert told(waiting, 2) == [("log", 1), ("log", 2)]
    assert waiting.bell.is_set()
    assert told(waiting, 2) == [("log", 3)]
    assert not waiting.bell.is_set()


def test_the_oldest_are_pushed_out_and_their_gap_stands_where_they_were() -> None:
    waiting = Pending(events_max=3)
    for number in range(1, 8):
        put(waiting, number)
    gap, *rest = waiting.take(3)
    assert gap.fields is not None
    assert (gap.type, gap.fields["reason"], gap.fields["events"]) == ("gap", "flood", 4)
    assert gap.fields["at"] == {"count": 4}
    assert len(rest) == 2
    assert told(waiting, 9) == [("log", 7)]  # and the gap is told once


def test_large_events_are_bounded_by_their_size_and_the_newest_always_stays() -> None:
    waiting = Pending(chars_max=100)
    for number in range(1, 4):
        put(waiting, number, "x" * 60)
    assert told(waiting, 9) == [("gap", 2), ("log", 3)]
    put(waiting, 4, "x" * 1_000)
    assert told(waiting, 9) == [("log", 4)]


def test_a_flood_holds_no_more_than_its_bounds() -> None:
    waiting = Pending()
    for number in range(1, 50_000):
        put(waiting, number, "x" * 1_000)
        assert len(waiting) * 1_000 <= pending.CHARS_MAX
    assert len(waiting) <= pending.EVENTS_MAX
