"""Who asked for HTML gets the answer's blocks between its events: while it is written, shared by
all, from where it stands, and in the end the bytes that it has at rest.
"""

import threading
from collections.abc import Iterator

import gevent
import pytest

from chat_app import markdown
from chat_app.runtime import Runtime
from chat_app.streaming import dialects, drawing, follow
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.follow import Listener
from chat_app.streaming.hangup import Hangup
from chat_app.web import answers
from tests.clients import Sse, read_events
from tests.fakes import Chunk, Done, FakeProvider, FinishChunk, Hold, Stall, Status, says
from tests.nasty import NASTY
from tests.streaming.runs import ELSEWHERE, Elsewhere, ended, opened, reply, wait_until
from tests.streaming.tools import (
    FakeTools,
    add_tool,
    asks_for,
    gives,
    remove_tools,
    with_tools,
)

Blocks = dict[tuple[int, int], str]


def stream(
    here: Runtime, run: RunRef, cursor: str | None = None, wants_html: bool = True
) -> Iterator[bytes]:
    listener = Listener(cursor, Hangup(), wants_html)
    return follow.follow(here.feeds, run, dialects.channel, listener)


def whole(here: Runtime, run: RunRef, cursor: str | None = None) -> list[Sse]:
    return list(read_events(b"".join(stream(here, run, cursor))))


def started(here: Runtime) -> RunRef:
    run = opened(here)
    here.engine.take_over(run, 0)
    return run


def blocks_of(events: list[Sse]) -> Blocks:
    """What a client has that took all of these."""
    blocks: Blocks = {}
    for event in events:
        if event.data["type"] == "html":
            place = event.data["after"], event.data["block"]
            blocks[place] = event.data["html"]
    return {place: html for place, html in sorted(blocks.items()) if html}


def without_html(events: list[Sse]) -> list[Sse]:
    return [event for event in events if event.data["type"] != "html"]


@pytest.mark.parametrize("text", NASTY)
def test_in_the_end_the_blocks_are_the_bytes_of_the_stored_answer(
    here: Runtime, fake: FakeProvider, text: str
) -> None:
    fake.enqueue(says(*(text[at : at + 3] for at in range(0, len(text), 3))))
    run = started(here)
    events = whole(here, run)
    body = reply(here, run).body
    assert "".join(blocks_of(events).values()) == markdown.render(body)
    assert events[-1].data["type"] == "done"


def test_the_other_events_are_the_same_and_html_has_no_id(
    here: Runtime, fake: FakeProvider
) -> None:
    fake.enqueue(says("# A\n\n", "b"))
    run = started(here)
    events = whole(here, run)
    plain = list(read_events(b"".join(stream(here, run, wants_html=False))))
    assert without_html(events) == plain
    assert [event.seq for event in plain] == list(range(1, len(plain) + 1))
    assert {event.id for event in events if event.data["type"] == "html"} == {None}
    assert events[-1].data["type"] == "done"


def test_blocks_come_while_it_is_written(here: Runtime, fake: FakeProvider) -> None:
    more = threading.Event()
    fake.enqueue([Chunk("**a"), Hold(more), Chunk("b**\n\nc"), FinishChunk(), Done()])
    run = started(here)
    frames = stream(here, run)
    seen: list[Sse] = []
    while not blocks_of(seen):
        seen += read_events(next(frames))
    assert blocks_of(seen) == {(0, 0): "<p>**a</p>\n"}
    more.set()
    seen += read_events(b"".join(frames))
    assert list(blocks_of(seen).values()) == ["<p><strong>ab</strong></p>\n", "<p>c</p>\n"]


def test_who_comes_later_or_again_gets_the_blocks_as_they_are(
    here: Runtime, elsewhere: Elsewhere
) -> None:
    run = opened(here, ELSEWHERE)
    with here.feeds.watching(run) as feed:
        elsewhere.write(run, "# A\n\n", "*b*")
        wait_until(lambda: len(feed.events) == 3)
        for cursor in (None, f"{run.public_id}:3", f"{run.public_id}:99"):
            events = list(read_events(next(stream(here, run, cursor))))
            assert list(blocks_of(events).values()) == ["<h1>A</h1>\n", "<p><em>b</em></p>\n"]
            assert len(without_html(events)) == (0 if cursor and cursor.endswith(":3") else 3)


