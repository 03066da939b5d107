"""Answers made of what was said before: repeating it, and listing what was asked."""

import re
from collections.abc import Sequence

from chat_app.demo.language import Language
from chat_app.demo.said import Said, by
from chat_app.demo.texts import texts

MAX_REPEATED_CHARS = 4_000
MAX_LISTED_QUESTIONS = 10
MAX_LISTED_CHARS = 160

_GIVEN = re.compile(r"(?:after me|[:：])[\s,:：]*(?P<words>\S.*)", re.IGNORECASE | re.DOTALL)
_OWN_WORDS = re.compile(r"\bi (?:said|say|wrote|asked)\b|\bmy\b|我", re.IGNORECASE)
_QUOTES = {Language.ENGLISH: "“{}”", Language.TRADITIONAL: "「{}」", Language.SIMPLIFIED: "“{}”"}


def repeated(conversation: Sequence[Said], language: Language, turn: int) -> str:
    """The words that the last message gives, or else what was said last, as a quotation."""
    words = _words_to_repeat(conversation)
    if not words:
        return texts(language, "repeat nothing")[0]
    lines = words[:MAX_REPEATED_CHARS].splitlines()
    return _filled(language, "repeat", turn, "\n".join(f"> {line}".rstrip() for line in lines))


def summarised(questions: Sequence[str], language: Language, turn: int) -> str:
    """A numbered list of the newest `questions`, each cut to one line."""
    if not questions:
        return texts(language, "summary nothing")[0]
    listed = [_one_line(question) for question in questions[-MAX_LISTED_QUESTIONS:]]
    quotes = _QUOTES[language]
    lines = [f"{number}. {quotes.format(words)}" for number, words in enumerate(listed, 1)]
    return _filled(language, "summary", turn, "\n".join(lines))


def _words_to_repeat(conversation: Sequence[Said]) -> str:
    *earlier, last = by("user", conversation)
    if given := _GIVEN.search(last):
        return given["words"]
    answers = by("assistant", conversation)
    said = earlier if _OWN_WORDS.search(last) or not answers else answers
    return said[-1] if said else ""


def _filled(language: Language, topic: str, turn: int, quote: str) -> str:
    variants = texts(language, topic)
    return variants[turn % len(variants)].replace("{quote}", quote)


def _one_line(text: str) -> str:
    line = " ".join(text[: 2 * MAX_LISTED_CHARS].split())
    return line if len(line) <= MAX_LISTED_CHARS else line[: MAX_LISTED_CHARS - 1] + "…"
