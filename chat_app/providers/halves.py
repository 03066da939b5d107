"""Mends text in which a character came in two halves. Pure.

A character beyond U+FFFF is two UTF-16 halves in JSON escapes (`\\ud83d\\ude00`). Providers that
cut their text by escapes put the halves into two chunks. A half alone cannot be stored or sent
as UTF-8, so it has to meet its partner here or become U+FFFD.
"""


class Halves:
    """Keeps the halves that wait for their partner, one a strand of text."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}

    def join(self, strand: str, text: str) -> str:
        """`text` with what waited before it; a first half at its end is kept for the next."""
        text = self._waiting.pop(strand, "") + text
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._waiting[strand] = text[-1]
            text = text[:-1]
        return mended(text)

    def drain(self) -> dict[str, str]:
        """For each strand that ends in the middle of a character, the U+FFFD that ends it."""
        lost = dict.fromkeys(self._waiting, "\ufffd")
        self._waiting.clear()
        return lost


def mended(text: str) -> str:
    """Pairs of halves become their character, single ones U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
