"""Markdown that grows: at every moment the bytes that it has at rest."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from chat_app import markdown
from chat_app.growing import Growing
from tests.nasty import NASTY, PIECES
from tests.test_markdown import HOSTILE, SAMPLE, assert_safe

PARAGRAPHS = "".join(f"Paragraph {n} with **bold** words.\n\n" for n in range(400))


@pytest.mark.parametrize("text", [*NASTY, "\n\n".join(NASTY[:5]), SAMPLE])
def test_at_every_cut_the_blocks_are_those_at_rest_and_safe(text: str) -> None:
    growing = Growing()
    for end in range(len(text) + 1):
        blocks = growing.blocks(text[:end])
        assert blocks == markdown.blocks(text[:end])
        assert "".join(blocks) == markdown.render(text[:end])
        assert all(blocks)
        assert_safe("".join(blocks))


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 200])
def test_what_is_hostile_stays_so_after_what_is_done(text: str) -> None:
    growing = Growing()
    for end in range(len(text) + 1):
        whole = f"one\n\n- two\n\nthree\n\n{text[:end]}"
        assert growing.blocks(whole) == markdown.blocks(whole)
        assert_safe("".join(growing.blocks(whole)))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4), max_size=15))
def test_whatever_it_is_made_of_it_is_as_at_rest(steps: list[list[str]]) -> None:
    growing, text = Growing(), ""
    for step in steps:
        text += "".join(step)
        assert growing.blocks(text) == markdown.blocks(text)


def test_a_text_that_is_withdrawn_begins_anew() -> None:
    growing = Growing()
    growing.blocks("one\n\ntwo\n\nthree\n")
    for text in ("other\n\ntwo\n\nthree\n", "one\n", "", "one\n\n2\n\n3\n"):
        assert growing.blocks(text) == markdown.blocks(text)


def test_only_the_end_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    parse = markdown.parse
    monkeypatch.setattr(
        markdown, "parse", lambda text, *rest: (read.append(len(text)), parse(text, *rest))[1]
    )
    growing = Growing()
    growing.blocks(PARAGRAPHS)
    growing.blocks(PARAGRAPHS + "more")
    growing.blocks(PARAGRAPHS + "more and more")
    assert read[0] == len(PARAGRAPHS)
    assert read[1:] < [100, 100]


def test_the_budgets_of_a_text_go_on_after_what_is_done() -> None:
    # Comments: colouring them takes next to no time, and time is limited, too.
    code = "```python\n" + f"# {'x' * 488}\n" * 12 + "```\n\nand\n\n"
    table = "|a" * 40 + "|\n" + "|-" * 40 + "|\n" + "x\n" * 60 + "\n"
    formula = "$" + "x+" * 450 + "x$\n\n"
    for unit, times in ((code, 5), (table, 5), (formula, 11)):
        growing, text = Growing(), ""
        for _ in range(times):
            text += unit
            assert growing.blocks(text) == markdown.blocks(text)
        assert growing.blocks(text)[-2:] != growing.blocks(text)[:2]


def test_what_becomes_too_long_is_plain_and_grows_in_pieces() -> None:
    growing, text = Growing(), ""
    while len(text) < markdown.MAX_CHARS + 30_000:
        before = growing.blocks(text)
        text += "<b> and so on, line by line\n" * 200
        assert growing.blocks(text) == markdown.blocks(text)
    after = growing.blocks(text)
    assert len(after) > 10
    assert after[: len(before) - 1] == before[:-1]
    assert "<b>" not in "".join(after)
