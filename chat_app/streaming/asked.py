"""The tool calls that a model asks for, put together from their pieces and checked. Pure."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import orjson

from chat_app.errors import HoldfastError, ToolDenied, ToolFailed, ToolLimitReached
from chat_app.providers.values import ToolCallPart
from chat_app.store.approvals import CALL_ID_MAX_CHARS
from chat_app.streaming.rounds import Call
from chat_app.toolbox.offer import OfferedTool

CALLS_A_ROUND_MAX = 32
ARGUMENTS_MAX_CHARS = 128 * 1024
NAME_MAX_CHARS = 128
_ID = re.compile(r"[\w.:-]+", re.ASCII)  # it stands in addresses


@dataclass(slots=True)
class _Draft:
    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    chars: int = 0


class Drafts:
    """The calls of one round while their pieces come in."""

    def __init__(self) -> None:
        self._drafts: dict[int, _Draft] = {}

    def take(self, part: ToolCallPart) -> None:
        draft = self._drafts.setdefault(part.index, _Draft())
        draft.call_id = draft.call_id or part.call_id or ""
        draft.name = draft.name or part.name or ""
        draft.chars += len(part.arguments)
        if draft.chars <= ARGUMENTS_MAX_CHARS:
            draft.arguments.append(part.arguments)

    def calls(
        self, tools: dict[str, OfferedTool], taken: Collection[str]
    ) -> list[tuple[Call, HoldfastError | None]]:
        """Each call, with why it cannot be made where it cannot.

        `taken` are the ids of earlier calls: one that comes again gets an id of ours.
        """
        used, found = set(taken), []
        for place, (_, draft) in enumerate(sorted(self._drafts.items())):
            call_id = _free_id(draft.call_id, used)
            used.add(call_id)
            args, refusal = _arguments(draft)
            tool = tools.get(draft.name)
            call = Call(
                call_id, draft.name[:NAME_MAX_CHARS], tool.server.name if tool else "", args
            )
            found.append((call, _refusal(place, draft, tool) or refusal))
        return found


def _free_id(wanted: str, used: set[str]) -> str:
    if _ID.fullmatch(wanted) and len(wanted) <= CALL_ID_MAX_CHARS and wanted not in used:
        return wanted
    return f"call_{secrets.token_hex(8)}"


def _refusal(place: int, draft: _Draft, tool: OfferedTool | None) -> HoldfastError | None:
    if place >= CALLS_A_ROUND_MAX:
        return ToolLimitReached(f"At most {CALLS_A_ROUND_MAX} tools may be called at once.")
    if tool is None:
        return ToolFailed(f"There is no tool named “{draft.name[:NAME_MAX_CHARS]}”.")
    if tool.policy == "never":
        return ToolDenied(f"The tool “{tool.name}” is not allowed here.")
    return None


def _arguments(draft: _Draft) -> tuple[dict[str, Any], HoldfastError | None]:
    """The arguments as an object; an empty one and the reason where they are none."""
    if draft.chars > ARGUMENTS_MAX_CHARS:
        return {}, ToolFailed(f"The arguments are longer than {ARGUMENTS_MAX_CHARS:,} characters.")
    text = "".join(draft.arguments).strip()
    try:
        args = orjson.loads(text) if text else {}
    except ValueError as error:
        return {}, ToolFailed(f"The arguments are not valid JSON: {error}. Send them again.")
    if not isinstance(args, dict):
        return {}, ToolFailed("The arguments must be a JSON object. Send them again.")
    return without_nul(args), None


def without_nul(value: Any) -> Any:
    """JSON without NUL characters, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    return value
