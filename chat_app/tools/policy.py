"""Whether a tool may run by itself: `auto`, `ask` a person first, or `never`. Pure."""

from typing import Any

READ_ONLY, IDEMPOTENT = "readOnlyHint", "idempotentHint"


def default(is_system: bool, annotations: dict[str, Any]) -> str:
    """The policy where nobody chose one: what an operator offers or what only reads runs."""
    return "auto" if is_system or annotations.get(READ_ONLY) is True else "ask"


def effective(
    is_system: bool,
    annotations: dict[str, Any],
    changed: bool,
    chosen: str | None,
    chosen_for_agent: str | None = None,
) -> str:
    """The policy that holds; the agent's own choice counts before the tool's.

    A tool that is no longer what somebody agreed to asks again, whatever was chosen for it.
    """
    policy = chosen_for_agent or chosen or default(is_system, annotations)
    return "ask" if changed and policy == "auto" else policy


def is_repeatable(annotations: dict[str, Any]) -> bool:
    """Whether running it twice does no more than once, as its server says."""
    return annotations.get(READ_ONLY) is True or annotations.get(IDEMPOTENT) is True
