"""Markdown that grows at its end, as HTML blocks, without reading all of it again each time.

What comes later cannot change a block that was followed by an empty line and then by a whole line
that began another one: the parser looks back over no empty line, and ahead over none but for
what is indented. Two things reach further. A footnote changes numbers and the end of the text:
then all is rendered anew each time. So does the target of a reference link, until it is written.
"""

from collections.abc import Sequence

from chat_app import markdown
from chat_app.markdown import Block, Left, Parsed, Targets


class Growing:
    """A text's blocks, the same bytes as `markdown.blocks` gives."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._past = ""  # what the blocks that are done were made of
        self._done: list[str] = []
        self._left = Left()
        self._targets: Targets = {}  # defined in the past
        self._used: dict[str, tuple[str, str]] = {}  # known when the done blocks were made

    def blocks(self, text: str) -> list[str]:
        """The blocks of `text`, best of one that begins as the last one did. Never raises."""
        if "\r" in text or markdown.costs_too_much(text):
            self._forget()
            return markdown.blocks(text)
        if not text.startswith(self._past):
            self._forget()
        try:
            return self._blocks(text)
        except Exception:  # too deep, or a bug in a parser: `markdown.blocks` knows what to do
            self._forget()
            return markdown.blocks(text)

    def _blocks(self, text: str) -> list[str]:
        rest = text[len(self._past) :]
        parsed = markdown.parse(rest, self._targets, self._left)
        used = {label: (to["href"], to["title"]) for label, to in parsed.targets.items()}
        if self._past and (parsed.has_footnotes or used != self._used):
            self._forget()
            return self._blocks(text)
        self._used = used
        whole = self._done + [block.html for block in parsed.blocks]
        if not parsed.has_footnotes:
            self._keep(rest, parsed)
        return whole

    def _keep(self, rest: str, parsed: Parsed) -> None:
        """Be done with all blocks before the last place where one surely began."""
        lines = rest.split("\n")
        place = _last_beginning(parsed.blocks, lines)
        if place is None:
            return
        block = parsed.blocks[place]
        line = block.line or 0
        self._past += "".join(f"{past}\n" for past in lines[:line])
        self._done += [done.html for done in parsed.blocks[:place]]
        self._left = block.left
        for label, target in parsed.targets.items():
            if target["map"][0] < line:
                # Whatever the rest defines, it does so after these.
                self._targets[label] = target | {"map": [-1, -1]}


def _last_beginning(blocks: Sequence[Block], lines: Sequence[str]) -> int | None:
    """The number of the last block that has an empty line before it and whose first line is
    whole.
    """
    for place in range(len(blocks) - 1, 0, -1):
        line = blocks[place].line
        if line and line < len(lines) - 1 and not lines[line - 1].strip(" \t"):
            return place
    return None
