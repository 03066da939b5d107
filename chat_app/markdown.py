"""The one HTML renderer: whatever a model, a tool or a person wrote becomes safe HTML here.

CommonMark with tables, strikethrough, task lists, footnotes, formulas and links of bare addresses.
Raw HTML is shown as text, images become links, and nh3 checks the result against a list of what may
be there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import takewhile
from time import thread_time
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

from chat_app import addresses, dollars, mathml
from chat_app.highlight import CSS_CLASSES, highlight

# What a text may cost. Measured: 0.1 µs for a character of prose, up to 23 µs for each of MARKS.
MAX_CHARS = 100_000
MAX_MARKS = 6_000
MARKS = "[*_~<&|!`\\>#$\n"
MAX_TABLE_CELLS = 8_000
MAX_NESTING = 40
# Counted in characters, for the same text must give the same bytes each time; the clock is for
# code that was made to be slow.
COLOUR_CHARS = 20_000
COLOUR_CODE_S = 0.15
MATH_CHARS = 8_000
PLAIN_BLOCK_CHARS = 8_000

MEMO_TEXTS = 256
MEMO_MAX_CHARS = 8_000

_SAFE_LINK = re.compile(r"https?://[^/]|mailto:.", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,32}", re.ASCII)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NOT_IN_HTML = re.compile("[\x00\ud800-\udfff]")

# fmt: off
_TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "input",
    "li", "ol", "p", "pre", "s", "section", "span", "strong", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}
# fmt: on
_CLEANER = nh3.Cleaner(
    tags=_TAGS | mathml.ELEMENTS,
    attributes={name: set(mathml.ATTRIBUTES) for name in mathml.ELEMENTS}
    | {
        "a": {"href", "title"},
        "div": {"data-language", "tabindex"},
        "input": {"aria-label", "checked"},
        "ol": {"start"},
    },
    set_tag_attribute_values={
        "input": {"type": "checkbox", "disabled": ""},
        "pre": {"tabindex": "0"},  # what scrolls must scroll by keyboard, in every browser
    },
    allowed_classes={
        "div": {"code", "math", "table"},
        "input": {"task-list-item-checkbox"},
        "li": {"task-list-item"},
        "ol": {"contains-task-list"},
        "pre": {"plain"},
        "section": {"footnotes"},
        "span": set(CSS_CLASSES),
        "sup": {"footnote-ref"},
        "td": {"left", "center", "right"},
        "th": {"left", "center", "right"},
        "ul": {"contains-task-list"},
    },
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener nofollow ugc",
)


@dataclass(frozen=True, slots=True)
class Left:
    """What the rest of a text may still cost."""

    colour_chars: int = COLOUR_CHARS
    math_chars: int = MATH_CHARS
    table_cells: int = MAX_TABLE_CELLS


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: its safe HTML, the line it begins at where that is known, and what it
    left of the text's budget before it.
    """

    html: str
    line: int | None
    left: Left


