"""How one event is told from another, and a row of events from another row. Pure."""

import re
from hashlib import blake2b

from chat_app.remote.values import Sent

# The event's own id and its content. The number fits where JSON has only 53 bits for one.
Mark = tuple[str | None, int]

_MARK_BYTES = 6
_PRIME = 2**48 - 59
_STEP = 1_000_003
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def mark_of(sent: Sent) -> Mark:
    """The same for the same event, and for two others only by a chance of 1 to 2**48."""
    content = f"{sent.event}\0{sent.data}".encode()
    number = int.from_bytes(blake2b(content, digest_size=_MARK_BYTES).digest(), "big")
    return sent.id or None, number % _PRIME


def chained(chain: int, mark: Mark) -> int:
    """The number of a row of events whose last one is `mark`; of none it is 0."""
    return (chain * _STEP + mark[1] + 1) % _PRIME


def is_uniform(chain: int, mark_number: int, count: int) -> bool:
    """Whether the row is `count` times the same event. (The sum of a geometric series.)"""
    factor = (pow(_STEP, count, _PRIME) - 1) * pow(_STEP - 1, -1, _PRIME)
    return chain == (mark_number + 1) * factor % _PRIME


def is_telling(sent: Sent) -> bool:
    """Whether the event cannot be another one of the same words: it has an id, or the time that
    a `log` begins with."""
    return bool(sent.id) or _TIME.match(sent.data) is not None


def number_of(id: str | None) -> int | None:
    """The number that an id is, None for all others."""
    is_number = id and id.isascii() and id.isdecimal() and len(id) <= 18
    return int(id) if id and is_number else None
