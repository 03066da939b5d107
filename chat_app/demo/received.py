"""The files that came with a message, told apart from its words. Pure.

They come as streaming/attached.py tells them to any model: text in a fence below `File: name`,
images as parts beside a line `[Image: name]`, and what is only named as `[File, not shown: name]`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FILE = re.compile(
    r"^File: (?P<name>.+)\n(?P<fence>`{3,})\n(?P<text>.*?)^(?P=fence)$(?:\n\[Cut: .*\]$)?\n*",
    re.MULTILINE | re.DOTALL,
)
_NAMED = re.compile(r"^\[(?:Image|File)(?P<gone>, not shown)?: (?P<name>.+)\]$\n*", re.MULTILINE)
_DATA = re.compile(r"data:(?P<type>[\w/+.-]+);base64,(?P<data>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it arrived."""

    name: str
    media_type: str
    size_bytes: int


def take_apart(text: str, addresses: Sequence[str]) -> tuple[str, tuple[Received, ...]]:
    """A message's words without its files, and these; `addresses` are those of its images."""
    files = [
        Received(found["name"], "text/plain", len(found["text"].encode()))
        for found in _FILE.finditer(text)
    ]
    rest = _FILE.sub("", text)
    if not (files or addresses or _NAMED.search(text)):
        return text, ()
    names = [found["name"] for found in _NAMED.finditer(rest) if not found["gone"]]
    names += [""] * len(addresses)
    images = [_image(name, address) for name, address in zip(names, addresses, strict=False)]
    return _NAMED.sub("", rest).strip(), (*images, *files)


def _image(name: str, address: str) -> Received:
    """An image that lies elsewhere is not fetched: of that one only the address is known."""
    found = _DATA.fullmatch(address)
    if found is None:
        return Received(name or address[:80], "image", 0)
    data = found["data"].rstrip("=")
    return Received(name or "image", found["type"], len(data) * 3 // 4)
