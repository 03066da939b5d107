"""A run's story, as its journal tells it."""

from typing import Any

from chat_app.store.run_events import StoredEvent
from chat_app.streaming import events, rounds
from chat_app.streaming.events import Event
from chat_app.streaming.rounds import Story

START = events.start("r", 1, "s", {}, 1)


def journal(*happened: Event) -> list[StoredEvent]:
    return [StoredEvent(1, seq, *events.encode(e)) for seq, e in enumerate(happened, 1)]


def text(content: str) -> Event:
    return Event("chunk", content)


def call(call_id: str, **args: Any) -> Event:
    return events.tool_call(call_id, "tool", "server", args)


def approval(call_id: str, **form: Any) -> Event:
    return Event(
        "tool_approval",
        fields={"call_id": call_id, "tool": "tool", "server": "server", "args": {}, **form},
    )


def result(call_id: str, said: str = "done") -> Event:
    fields = {"call_id": call_id, "tool": "tool", "result": said, "is_error": False}
    return Event("tool_result", fields=fields | {"duration_ms": 5})


def test_a_journal_says_its_chunks() -> None:
    told = journal(START, Event("reasoning", "Hm"), text("Hel"), text("lo"))
    assert rounds.said(told) == "Hello"


def test_withdrawn_text_is_not_said() -> None:
    told = journal(START, text("Hel"), events.restart(2), text("Hello"), text("!"))
    assert rounds.said(told) == "Hello!"


def test_a_restart_keeps_the_text_of_rounds_before() -> None:
    told = journal(
        START, text("Look: "), call("a"), result("a"), text("brok"), events.restart(5), text("done")
    )
    assert rounds.said(told) == "Look: done"


def test_withdrawn_twice_is_withdrawn() -> None:
    told = journal(START, text("a"), events.restart(2), text("b"), events.restart(4), text("c"))
    assert rounds.said(told) == "c"


def test_each_round_has_its_own_calls() -> None:
    story = Story.of(
        journal(START, call("a"), call("b"), result("a"), result("b"), call("c"), text("after"))
    )
    assert [list(round.calls) for round in story.rounds] == [["a", "b"], ["c"], []]
    assert [c.id for round in story.rounds for c in round.unfinished] == ["c"]


def test_a_call_waits_first_for_its_approval_and_then_for_its_form() -> None:
    told = [START, approval("a")]
    (waiting,) = Story.of(journal(*told)).unfinished
    assert (waiting.asks, waiting.is_started, waiting.awaits_form) == (1, False, False)
    told += [call("a"), approval("a", message="Sure?", schema={})]
    (waiting,) = Story.of(journal(*told)).unfinished
    assert (waiting.asks, waiting.is_started, waiting.awaits_form) == (2, True, True)
    told += [events.tool_progress("a", 0, None, "answered")]
    (waiting,) = Story.of(journal(*told)).unfinished
    assert (waiting.is_started, waiting.awaits_form) == (True, False)


def test_a_message_keeps_each_call_where_it_was_made() -> None:
    story = Story.of(journal(START, text("Look."), call("a", x=1), result("a"), text("Done.")))
    assert story.stored_calls() == [
        {
            "call_id": "a",
            "tool": "tool",
            "server": "server",
            "args": {"x": 1},
            "result": "done",
            "is_error": False,
            "duration_ms": 5,
            "at": 5,
            "round": 0,
        }
    ]


def test_a_call_without_its_end_has_no_result() -> None:
    (stored,) = Story.of(journal(START, call("a"))).stored_calls()
    assert (stored["result"], stored["is_error"], stored["duration_ms"]) == (None, True, None)


def test_what_is_told_live_is_the_story_of_its_journal() -> None:
    happened = [text("a"), call("a"), result("a"), text("b"), events.notice("n", "c")]
    live = Story()
    for event in happened:
        live.see(event)
    replayed = Story.of(journal(*happened))
    assert (live.body, live.stored_calls(), live.notices) == (
        replayed.body,
        replayed.stored_calls(),
        replayed.notices,
    )
