"""Events: their JSON, merging of neighbours, and what a journal says."""

import pytest

from chat_app.store.run_events import StoredEvent
from chat_app.streaming import events
from chat_app.streaming.events import Encoded, Event


def text(content: str) -> Event:
    return Event("chunk", content)


def journal(*told: Event) -> list[StoredEvent]:
    """These events as they are stored, one by one."""
    encoded = [events.encode(event) for event in told]
    return [StoredEvent(7, seq, *event) for seq, event in enumerate(encoded, 1)]


START = events.start("0190-run", 3, "0190-session", {"id": 1}, 5)


def test_text_is_encoded_as_clients_get_it() -> None:
    encoded = events.encode(text('漢字 "🙂"\n'))
    assert encoded == Encoded("chunk", r'{"type":"chunk","content":"漢字 \"🙂\"\n","done":false}')


def test_an_event_is_one_line_whatever_it_says() -> None:
    assert "\n" not in events.encode(text("a\nb\r\nc")).data


def test_the_fields_of_other_events_follow_their_type() -> None:
    assert events.encode(events.restart(2)) == Encoded("restart", '{"type":"restart","from_seq":2}')


def test_neighbouring_text_of_one_type_becomes_one_event() -> None:
    folded = events.fold([text("Hel"), text("lo"), Event("reasoning", "Hm"), text("!")])
    assert folded == [
        events.encode(text("Hello")),
        events.encode(Event("reasoning", "Hm")),
        events.encode(text("!")),
    ]


def test_what_is_no_text_keeps_its_place_and_parts_its_neighbours() -> None:
    told = [text("a"), events.restart(2), text("b"), text("c")]
    assert [event.type for event in events.fold(told)] == ["chunk", "restart", "chunk"]


def test_merging_stops_at_a_size() -> None:
    piece = "x" * events.MERGED_MAX_CHARS
    assert len(events.fold([text(piece), text("y"), text("z")])) == 2


def test_nothing_folds_to_nothing() -> None:
    assert events.fold([]) == []


def test_text_after_the_start_is_unfinished() -> None:
    assert events.unfinished_text(journal(START)) is None
    assert events.unfinished_text(journal(START, text("a"), text("b"))) == 2


@pytest.mark.parametrize("kind", ["tool_approval", "tool_call", "tool_result"])
def test_text_before_a_tool_call_is_whole(kind: str) -> None:
    of_tool = Event(kind, fields={})
    assert events.unfinished_text(journal(START, text("a"), of_tool)) is None
    assert events.unfinished_text(journal(START, text("a"), of_tool, text("b"))) == 4


def test_text_that_was_withdrawn_is_not_withdrawn_again() -> None:
    assert events.unfinished_text(journal(START, text("a"), events.restart(2))) is None


def test_what_is_not_text_need_not_be_withdrawn() -> None:
    progress = events.tool_progress("c", 1, 2, None)
    assert events.unfinished_text(journal(START, progress)) is None


def test_a_reset_is_the_start_with_a_mark() -> None:
    first = journal(START)[0]
    assert events.as_reset(first).data == first.data[:-1] + ',"reset":true}'
