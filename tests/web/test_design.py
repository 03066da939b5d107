"""What holds for all pages: contrast, sizes, and nothing inline that the policy would block."""

import re
from pathlib import Path

import pytest

import chat_app.web

WEB = Path(chat_app.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SCRIPTS = sorted((WEB / "static" / "js").glob("*.js"))
TOKENS = (WEB / "static" / "css" / "tokens.css").read_text()
LIGHT, DARK = (
    {
        name: halves[at]
        for name, *halves in re.findall(
            r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS
        )
    }
    for at in (0, 1)
)
TEXT_ON = [
    *(
        (text, surface)
        for text in ("text", "quiet")
        for surface in ("page", "side", "raised", "tint")
    ),
    *(("accent", surface) for surface in ("page", "side", "raised")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("danger", "page"),
    ("danger", "raised"),
    ("danger", "danger-tint"),
    *((text, f"{kind}-tint") for text in ("text", "quiet") for kind in ("danger", "warning")),
]


def _luminance(colour):
    """WCAG 2.2, "relative luminance"."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "surface"), TEXT_ON)
def test_text_can_be_read_on_its_surface(tokens, text, surface):
    assert _contrast(tokens[text], tokens[surface]) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("surface", ["page", "raised"])
def test_the_edge_of_a_field_can_be_seen(tokens, surface):
    assert _contrast(tokens["line-strong"], tokens[surface]) >= 3


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_script_or_a_style_inside(path):
    source = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", source)
    assert len(source.splitlines()) <= 120


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_short_and_makes_no_html_of_text(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 200
    made = re.findall(
        r"(?:innerHTML|outerHTML) = (.*?);|insertAdjacentHTML|document\.write", source
    )
    assert set(made) <= {"message.html", "block.html"}  # by the server's one renderer
