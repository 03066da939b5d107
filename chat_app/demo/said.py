"""What was said in a conversation, as the demo model sees it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation: `role` is `user`, `assistant`, `system` or `tool`."""

    role: str
    text: str


def by(role: str, conversation: Sequence[Said]) -> list[str]:
    """What `role` said, oldest first; empty messages are left out."""
    return [said.text for said in conversation if said.role == role and said.text.strip()]
