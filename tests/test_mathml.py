"""Formulas in Markdown: which dollars mean one, and what is drawn."""

import re

import pytest

from chat_app import mathml
from chat_app.markdown import MATH_CHARS, blocks, render
from tests.test_markdown import Page, assert_safe


def formulas(text: str) -> int:
    return len(Page(render(text)).named("math"))


@pytest.mark.parametrize(
    "text",
    [
        "$x$",
        "a $x^2$ b",
        "($x$), 5 $.",
        "公式$x<y$是",
        "- $x$",
        "# $x$",
        "| $x$ |\n|-|",
        "**$x$**",
        r"$\$5 + x$",
        "$$x$$",
        "$$\nx\n$$",
        "a\n$$\nx\n$$\nb",
        "a $$x$$ b",
        "- a\n  $$\n  x\n  $$",
        "$2x$",
    ],
)
def test_a_formula_is_drawn(text: str) -> None:
    assert formulas(text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "$5-$10",
        "US$5 or US$6",
        "5$ and 6$",
        "a $ b $ c",
        "$x",
        "$x\ny$",
        "$$x",
        "$$\nx\n\ny\n$$",
        "- $$a\n- b$$",
        r"\$x\$",
        "`$x$`",
        "```\n$x$\n```",
        "    $$\n    x\n    $$",
        "$$$",
        "$$$$",
        "$ $",
        "$HOME/$USER",
    ],
)
def test_what_may_be_a_price_or_a_name_is_not_one(text: str) -> None:
    assert formulas(text) == 0
    assert "$" in Page(render(text)).text


def test_a_displayed_formula_stands_by_itself() -> None:
    assert blocks("$$\nx\n$$") == [
        '<div class="math" tabindex="0">'
        '<math display="block"><mrow><mi>x</mi></mrow></math></div>\n'
    ]
    assert '<math display="inline">' in render("$x$")


@pytest.mark.parametrize("tex", [r"\frac{", r"\left( x", "x^", r"\begin{matrix}", "{" * 900])
def test_what_makes_no_sense_is_shown_as_it_was_written(tex: str) -> None:
    assert Page(render(f"${tex}$")).text.strip() == f"${tex}$"
    assert Page(render(f"$$\n{tex}\n$$")).text.strip() == f"$${tex}$$"


def test_a_formula_or_a_text_of_them_that_is_too_long_is_shown_as_it_was_written() -> None:
    assert mathml.mathml("x" * mathml.MAX_CHARS, False)
    assert mathml.mathml("x" * (mathml.MAX_CHARS + 1), False) is None
    assert formulas(f"${'x+' * 200}x$ " * 40) == MATH_CHARS // 401


@pytest.mark.parametrize(
    ("tex", "gone"),
    [
        (r"\href{javascript:alert(1)}{x}", "javascript"),
        (r"\style{color:red}{x}", "red"),
        (r"\class{code}{x}", "code"),
        (r"\color{red}{x}", "red"),
        (r"\hspace{999em}x", "999"),
        (r"\text{<b>}x", "<b>"),
        (r"\text{&#x0003C;b&#x0003E;}x", "<b>"),
    ],
)
def test_nothing_but_symbols_comes_through(tex: str, gone: str) -> None:
    html = render(f"${tex}$")
    assert gone not in html
    assert "<mi>x</mi>" in html
    assert_safe(html)


def test_text_in_a_formula_is_text() -> None:
    html = render(r"$\text{a < b & c}$")
    assert Page(html).text.replace("\xa0", " ").strip() == "a < b & c"
    assert re.search("<mtext>.*</mtext>", html)