Targets = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text in its blocks; `targets` are those of reference links by label, with their lines."""

    blocks: list[Block]
    targets: Targets
    has_footnotes: bool


class TooDeep(Exception):
    """Something is nested deeper than the parser goes."""


def render(text: str) -> str:
    """`text`, read as Markdown, as HTML that is safe on any page. Never raises.

    What is too long, too deep or too dense to be rendered in about 0.2 s comes back
    as it is, in `<pre class="plain">`.
    """
    return "".join(blocks(text))


def blocks(text: str) -> list[str]:
    """The HTML of each top-level block; joined they are what `render` gives. None is empty."""
    return list(_remembered(text) if len(text) <= MEMO_MAX_CHARS else _rendered(text))


@lru_cache(maxsize=MEMO_TEXTS)
def _remembered(text: str) -> list[str]:
    return _rendered(text)


def _rendered(text: str) -> list[str]:
    if costs_too_much(text):
        return _plain(text)
    try:
        return [block.html for block in parse(text, {}, Left()).blocks]
    except Exception:  # a bug in a parser must not make a message unreadable
        return _plain(text)


def costs_too_much(text: str) -> bool:
    """Whether the text is shown as it is, for it is too long or too dense to be parsed."""
    return len(text) > MAX_CHARS or sum(map(text.count, MARKS)) > MAX_MARKS


def _plain(text: str) -> list[str]:
    """In pieces of whole lines, so that one that grows at its end need not be sent anew."""
    pieces, piece, size = [], [], 0
    for line in _LINE.findall(_NOT_IN_HTML.sub("\ufffd", text)):
        piece.append(line)
        size += len(line)
        if size >= PLAIN_BLOCK_CHARS:
            pieces.append("".join(piece))
            piece, size = [], 0
    pieces.append("".join(piece))
    # HTML leaves out a line break right after <pre>.
    return [
        f'<pre class="plain">{chr(10) * piece.startswith(chr(10))}{escape(piece)}</pre>'
        for piece in pieces
        if piece
    ]


def parse(text: str, targets: Targets, left: Left) -> Parsed:
    """The blocks of a text, or of its rest, whose beginning defined `targets` and had `left`.

    Raises `TooDeep`, and what a bug in a parser raises.
    """
    env: EnvType = {
        "references": dict(targets),
        "colour_until": thread_time() + COLOUR_CODE_S,
        "colour_left": left.colour_chars,
        "math_left": left.math_chars,
        "cells_left": [(0, left.table_cells)],
    }
    tokens = _MARKDOWN.parse(_NOT_IN_HTML.sub("\ufffd", text), env)
    # The parser leaves out whatever is nested deeper than its limit; nobody's words may vanish.
    if any(token.nesting == 1 and token.level + 1 >= MAX_NESTING for token in tokens):
        raise TooDeep
    found = list(_blocks(tokens, env))
    return Parsed(found, env["references"], bool(env.get("footnotes", {}).get("refs")))


def _blocks(tokens: Sequence[Token], env: EnvType) -> Iterator[Block]:
    for group in _top_level(tokens):
        line = group[0].map[0] if group[0].map else None
        cells = [cells for at, cells in env["cells_left"] if line is not None and at <= line]
        left = Left(env["colour_left"], env["math_left"], cells[-1] if cells else 0)
        html = str(_MARKDOWN.renderer.render(group, _MARKDOWN.options, env))
        if cleaned := _CLEANER.clean(html):
            yield Block(cleaned, line, left)


def _top_level(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    begin = depth = 0
    for end, token in enumerate(tokens, 1):
        depth += token.nesting
        if depth == 0:
            yield tokens[begin:end]
            begin = end


def _markdown() -> MarkdownIt:
    options = {"html": False, "breaks": True, "tasklists": True, "maxNesting": MAX_NESTING}
    md = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    md.use(footnote_plugin, inline=False)
    dollars.install(md)
    addresses.install(md)
    md.validateLink = _is_safe_link  # type: ignore[method-assign]  # the documented way
    md.block.ruler.at("table", _small_table, {"alt": ["paragraph", "reference"]})
    md.core.ruler.push("without_images_and_styles", _without_images_and_styles)
    for name, rule in _RENDER_RULES.items():
        md.add_render_rule(name, rule)
    return md


def _is_safe_link(url: str) -> bool:
    return _SAFE_LINK.match(url) is not None


def _small_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The table rule until a text's cells are used up: a short row is filled up to the header."""
    left = state.env["cells_left"][-1][1]
    if not left or not table(state, start, end, True):
        return False
    if silent:
        return True
    rows = sum(1 for _ in takewhile(lambda line: not state.isEmpty(line), range(start, end)))
    cells = rows * (_line(state, start + 1).count("|") + 1)
    # Refused once is refused from there on, or a text of table heads is counted again at each.
    left = max(left - cells, 0)
    state.env["cells_left"].append((start + 1, left))
    return bool(left) and table(state, start, end, False)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _without_images_and_styles(state: StateCore) -> None:
    """Images become links, for a remote image tells its host who reads; `style` becomes a class."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = _without_images(token.children or [])
        elif style := token.attrs.pop("style", None):
            token.attrSet("class", str(style).removeprefix("text-align:"))


def _without_images(children: list[Token]) -> list[Token]:
    result: list[Token] = []
    in_link = False
    for token in children:
        in_link = token.type == "link_open" or (in_link and token.type != "link_close")
        if token.type != "image":
            result.append(token)
        elif in_link:
            result.append(_alt_text(token))
        else:
            link = Token("link_open", "a", 1, attrs={"href": token.attrs["src"]})
            result += [link, _alt_text(token), Token("link_close", "a", -1)]
    return result


def _alt_text(image: Token) -> Token:
    alt = RendererHTML().renderInlineAsText(image.children, _MARKDOWN.options, {})
    return Token("text", "", 0, content=alt or str(image.attrs["src"]))


def _list_item(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """A task's box has a name, and in no language, for the same bytes go to everybody."""
    name = "☑" if tokens[index].meta.get("checked") else "☐"
    opening = RendererHTML.list_item_open(self, tokens, index, options, env)
    return opening.replace("<input", f'<input aria-label="{name}"')


def _code(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    named = _LANGUAGE.match(token.info)
    language = named.group().lower() if named else ""
    if len(token.content) <= env["colour_left"]:
        env["colour_left"] -= len(token.content) if language else 0
        code = highlight(token.content, language, env["colour_until"])
    else:
        code = escape(token.content)
    opening = f'<div class="code" data-language="{language}"><pre><code>'
    return f"{opening}{code}</code></pre></div>\n"


def _footnote_ref(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """The number alone: a link needs an id, and ids of one message would meet those of another."""
    return f'<sup class="footnote-ref">[{tokens[index].meta["id"] + 1}]</sup>'


def _math(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """What cannot be drawn is shown as it was written."""
    token = tokens[index]
    drawn = None
    if len(token.content) <= env["math_left"]:
        env["math_left"] -= len(token.content)
        drawn = mathml.mathml(token.content, is_block=token.markup == "$$")
    shown = drawn or escape(f"{token.markup}{token.content}{token.markup}", quote=False)
    return f'<div class="math" tabindex="0">{shown}</div>\n' if token.block else shown


_RENDER_RULES = {
    "math_inline": _math,
    "math_display": _math,
    "math_block": _math,
    "list_item_open": _list_item,
    "fence": _code,
    "code_block": _code,
    "footnote_ref": _footnote_ref,
    "footnote_block_open": lambda *_: '<section class="footnotes"><ol>\n',
    "footnote_block_close": lambda *_: "</ol></section>\n",
    "footnote_open": lambda *_: "<li>",
    "footnote_anchor": lambda *_: "",
    "table_open": lambda *_: '<div class="table" tabindex="0"><table>\n',
    "table_close": lambda *_: "</table></div>\n",
}
_MARKDOWN = _markdown()
