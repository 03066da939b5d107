"""The lines that go between the web process and its sidecar: JSON objects, one a line. Pure.

to the sidecar    {"op": "setup", "limits", "idle_s", "networks", "env"}   the first line
                  {"op": "list", "id", "spec", "fresh"}
                  {"op": "call", "id", "spec", "tool", "args", "answers", "repeatable",
                   "channel_id", "takes_input"}
                  {"op": "oauth.discover" | "oauth.register" | "oauth.tokens", "id", "spec",
                   "timeout_s", …}                                       tools/oauth.py
                  {"op": "cancel", "id"}   {"op": "input", "id", "key", "answer"}
                  {"op": "forget", "server_id"}   {"op": "answer", "ask", "value" | "error"}
to the web side   {"id", "kind": "listing" | "result" | "required" | "error" | "progress" |
                   "input" | "oauth", "value"}
                  {"event": "tools" | "lost", "spec", "value"}
                  {"event": "started" | "ended", "value": pid of a stdio server}
                  {"event": "log", "value": {…}}   {"event": "ask", "ask", "op", "value"}
"""

import json
from dataclasses import asdict
from ipaddress import ip_network
from typing import Any

import orjson

from chat_app.egress import Networks
from chat_app.errors import HoldfastError, ToolFailed, ToolTimeout, ToolUnavailable
from chat_app.tools.values import (
    CallResult,
    InputAnswers,
    InputRequest,
    InputRequired,
    Listing,
    Progress,
    ServerSpec,
    ToolLimits,
    ToolSpec,
)

Message = dict[str, Any]
_ERRORS = {cls.error_code: cls for cls in (ToolUnavailable, ToolTimeout, ToolFailed)}


class Unsendable(Exception):
    """What is no JSON: a lone surrogate, a set, a million brackets."""


def line(message: Message) -> bytes:
    """The message as a line; raises Unsendable."""
    try:
        return orjson.dumps(message) + b"\n"
    except TypeError:
        return _slow_line(message)


def _slow_line(message: Message) -> bytes:
    """orjson takes no integer over 64 bits. It reads one, on the other side, as a float."""
    try:
        text = json.dumps(message, default=asdict, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"
    except (TypeError, ValueError, RecursionError):
        raise Unsendable from None


def message(line: bytes) -> Message:
    found: Message = orjson.loads(line)
    return found


def read_spec(raw: Message) -> ServerSpec:
    pairs = {name: tuple((k, v) for k, v in raw[name]) for name in ("headers", "env")}
    return ServerSpec(**{**raw, **pairs, "command": tuple(raw["command"])})


def read_listing(raw: Message) -> Listing:
    return Listing(**{**raw, "tools": tuple(ToolSpec(**tool) for tool in raw["tools"])})


def read_progress(raw: Message) -> Progress:
    return Progress(**raw)


def read_result(raw: Message) -> CallResult:
    return CallResult(**{**raw, "content": tuple(raw["content"])})


def read_input(raw: Message) -> InputRequest:
    return InputRequest(**raw)


def read_required(raw: Message) -> InputRequired:
    return InputRequired(tuple(read_input(one) for one in raw["requests"]), raw["state"])


def read_answers(raw: Message | None) -> InputAnswers | None:
    return None if raw is None else InputAnswers(**raw)


def read_limits(raw: Message) -> ToolLimits:
    return ToolLimits(**raw)


def networks(networks: Networks) -> list[str]:
    return [str(network) for network in networks.allowed]


def read_networks(raw: list[str]) -> Networks:
    return Networks(tuple(ip_network(network) for network in raw))


def error(fault: HoldfastError) -> Message:
    """A failure; one that is no tool's is told as ToolFailed."""
    code = fault.error_code if fault.error_code in _ERRORS else ToolFailed.error_code
    return {"code": code, "message": fault.message, "fields": fault.fields}


def read_error(raw: Message) -> HoldfastError:
    return _ERRORS[raw["code"]](raw["message"], **raw["fields"])
