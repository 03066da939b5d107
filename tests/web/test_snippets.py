import pytest

from chat_app.web.snippets import SNIPPET_CHARS, snippet


def marked(text: str, words: str) -> str:
    """The snippet with its hits in brackets."""
    return "".join(
        f"[{piece.text}]" if piece.is_hit else piece.text for piece in snippet(text, words)
    )


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("kelp", "kelp", "[kelp]"),
        ("Kelp and KELP", "kelp", "[Kelp] and [KELP]"),
        ("seaweed by the sea", "sea seaweed", "[seaweed] by the [sea]"),
        ("a.b axb", "a.b", "[a.b] axb"),
        ("明天天氣很好", "天氣", "明天[天氣]很好"),
        ("two\n\n  lines", "lines", "two [lines]"),
        ("nothing here", "else", "nothing here"),
        ("", "kelp", ""),
    ],
)
def test_hits_are_marked(text: str, words: str, expected: str) -> None:
    assert marked(text, words) == expected


def test_a_long_text_begins_shortly_before_the_first_hit() -> None:
    text = f"{'before ' * 50}kelp {'after ' * 100}"
    shown = marked(text, "kelp")
    assert shown.startswith("…before")
    assert shown.endswith("…")
    assert "[kelp] after" in shown
    assert len(shown) <= SNIPPET_CHARS + 4


def test_a_long_word_is_cut_in_its_midst() -> None:
    assert marked("x" * 500 + "kelp", "kelp").endswith("x[kelp]")
