"""Web addresses that stand in a text as they are."""

import pytest

from chat_app.markdown import render


def linked(text: str) -> list[str]:
    """What the links of a text say, as it was written."""
    pieces = render(text).split("<a href=")[1:]
    return [piece.partition(">")[2].partition("</a>")[0] for piece in pieces]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.example/x_y_z?q=1#f, and", "https://a.example/x_y_z?q=1#f"),
        ("HTTP://A.example.", "HTTP://A.example"),
        ("(https://a.example/b_(c))", "https://a.example/b_(c)"),
        ("[https://a.example]", "https://a.example"),
        ("**https://a.example/b**", "https://a.example/b"),
        ("“https://a.example/b”", "https://a.example/b"),
        ("請看https://a.example/路徑。很好", "https://a.example/路徑"),
        ("請看（https://a.example），很好", "https://a.example"),
        ("| https://a.example |\n|-|", "https://a.example"),
        ("https://a.example/\u202emoc.live", "https://a.example/"),
    ],
)
def test_an_address_is_linked_without_what_ends_the_sentence(text: str, address: str) -> None:
    assert linked(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "`https://a.example`",
        "    https://a.example",
        "xhttps://a.example",
        "https://",
        "http:///a",
        "ftp://a.example",
        "javascript://a.example",
        "https<!-- -->://a.example",
    ],
)
def test_code_and_what_is_no_address_stay_text(text: str) -> None:
    assert linked(text) == []


def test_a_link_that_was_written_as_one_stays_as_it_is() -> None:
    assert linked("[https://a.example](https://b.example) <https://c.example>") == [
        "https://a.example",
        "https://c.example",
    ]
    assert 'href="https://b.example"' in render("[https://a.example](https://b.example)")


def test_an_address_that_breaks_out_of_its_link_is_not_there() -> None:
    html = render("https://a.example/\"onload=x 'https://a.example/<script>")
    assert "<script" not in html
    assert 'href="https://a.example/"' in html
