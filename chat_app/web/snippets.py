"""A piece of a text around the words that were searched for, with these marked. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

BEFORE_CHARS = 60
SNIPPET_CHARS = 240


class Piece(NamedTuple):
    text: str
    is_hit: bool


def snippet(text: str, words: str) -> Sequence[Piece]:
    """Begins a little before the first hit; what is left out is told by `…`."""
    pattern = _any_of(words.split())
    flat = " ".join(text.split())
    first = pattern.search(flat)
    begin = _word_begin(flat, max(first.start() - BEFORE_CHARS, 0)) if first else 0
    end = begin + SNIPPET_CHARS
    shown = ("…" if begin else "") + flat[begin:end] + ("…" if end < len(flat) else "")
    # Splitting by a group gives what is between the hits, and the hits, in turn.
    return [Piece(part, place % 2 == 1) for place, part in enumerate(pattern.split(shown)) if part]


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    # The longest first: of `sea` and `seaweed` the whole is marked.
    longest = sorted(words, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest)) or '(?!)'})", re.IGNORECASE)


def _word_begin(text: str, place: int) -> int:
    """The begin of a word at or shortly after `place`; CJK text has no spaces to go by."""
    space = text.find(" ", place, place + 20)
    return space + 1 if place and space >= 0 else place
