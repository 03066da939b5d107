"""What was said in a conversation, as the demo model sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chat_app.demo.received import Received


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: the tool's name as the request has it, and the arguments as an object."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation: `role` is `user`, `assistant`, `system` or `tool`.

    `calls` are those of an assistant's message; a tool's message has the `call_id` of its call.
    `files` came with it.
    """

    role: str
    text: str
    calls: tuple[Call, ...] = ()
    call_id: str | None = None
    files: tuple[Received, ...] = ()


def by(role: str, conversation: Sequence[Said]) -> list[str]:
    """What `role` said, oldest first; empty messages are left out."""
    return [said.text for said in conversation if said.role == role and said.text.strip()]


def last_question(conversation: Sequence[Said]) -> Said | None:
    """The last message of a user that says anything, were it by its files alone."""
    said = (one for one in reversed(conversation) if one.role == "user")
    return next((one for one in said if one.text.strip() or one.files), None)


def since_the_question(conversation: Sequence[Said]) -> Sequence[Said]:
    """What came after the last message of a user: tool calls and their results."""
    asked = [n for n, said in enumerate(conversation) if said.role == "user"]
    return conversation[asked[-1] + 1 :] if asked else conversation
