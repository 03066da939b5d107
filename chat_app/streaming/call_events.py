"""What happens with a tool call, as events; pure."""

from datetime import datetime
from typing import Any

from chat_app.errors import HoldfastError, ToolUnavailable
from chat_app.streaming import events
from chat_app.streaming.events import Event
from chat_app.streaming.rounds import Call
from chat_app.tools.values import CallResult, InputRequest

UNKNOWN = (
    "Outcome unknown: the connection to the tool was lost while it ran. It may have been done, or "
    "not. Do not simply call it again; find out first, or ask the person."
)


def approval(call: Call, expires_at: datetime, form: InputRequest | None = None) -> Event:
    """A person is asked: whether it may run, or for the form that its server wants."""
    more = {"message": form.message, "schema": form.schema} if form else {}
    return events.tool_approval(call.id, call.tool, call.server, call.args, expires_at, **more)


def started(call: Call) -> Event:
    return events.tool_call(call.id, call.tool, call.server, call.args)


def failed(call: Call, error: HoldfastError, is_unknown: bool = False) -> Event:
    """The result of a call that gave none; `is_unknown`: it may have run nevertheless."""
    said = ToolUnavailable(f"{error.message} {UNKNOWN}") if is_unknown else error
    told = {"result": said.message, "is_error": True, "duration_ms": 0}
    return result(call, {**told, "error_code": error.error_code})


def result(call: Call, told: dict[str, Any]) -> Event:
    about = {"call_id": call.id, "tool": call.tool, "server": call.server}
    return Event("tool_result", fields={**about, **told})


def told(result: CallResult) -> dict[str, Any]:
    """What a tool gave back, as its event has it."""
    told: dict[str, Any] = {"result": result.text, "is_error": result.is_error, "duration_ms": 0}
    if result.content:
        told["content"] = list(result.content)
    if result.structured not in (None, {"result": result.text}):  # how a bare text is wrapped
        told["structured"] = result.structured
    return told


def unknown(call: Call) -> Event:
    """The result of a call that may have run, and nobody knows."""
    return failed(call, ToolUnavailable(UNKNOWN))
