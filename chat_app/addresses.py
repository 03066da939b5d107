"""A Markdown rule that makes links of web addresses which stand in the text as they are.

As GFM's extended autolinks (https://github.github.com/gfm/#autolinks-extension-), and with what
ends a sentence in Chinese, where no space follows an address.
"""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# Not within a word or another address. CJK punctuation, quotes, and marks that nobody sees end it,
# as a space does.
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9_@/.-])https?://"
    r"[^\s<>`\"\u200b-\u202e\u2066-\u2069\u3000-\u303f"
    r"\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]+",
    re.IGNORECASE,
)
# What rather belongs to the sentence around it.
_TRAILING = "?!.,:;*_~'|"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_ENDING = _TRAILING + "".join(_PAIRS)


def install(md: MarkdownIt) -> None:
    """Link them once all other marks are read: none in code, in a formula or in another link."""
    md.core.ruler.after("text_join", "addresses", _link_addresses)


def _link_addresses(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and "://" in token.content:
            token.children = list(_linked(state.md, token.children or []))


def _linked(md: MarkdownIt, children: Sequence[Token]) -> Iterator[Token]:
    in_link = False
    for token in children:
        in_link = token.type == "link_open" or (in_link and token.type != "link_close")
        if token.type == "text" and not in_link:
            yield from _split(md, token)
        else:
            yield token


def _split(md: MarkdownIt, text: Token) -> Iterator[Token]:
    begin = 0
    for found in _ADDRESS.finditer(text.content):
        address = _without_the_end(found.group())
        href = md.normalizeLink(address)
        if not md.validateLink(href):
            continue
        yield _text(text.content[begin : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": href})
        yield _text(address)
        yield Token("link_close", "a", -1)
        begin = found.start() + len(address)
    yield _text(text.content[begin:])


def _without_the_end(address: str) -> str:
    """Without what ends the sentence, and without a bracket that was opened before it."""
    opened = {close: address.count(close) - address.count(open) for close, open in _PAIRS.items()}
    end = len(address)
    while end and (last := address[end - 1]) in _ENDING:
        if last in _PAIRS:
            if opened[last] <= 0:
                break
            opened[last] -= 1
        end -= 1
    return address[:end]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
