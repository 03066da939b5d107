"""Tool calls as messages, runs and approvals have them."""

from dataclasses import dataclass, field
from typing import Any

EXPIRES_AT = "2026-11-21T12:00:00Z"
# What a hostile tool, server or model puts wherever it can.
HOSTILE = (
    "<script>document.title='broken'</script>\"'><img src=x onerror=\"document.title='broken'\">"
)


def call(at: int = 0, **changes: Any) -> dict[str, Any]:
    """A finished call; what is given replaces its fields."""
    about = {"call_id": "call_1", "tool": "current_time", "server": "demo", "args": {"tz": "UTC"}}
    ended = {"result": "noon", "is_error": False, "duration_ms": 40}
    return about | ended | {"at": at, "round": 0} | changes


def unfinished(at: int = 0, **changes: Any) -> dict[str, Any]:
    return call(at, **{"result": None, "is_error": True, "duration_ms": None} | changes)


def approval(**changes: Any) -> dict[str, Any]:
    """A call that waits; with a `schema`, a form of its server."""
    about = {"call_id": "call_1", "tool": "send_mail", "server": "post", "args": {"to": "Bo"}}
    return about | {"expires_at": EXPIRES_AT} | changes


@dataclass(frozen=True)
class Stored:
    """A message, as far as its answer is concerned."""

    body: str = ""
    status: str = "complete"
    tool_calls: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Live:
    """What `services.runs.live_answers` gives."""

    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    run_id: str = "run-1"
