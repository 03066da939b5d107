"""The files of the conversation as the model is told them: text in a fenced block, images as data
addresses. Pure.
"""

import re
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Only the newest files are told; of older ones the model hears the name.
MESSAGES_MAX = 4
IMAGES_MAX = 10
BYTES_MAX = 16 * 1024 * 1024
# What providers charge for one, about: they differ, and none says so beforehand.
IMAGE_TOKENS = 1_000
# A shorter beginning of a file says nothing.
LEAST_TOKENS = 50

_FENCES = re.compile("`{3,}")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message; `content` is None where the model is not to have it any more."""

    name: str
    media_type: str
    content: bytes | None = field(default=None, repr=False)

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a message's files: `text` goes after the message, `images` with it."""

    text: str = ""
    images: tuple[dict[str, Any], ...] = ()
    cost: int = 0


def wanted(attachments: Sequence[Sequence[Mapping[str, Any]]]) -> list[int]:
    """The ids of the files to read, of all messages' files in the messages' order: those of the
    newest `MESSAGES_MAX` that have any, as far as the bounds above allow.
    """
    ids: list[int] = []
    images = size_bytes = 0
    newest = [files for files in reversed(attachments) if files][:MESSAGES_MAX]
    for file in (file for files in newest for file in files):
        is_image = file["media_type"].startswith("image/")
        if size_bytes + file["size"] <= BYTES_MAX and images + is_image <= IMAGES_MAX:
            ids.append(file["id"])
            images += is_image
            size_bytes += file["size"]
    return ids


def told(files: Sequence[Attached], budget: int, tokens: Callable[[str], int]) -> Told:
    """These files within `budget` tokens, as `tokens` counts them: what does not fit is cut, or
    only named. The names alone are told in any case.
    """
    texts: list[str] = []
    images: list[dict[str, Any]] = []
    cost = 0
    for file in files:
        left = budget - cost
        if file.content is None or left < (IMAGE_TOKENS if file.is_image else LEAST_TOKENS):
            kind = "Image" if file.is_image else "File"
            texts.append(f"[{kind}, not shown: {file.name}]")
        elif file.is_image:
            texts.append(f"[Image: {file.name}]")
            images.append(_image(file.media_type, file.content))
            cost += IMAGE_TOKENS
        else:
            texts.append(_block(file.name, file.content.decode("utf-8-sig"), left, tokens))
        cost += tokens(texts[-1])
    return Told("\n\n".join(texts), tuple(images), cost)


def _image(media_type: str, content: bytes) -> dict[str, Any]:
    """https://platform.openai.com/docs/guides/images-vision"""
    address = f"data:{media_type};base64,{b64encode(content).decode()}"
    return {"type": "image_url", "image_url": {"url": address}}


def _block(name: str, text: str, budget: int, tokens: Callable[[str], int]) -> str:
    """The file in a fence that nothing inside it can close."""
    note = ""
    if tokens(text) > budget:
        note = f"\n[Cut: the file has {len(text):,} characters.]"
        fits = bisect_right(range(len(text)), budget, key=lambda chars: tokens(text[:chars]))
        text = text[: max(fits - 1, 0)]
    fence = "`" * (max(map(len, _FENCES.findall(text)), default=2) + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"File: {name}\n{fence}\n{text}{end}{fence}{note}"
