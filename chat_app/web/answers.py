"""An answer as the page shows it: its text, and each tool call where it was made. Pure.

What a tool, its server or a model wrote is text here; nothing of it becomes markup or an address.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from flask_babel import gettext as _

from chat_app import sentences
from chat_app.web import words
from chat_app.web.asked_fields import AskedField, fields_of

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SOUNDS = ("audio/mpeg", "audio/wav", "audio/ogg", "audio/webm")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")


class Message(Protocol):
    """What is needed of a stored answer."""

    @property
    def body(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def tool_calls(self) -> Sequence[dict[str, Any]]: ...


class Live(Protocol):
    """What is needed of an answer that is being written."""

    @property
    def run_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tool_calls(self) -> Sequence[dict[str, Any]]: ...
    @property
    def approvals(self) -> Sequence[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Thing:
    """What a tool gave besides text: `kind` is `image`, `audio`, `link` or `other`.

    `address` is a data address of a harmless type, or one of the web; else empty.
    """

    kind: str
    address: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person is asked: whether the call may be made, or to fill in the server's form."""

    call_id: str
    tool: str
    server: str
    args: str
    message: str
    is_form: bool
    fields: tuple[AskedField, ...]
    expires_at: datetime
    left: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`state` is `waiting`, `running`, `done`, `failed`, `refused` or `stopped`."""

    call_id: str
    tool: str
    server: str
    state: str
    time: str
    args: str
    result: str
    things: tuple[Thing, ...] = ()
    approval: Approval | None = None


NO_CALL = ToolCall("", "", "", "running", "", "", "")


@dataclass(frozen=True, slots=True)
class Shown:
    """Text and calls in their order; `status` is how the answer stands. `run_id` is the run that
    writes it now, `task` the remote run that gave it or is to.
    """

    parts: tuple[str | ToolCall, ...]
    status: str
    run_id: str | None = None
    task: str | None = None

    @property
    def asks(self) -> list[Approval]:
        """What waits for a person."""
        return [
            part.approval for part in self.parts if isinstance(part, ToolCall) and part.approval
        ]


THINKING = Shown((), "thinking")


def shown(
    message: Message, live: Live | None, now: datetime | None = None, task: str | None = None
) -> Shown:
    """The answer as stored, or as far as it is written."""
    if live is None:
        parts = _parts(message.body, [_call(call, "stopped") for call in message.tool_calls])
        status = message.status
        if status == "streaming" and not parts:
            status = "thinking"
        return Shown(parts, status, task=task)
    asked = waiting(live.approvals, now)
    calls = [_call(c, "running", asked.pop(c["call_id"], None)) for c in live.tool_calls]
    # A question about a call that is not told yet stands at the end.
    calls += [_asked_call(approval, len(live.text)) for approval in asked.values()]
    parts = _parts(live.text, calls)
    is_busy = bool(parts) and (isinstance(parts[-1], str) or _is_open(parts))
    return Shown(parts, "streaming" if is_busy else "thinking", live.run_id, task)


def waiting(
    approvals: Iterable[dict[str, Any]], now: datetime | None = None
) -> dict[str, Approval]:
    """By call id; of several questions about one call the first, until it is answered."""
    now = now or datetime.now(UTC)
    found: dict[str, Approval] = {}
    for approval in approvals:
        if approval["call_id"] not in found:
            found[approval["call_id"]] = _approval(approval, now)
    return found


def pretty(value: object) -> str:
    """JSON on several lines; empty for nothing."""
    return "" if value in (None, {}) else json.dumps(value, indent=2, ensure_ascii=False)


def _parts(text: str, calls: Sequence[tuple[int, ToolCall]]) -> tuple[str | ToolCall, ...]:
    parts: list[str | ToolCall] = []
    begin = 0
    for at, call in calls:
        parts += [text[begin:at], call]
        begin = max(begin, at)
    parts.append(text[begin:])
    return tuple(part for part in parts if not isinstance(part, str) or part.strip())


def _is_open(parts: Sequence[str | ToolCall]) -> bool:
    """Whether one of the calls at the end has no result yet: the card says so itself."""
    for part in reversed(parts):
        if isinstance(part, str):
            return False
        if part.state in ("running", "waiting"):
            return True
    return False


def _call(
    call: dict[str, Any], unfinished: str, approval: Approval | None = None
) -> tuple[int, ToolCall]:
    """`unfinished` is the state of a call without a result."""
    # Where there is a code, it is an error of ours that the model was told.
    result = sentences.told(call["result"]) if call.get("error_code") else call["result"]
    structured = call.get("structured")
    return call["at"], ToolCall(
        call_id=call["call_id"],
        tool=call["tool"],
        server=call["server"],
        state="waiting" if approval else _state(call, unfinished),
        time=words.duration(call["duration_ms"]),
        args=pretty(call["args"]),
        result=result or ("" if structured is None else pretty(structured)),
        things=tuple(_thing(part, call["tool"]) for part in call.get("content", ())),
        approval=approval,
    )


def _state(call: dict[str, Any], unfinished: str) -> str:
    if call["result"] is None:
        return unfinished
    if not call["is_error"]:
        return "done"
    return "refused" if call.get("error_code") == "tool_denied" else "failed"


def _asked_call(approval: Approval, at: int) -> tuple[int, ToolCall]:
    about = (approval.call_id, approval.tool, approval.server)
    return at, ToolCall(*about, "waiting", "", approval.args, "", approval=approval)


def _approval(asked: dict[str, Any], now: datetime) -> Approval:
    expires_at = datetime.fromisoformat(asked["expires_at"])
    schema = asked.get("schema")
    return Approval(
        call_id=asked["call_id"],
        tool=asked["tool"],
        server=asked["server"],
        args=pretty(asked["args"]),
        message=asked.get("message") or "",
        is_form=schema is not None,
        fields=tuple(fields_of(schema)) if isinstance(schema, dict) else (),
        expires_at=expires_at,
        left=words.left(expires_at, now),
    )


def _thing(part: dict[str, Any], tool: str) -> Thing:
    kind, mime = part.get("type"), str(part.get("mime_type") or "")
    if kind in ("image", "audio"):
        allowed = IMAGES if kind == "image" else SOUNDS
        data = part.get("data")
        if mime in allowed and isinstance(data, str) and _BASE64.fullmatch(data):
            label = _("Image from {tool}") if kind == "image" else _("Sound from {tool}")
            return Thing(kind, f"data:{mime};base64,{data}", label.replace("{tool}", tool))
        what = f"{kind} ({mime or _('of unknown type')})"
        return Thing("other", "", _("{what}, not shown").replace("{what}", what))
    if kind == "resource_link":
        uri = str(part.get("uri") or "")
        address = uri if _WEB_ADDRESS.match(uri) else ""
        note = str(part.get("description") or "")
        return Thing("link", address, str(part.get("name") or uri), note or uri)
    return Thing("other", "", _("{what}, not shown").replace("{what}", str(kind)))
