"""Markdown rules for formulas between dollar signs, where no price can be meant.

`$x$` stands in a line: no space inside its dollars, no letter or digit of ASCII outside at them
(Chinese has no spaces around a formula). `$$x$$` may go over several lines, but over no empty one.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

MAX_LINES = 60
MAX_CHARS = 2_000

_IN_LINE = re.compile(r"\$(?![\s$])((?:[^$\\\n]|\\[^\n])+)(?<!\s)\$(?![A-Za-z0-9$])")
_DISPLAYED = re.compile(r"\$\$((?:[^$\\]|\\.)+)\$\$(?!\$)", re.DOTALL)


def install(md: MarkdownIt) -> None:
    """Make tokens `math_inline`, `math_display` (within a paragraph) and `math_block`."""
    md.inline.ruler.before("escape", "math", _inline)
    md.block.ruler.before("fence", "math_block", _block, {"alt": ["paragraph"]})


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$":
        return False
    before = state.src[state.pos - 1] if state.pos else " "
    if before == "$" or (before.isascii() and before.isalnum()):
        return False
    end = state.pos + MAX_CHARS
    displayed = _DISPLAYED.match(state.src, state.pos, end)
    found = displayed or _IN_LINE.match(state.src, state.pos, end)
    if found is None or not found[1].strip():
        return False
    if not silent:
        token = state.push("math_display" if displayed else "math_inline", "math", 0)
        token.content, token.markup = found[1].strip(), "$$" if displayed else "$"
    state.pos = found.end()
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start) or not _line(state, start).startswith("$$"):
        return False
    lines = [_line(state, start)[2:]]
    while not lines[-1].endswith("$$"):
        line = start + len(lines)
        is_over = line >= end or len(lines) == MAX_LINES or state.isEmpty(line)
        # Dollars in the midst of a line end no block; to look beyond them for each would be slow.
        if is_over or state.sCount[line] < state.blkIndent or "$$" in lines[-1]:
            return False
        lines.append(_line(state, line))
    content = "\n".join(lines)[:-2].strip()
    if not content or "$$" in content:
        return False
    if silent:
        return True
    state.line = start + len(lines)
    token = state.push("math_block", "math", 0)
    token.block, token.map = True, [start, state.line]
    token.content, token.markup = content, "$$"
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