def test_two_viewers_share_what_is_drawn(
    here: Runtime, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    draw = drawing.Drawing.draw
    monkeypatch.setattr(
        drawing.Drawing,
        "draw",
        lambda self, events: (drawn.append(len(events)), draw(self, events)),
    )
    run = opened(here, ELSEWHERE)
    viewers = [stream(here, run) for _ in range(3)]
    for viewer in viewers:
        next(viewer)
    elsewhere.write(run, "*a*")

    def blocks(viewer: Iterator[bytes]) -> Blocks:
        seen: list[Sse] = []
        while not blocks_of(seen):
            seen += read_events(next(viewer))
        return blocks_of(seen)

    reading = [gevent.spawn(blocks, viewer) for viewer in viewers]
    assert [greenlet.get() for greenlet in reading] == [{(0, 0): "<p><em>a</em></p>\n"}] * 3
    assert drawn == [1, 1]  # each event once, whoever watches


def test_who_did_not_ask_costs_nothing(
    here: Runtime, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(drawing.Drawing, "draw")
    fake.enqueue(says("Hello"))
    run = started(here)
    assert b'"html"' not in b"".join(stream(here, run, wants_html=False))


def test_an_answer_that_fails_is_drawn_as_far_as_it_came(here: Runtime, fake: FakeProvider) -> None:
    fake.enqueue([Chunk("*a*"), Stall()])
    run = started(here)
    frames = stream(here, run)
    seen = list(read_events(next(frames)))
    while not blocks_of(seen):
        seen += read_events(next(frames))
    here.engine.cancel(run)
    seen += read_events(b"".join(frames))
    assert seen[-1].data["error_code"] == "run_cancelled"
    assert "".join(blocks_of(seen).values()) == markdown.render(reply(here, run).body)


def test_a_run_without_a_text_has_no_blocks(here: Runtime, fake: FakeProvider) -> None:
    fake.enqueue([Status(401)])
    run = started(here)
    events = whole(here, run)
    assert [event.data["type"] for event in events] == ["start", "error"]


def test_text_that_was_withdrawn_is_drawn_anew(
    here: Runtime, elsewhere: Elsewhere, fake: FakeProvider
) -> None:
    run = opened(here, ELSEWHERE)
    elsewhere.write(run, "a\n\nb\n\nc")
    frames = stream(here, run)
    seen = list(read_events(next(frames)))
    assert len(blocks_of(seen)) == 3
    fake.enqueue(says("a\n\nd"))
    here.engine.take_over(run, 1)
    seen += read_events(b"".join(frames))
    assert list(blocks_of(seen).values()) == ["<p>a</p>\n", "<p>d</p>\n"]


def test_texts_between_tool_calls_are_those_of_the_page_at_rest(
    here: Runtime, fake: FakeProvider
) -> None:
    add_tool(here.db, "look", annotations={"readOnlyHint": True})
    rt = with_tools(here, FakeTools({"look": gives("seen")}))
    one, two, three = asks_for("look", "look"), asks_for("look"), asks_for("look")
    fake.enqueue(
        [Chunk("*one*\n"), *one], _renamed(two, "d"), [Chunk("\n\n"), *_renamed(three, "e")]
    )
    fake.enqueue(says("1. *last*"))
    try:
        run = opened(rt)
        rt.engine.take_over(run, 0)
        events = whole(rt, run)
        ended(rt, run)
    finally:
        rt.engine.drain(0)
        remove_tools(here.db)
    stored = reply(rt, run)
    assert len(stored.tool_calls) == 4
    texts: dict[int, str] = {}
    for (after, _), html in blocks_of(events).items():
        texts[after] = texts.get(after, "") + html
    parts = answers.shown(stored, None).parts
    at_rest = {
        sum(not isinstance(before, str) for before in parts[:place]): markdown.render(part)
        for place, part in enumerate(parts)
        if isinstance(part, str)
    }
    assert texts == at_rest
    assert list(at_rest) == [0, 4]


def _renamed(steps: list, prefix: str) -> list:
    """Other ids, for calls of a later round."""
    for step in steps:
        if getattr(step, "id", None):
            object.__setattr__(step, "id", prefix + step.id)
    return steps
