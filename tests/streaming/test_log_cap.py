"""A long log keeps its newest events, within two bounds."""

from chat_app.store.run_events import StoredEvent
from chat_app.streaming.log_cap import LogCap


def journal(first: int, last: int, size: int = 10) -> list[StoredEvent]:
    return [StoredEvent(1, seq, "log", "x" * size) for seq in range(first, last + 1)]


def test_while_there_is_room_nothing_goes() -> None:
    cap = LogCap(events_max=100, chars_max=10_000)
    assert cap.cut(journal(1, 91), 10, 0) is None  # the first is not counted
    assert cap.last_seq == 91


def test_a_full_log_is_cut_to_nine_tenths_so_that_not_every_batch_costs_a_delete() -> None:
    cap = LogCap(events_max=100, chars_max=10_000)
    assert cap.cut(journal(1, 101), 10, 0) == 20
    assert cap.cut([], 10, 0) is None
    assert cap.cut(journal(102, 111), 10, 0) == 30


def test_the_size_counts_as_well() -> None:
    cap = LogCap(events_max=100, chars_max=1_000)
    assert cap.cut(journal(1, 11, size=90), 5, 50) is None
    assert cap.cut(journal(12, 12, size=90), 5, 50) == 3  # of 990


def test_the_newest_event_stays_whatever_its_size() -> None:
    cap = LogCap(events_max=100, chars_max=1_000)
    assert cap.cut(journal(1, 2, size=5_000), 1, 0) is None
    assert cap.cut(journal(3, 3, size=5_000), 1, 0) == 2


def test_events_that_are_counted_are_not_counted_again() -> None:
    cap = LogCap(events_max=100, chars_max=10_000)
    assert cap.cut(journal(1, 80), 10, 0) is None
    assert cap.cut(journal(1, 91), 10, 0) is None
