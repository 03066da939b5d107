"""The steps of a scripted answer: what a FakeProvider plays. Values; the wire does the work.

A script is a list of steps: `[Chunk("Hel"), Hold(event), Chunk("lo"), Cut()]`. The headers go out
with the first byte of the body. A script that ends without Cut or Stall ends the body cleanly.
"""

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

_ENVELOPE = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}


class Wire(Protocol):
    """What a step can do. `fakes._Wire` is the real one."""

    def open(self, headers: dict[str, str]) -> None: ...
    def send(self, data: bytes) -> None: ...
    def wait(self, event: threading.Event) -> None: ...
    def cut(self, reset: bool) -> None: ...
    def answer(self, code: int, headers: dict[str, str], body: bytes) -> None: ...


class Step(Protocol):
    def play(self, wire: Wire) -> None: ...


@dataclass(frozen=True)
class Json:
    """One `data:` line with any JSON."""

    value: Any

    def play(self, wire: Wire) -> None:
        wire.send(b"data: " + json.dumps(self.value).encode() + b"\n\n")


@dataclass(frozen=True)
class Delta:
    """A chunk with this `delta` (and finish reason) in its only choice."""

    delta: dict[str, Any]
    reason: str | None = None

    def play(self, wire: Wire) -> None:
        choice = {"index": 0, "delta": self.delta, "finish_reason": self.reason}
        Json({**_ENVELOPE, "choices": [choice]}).play(wire)


def Chunk(text: str) -> Delta:
    return Delta({"content": text})


def ReasoningChunk(text: str) -> Delta:
    return Delta({"reasoning_content": text})


def ToolCallChunk(
    index: int, call_id: str | None = None, name: str | None = None, arguments: str = ""
) -> Delta:
    """The first chunk of a call has id and name, later ones only arguments."""
    call: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
    if call_id:
        call |= {"id": call_id, "type": "function"}
        call["function"]["name"] = name
    return Delta({"tool_calls": [call]})


def FinishChunk(reason: str = "stop") -> Delta:
    return Delta({}, reason)


def UsageChunk(prompt: int = 5, completion: int = 3) -> Json:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    usage["total_tokens"] = prompt + completion
    return Json({**_ENVELOPE, "choices": [], "usage": usage})


@dataclass(frozen=True)
class Raw:
    """Bytes of the body as they are."""

    data: bytes

    def play(self, wire: Wire) -> None:
        wire.send(self.data)


def Done() -> Raw:
    return Raw(b"data: [DONE]\n\n")


@dataclass(frozen=True)
class Open:
    """Sends the headers only. Without it they go out with the first chunk."""

    content_type: str | None = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)

    def play(self, wire: Wire) -> None:
        named = {"Content-Type": self.content_type} if self.content_type else {}
        wire.open({**named, **self.headers})


@dataclass(frozen=True)
class Hold:
    """Waits until the test sets the event."""

    event: threading.Event

    def play(self, wire: Wire) -> None:
        wire.wait(self.event)


@dataclass(frozen=True)
class Stall:
    """Says nothing more, until the client hangs up or the fake closes."""

    def play(self, wire: Wire) -> None:
        wire.wait(threading.Event())


@dataclass(frozen=True)
class Cut:
    """Ends the connection in the middle; `reset` with an RST."""

    reset: bool = False

    def play(self, wire: Wire) -> None:
        wire.cut(self.reset)


@dataclass(frozen=True)
class Status:
    """A whole answer that is no stream. The only step of its script."""

    code: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = b""

    def play(self, wire: Wire) -> None:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {} if isinstance(self.body, bytes) else {"Content-Type": "application/json"}
        wire.answer(self.code, headers | self.headers, body)


def says(*pieces: str, reason: str = "stop") -> list[Step]:
    """A whole answer in these chunks, with usage 5/3/8."""
    return [*map(Chunk, pieces), FinishChunk(reason), UsageChunk(), Done()]


def calls(name: str, arguments: str, call_id: str = "call_1") -> list[Step]:
    """A whole answer that is one tool call."""
    start = ToolCallChunk(0, call_id, name)
    return [start, ToolCallChunk(0, arguments=arguments), FinishChunk("tool_calls"), Done()]


DEFAULT = says("Hello", ", ", "world!")
