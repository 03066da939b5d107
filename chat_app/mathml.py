"""Formulas: TeX to MathML that holds nothing but symbols.

The library leaves text as it was typed, and knows commands for links and styles. So its tree is
written out here, element by element, from a list of what may be there.
"""

import re
from functools import lru_cache
from html import escape
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

MAX_CHARS = 1_000
MEMO_FORMULAS = 512

# fmt: off
ELEMENTS = frozenset({
    "math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded",
    "mphantom", "mprescripts", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup",
    "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none",
})
ATTRIBUTES = frozenset({
    "accent", "accentunder", "columnalign", "columnspacing", "display", "displaystyle", "fence",
    "form", "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize",
    "movablelimits", "notation", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy",
    "symmetric", "width",
})
# fmt: on
# Words, and small numbers: a formula must not reach over the page.
_VALUE = re.compile(r"[a-z-]{1,24}|[+-]?\d?(\.\d{1,4})?(em|ex)?|\d{1,2}(pt|px)", re.ASCII)
_SYMBOL = re.compile(r"&#x([0-9A-F]{1,6});")


@lru_cache(maxsize=MEMO_FORMULAS)
def mathml(tex: str, is_block: bool) -> str | None:
    """A `<math>` element for the formula; None for one that is too long or makes no sense."""
    if len(tex) > MAX_CHARS:
        return None
    try:
        return _written(convert_to_element(tex, display="block" if is_block else "inline"))
    except Exception:  # the library raises whatever its parser stumbles over
        return None


def _written(element: Element) -> str:
    if element.tag not in ELEMENTS:
        raise ValueError(element.tag)
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and _VALUE.fullmatch(value)
    )
    inner = _escaped(element.text) + "".join(_written(child) for child in element)
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>{_escaped(element.tail)}"


def _escaped(text: str | None) -> str:
    """The library names symbols by their numbers."""
    return escape(_SYMBOL.sub(lambda found: chr(int(found[1], 16)), text or ""), quote=False)
