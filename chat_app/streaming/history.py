"""What the model is told: the system prompt, and as much of the conversation as fits. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_MESSAGES = 200
MAX_TOKENS = 32_000
# Without the model's own tokenizer: English is about four letters a token, Chinese about one.
ASCII_CHARS_PER_TOKEN = 4

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation: `role` is `user`, `assistant` or `system`."""

    role: str
    author: str
    body: str


def fill(template: str, variables: Mapping[str, str]) -> str:
    """The system prompt with `{{ name }}` replaced; an unknown name stays as it is written."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), template)


def tokens(text: str) -> int:
    """About how many tokens `text` costs, rather too many than too few."""
    ascii_chars = len(text.encode("ascii", "ignore"))
    return ascii_chars // ASCII_CHARS_PER_TOKEN + (len(text) - ascii_chars) + 4


def messages(system: str, said: Sequence[Said], budget: int = MAX_TOKENS) -> list[dict[str, Any]]:
    """The request's `messages`: the system prompt always, then the newest that fit in `budget`.

    The last message, the question, is always among them. Where several people speak, each
    message of theirs begins with the name.
    """
    left = budget - tokens(system)
    kept: list[Said] = []
    for message in reversed(said):
        left -= tokens(message.body)
        if kept and left < 0:
            break
        kept.append(message)
    several = len({message.author for message in kept if message.role == "user"}) > 1
    told = [{"role": m.role, "content": _content(m, several)} for m in reversed(kept)]
    return [{"role": "system", "content": system}, *told] if system else told


def _content(message: Said, several: bool) -> str:
    named = several and message.role == "user"
    return f"{message.author}: {message.body}" if named else message.body
