"""An answer as HTML while it is written: what is told, to whom, and how often."""

from typing import Any

import orjson

from chat_app import markdown
from chat_app.store.run_events import StoredEvent
from chat_app.streaming import drawing, events
from chat_app.streaming.drawing import Drawing
from chat_app.streaming.events import Event
from tests.clients import read_events

START = events.start("r", 1, "s", {}, 1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def journal(*happened: Event) -> list[StoredEvent]:
    return [StoredEvent(1, seq, *events.encode(e)) for seq, e in enumerate(happened, 1)]


def text(content: str) -> Event:
    return Event("chunk", content)


def call(call_id: str) -> Event:
    return events.tool_call(call_id, "tool", "server", {})


def result(call_id: str) -> Event:
    return Event("tool_result", fields={"call_id": call_id, "result": "", "is_error": False})


def told(drawn: Drawing, version: int = 0) -> list[dict[str, Any]]:
    return [event.data for event in read_events(drawn.read(version)[0])]


def shown(drawn: Drawing) -> dict[tuple[int, int], str]:
    """What somebody has who comes now."""
    return {(e["after"], e["block"]): e["html"] for e in told(drawn)}


def test_each_block_is_told_with_its_place() -> None:
    drawn = Drawing()
    drawn.draw(journal(START, text("# A\n\n"), text("*b*")))
    assert told(drawn) == [
        {"type": "html", "after": 0, "block": 0, "html": "<h1>A</h1>\n"},
        {"type": "html", "after": 0, "block": 1, "html": "<p><em>b</em></p>\n"},
    ]


def test_only_blocks_that_changed_are_told_again() -> None:
    drawn = Drawing()
    happened = [START, text("A\n\nb")]
    drawn.draw(journal(*happened))
    _, version = drawn.read(0)
    drawn.draw(journal(*happened, text("c")))
    assert told(drawn, version) == [{"type": "html", "after": 0, "block": 1, "html": "<p>bc</p>\n"}]
    assert drawn.read(drawn.version) == (b"", drawn.version)


def test_a_slow_reader_gets_only_the_newest_of_each() -> None:
    drawn, happened = Drawing(), [START]
    for word in ("a", "b", "c"):
        happened.append(text(word))
        drawn.draw(journal(*happened))
    assert [e["html"] for e in told(drawn)] == ["<p>abc</p>\n"]


def test_texts_between_calls_are_told_by_how_many_calls_stand_before() -> None:
    drawn = Drawing()
    drawn.draw(
        journal(
            START,
            *(text("one"), call("a"), call("b"), result("a"), result("b")),
            *(call("c"), result("c"), text("\n\ntwo")),
        )
    )
    assert shown(drawn) == {(0, 0): "<p>one</p>\n", (3, 0): "<p>two</p>\n"}


def test_what_is_withdrawn_is_told_as_gone_to_those_who_have_it() -> None:
    drawn = Drawing()
    happened = [START, text("a\n\nb\n\nc")]
    drawn.draw(journal(*happened))
    seen = drawn.version
    drawn.draw(journal(*happened, events.restart(2), text("a\n\nd")))
    assert [(e["block"], e["html"]) for e in told(drawn, seen)] == [(1, "<p>d</p>\n"), (2, "")]
    assert shown(drawn) == {(0, 0): "<p>a</p>\n", (0, 1): "<p>d</p>\n"}


def test_a_round_that_is_withdrawn_is_gone() -> None:
    drawn = Drawing()
    happened = [START, text("a"), call("x"), result("x"), text("b")]
    drawn.draw(journal(*happened))
    seen = drawn.version
    drawn.draw(journal(*happened, events.restart(5)))
    assert [(e["after"], e["html"]) for e in told(drawn, seen)] == [(1, "")]
    drawn.draw(journal(*happened, events.restart(5), text("c")))
    assert shown(drawn) == {(0, 0): "<p>a</p>\n", (1, 0): "<p>c</p>\n"}


def test_it_is_due_at_once_and_then_five_times_a_second() -> None:
    clock = Clock()
    drawn = Drawing(clock)
    happened = journal(START, text("a"))
    assert drawn.waits_s(happened) == 0
    drawn.draw(happened)
    assert drawn.waits_s(happened) is None
    more = journal(START, text("a"), text("b"))
    assert 0 < (drawn.waits_s(more) or 0) <= drawing.EVERY_S
    clock.now += drawing.EVERY_S
    assert drawn.waits_s(more) == 0


def test_what_says_nothing_is_no_reason_to_wait() -> None:
    drawn = Drawing(Clock())
    drawn.draw(journal(START))
    assert drawn.waits_s(journal(START, text("a"))) == 0


def test_what_is_big_is_drawn_less_often() -> None:
    drawn = Drawing(Clock())
    long = "word " * 40_000
    drawn.draw(journal(START, text(long)))
    assert (drawn.waits_s(journal(START, text(long), text("b"))) or 0) > 3 * drawing.EVERY_S


def test_it_is_as_at_rest() -> None:
    drawn, happened = Drawing(), [START]
    body = (
        "# A\n\n- b\n- [c]\n\n```py\nx = 1\n```\n\n| d |\n|-|\n| $e$ |\n\n[c]: https://a.example\n"
    )
    for letter in body:
        happened.append(text(letter))
        drawn.draw(journal(*happened))
    assert "".join(shown(drawn).values()) == markdown.render(body)
    assert b"\nid:" not in drawn.read(0)[0]
    assert all(orjson.loads(line[6:]) for line in drawn.read(0)[0].splitlines() if line)
