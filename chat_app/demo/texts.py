"""The demo's answers, as people wrote them: one Markdown file per language in prose/.

A line `=== topic` begins an answer; a topic has as many as there are such lines.
"""

import re
from pathlib import Path

from chat_app.demo.language import Language

_HEADING = re.compile(r"^=== (.+)\n", re.MULTILINE)


def texts(language: Language, topic: str) -> tuple[str, ...]:
    """The answers to a topic, in the order of the file. Raises `KeyError` for an unknown topic."""
    return _TEXTS[language][topic]


def topics_with_texts(language: Language) -> frozenset[str]:
    """The topics that the language's file has."""
    return frozenset(_TEXTS[language])


def _parsed(source: str) -> dict[str, tuple[str, ...]]:
    _, *parts = _HEADING.split(source)
    found: dict[str, tuple[str, ...]] = {}
    for topic, text in zip(parts[::2], parts[1::2], strict=True):
        found[topic] = (*found.get(topic, ()), text.strip())
    return found


_FOLDER = Path(__file__).parent / "prose"
_TEXTS = {
    language: _parsed((_FOLDER / f"{language}.md").read_text(encoding="utf-8"))
    for language in Language
}
