"""The JSON of a Chat Completions answer to parts. Pure; `read` is the product's hottest path.

https://platform.openai.com/docs/api-reference/chat-streaming, and what compatible providers do
differently: fields that are absent, null, extra or in another chunk than OpenAI's.
"""

import json
from typing import Any

import orjson

from chat_app.errors import ProviderBadResponse, ProviderUnavailable
from chat_app.providers.halves import Halves, mended
from chat_app.providers.values import Finish, Part, Reasoning, Text, ToolCallPart, Usage

MAX_TOOL_CALLS = 128
MAX_TOKENS = 10**12
MAX_REASON_CHARS = 20
MAX_MODEL_CHARS = 200


class ErrorInAnswer(Exception):
    """The provider reported an error inside a 200 answer; `error` is what it said, any JSON."""

    def __init__(self, error: Any) -> None:
        self.error = error
        super().__init__("error inside the answer")


class Answer:
    """Folds one answer. `finish_reason` is None until the provider has given one."""

    __slots__ = ("_calls", "_halves", "_usage", "finish_reason", "model")

    def __init__(self, model: str) -> None:
        self.model = model
        self.finish_reason: str | None = None
        self._usage: Usage | None = None
        self._calls = 0
        self._halves: Halves | None = None

    def read(self, data: bytes) -> list[Part]:
        """The parts of one chunk, often none. Raises ProviderBadResponse and ErrorInAnswer."""
        choice = self._choice(self._load(data))
        delta = choice.get("delta") if choice else None
        return [] if delta is None else self._parts(delta)

    def read_whole(self, data: bytes) -> list[Part]:
        """All parts of an answer that came as one `chat.completion`, Finish included."""
        choice = self._choice(self._load(data))
        if choice is None:
            raise ProviderBadResponse("The model provider sent JSON that is no answer.")
        message = choice.get("message")
        return (self._parts(message) if message is not None else []) + self.end("stop")

    def end(self, default_reason: str | None) -> list[Part]:
        """What is left when the stream is over: usage and Finish.

        `default_reason` holds if the provider gave none; None calls that a cut answer.
        """
        reason = self.finish_reason or default_reason
        if reason is None:
            raise ProviderUnavailable("The model provider broke off in the middle of the answer.")
        parts = self._lost_halves()
        if self._usage:
            parts.append(self._usage)
        parts.append(Finish(reason, self.model))
        return parts

    def _load(self, data: bytes) -> Any:
        try:
            return orjson.loads(data)
        except ValueError:
            # orjson refuses halves of characters. From the first one on all text must be mended.
            chunk = _loads_with_halves(data)
            self._halves = self._halves or Halves()
            return chunk

    def _choice(self, chunk: Any) -> dict[str, Any] | None:
        """The first choice; takes model, usage and finish reason of the chunk on the way."""
        if type(chunk) is not dict:
            raise _bad("a chunk")
        if chunk.get("error") or chunk.get("object") == "error":
            raise ErrorInAnswer(chunk.get("error") or chunk)
        if usage := chunk.get("usage"):
            self._usage = _usage(usage)
        choices = chunk.get("choices")
        if not choices and (choices is None or choices == []):
            return None
        if type(choices) is not list or type(choice := choices[0]) is not dict:
            raise _bad("choices")
        if choice.get("finish_reason") is not None:
            self._finish(choice["finish_reason"], chunk.get("model"))
        if usage := choice.get("usage"):
            self._usage = _usage(usage)
        return choice

    def _finish(self, reason: Any, model: Any) -> None:
        # The database keeps no more of either.
        reason = self._once(reason, "finish_reason")
        model = self._once(model, "model")
        self.finish_reason = reason[:MAX_REASON_CHARS] if reason else self.finish_reason
        self.model = model[:MAX_MODEL_CHARS] if model else self.model

    def _parts(self, delta: Any) -> list[Part]:
        if type(delta) is not dict:
            raise _bad("delta")
        parts: list[Part] = []
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought is not None and (thought := self._text(thought, "reasoning")):
            parts.append(Reasoning(thought))
        content = delta.get("content")
        if content is not None and (content := self._text(content, "content")):
            parts.append(Text(content))
        refusal = delta.get("refusal")
        if refusal is not None and (refusal := self._text(refusal, "refusal")):
            parts.append(Text(refusal))
        calls = delta.get("tool_calls")
        if calls is not None:
            parts += self._tool_calls(calls)
        return parts

    def _tool_calls(self, calls: Any) -> list[ToolCallPart]:
        if type(calls) is not list:
            raise _bad("tool_calls")
        return [part for call in calls if (part := self._tool_call(call))]

    def _tool_call(self, call: Any) -> ToolCallPart | None:
        if type(call) is not dict:
            raise _bad("tool_calls")
        function = call.get("function") or {}
        if type(function) is not dict:
            raise _bad("function")
        call_id = self._once(call.get("id"), "tool call id")
        index = self._index(call.get("index"), starts=call_id is not None)
        name = self._once(function.get("name"), "tool name")
        arguments = self._text(function.get("arguments") or "", f"arguments {index}")
        empty = call_id is None and name is None and not arguments
        return None if empty else ToolCallPart(index, call_id, name, arguments)

    def _index(self, index: Any, starts: bool) -> int:
        """Some providers give no index; then every id starts the next call."""
        if index is None:
            index = self._calls if starts else max(0, self._calls - 1)
        if type(index) is not int or not 0 <= index < MAX_TOOL_CALLS:
            raise _bad("index")
        self._calls = max(self._calls, index + 1)
        return index

    def _text(self, text: Any, strand: str) -> str:
        """A piece of a text that goes on in later chunks."""
        if type(text) is not str:
            raise _bad(strand)
        if "\0" in text:  # PostgreSQL cannot store it
            text = text.replace("\0", "")
        return self._halves.join(strand, text) if self._halves else text

    def _once(self, text: Any, field: str) -> str | None:
        """A short text that comes whole; None for an empty one."""
        if text is None:
            return None
        if type(text) is not str:
            raise _bad(field)
        return mended(text.replace("\0", "")) or None

    def _lost_halves(self) -> list[Part]:
        lost = self._halves.drain() if self._halves else {}
        return [_lost(strand, text) for strand, text in lost.items()]


def _lost(strand: str, text: str) -> Part:
    if strand.startswith("arguments "):
        return ToolCallPart(int(strand.removeprefix("arguments ")), None, None, text)
    return Reasoning(text) if strand == "reasoning" else Text(text)


def _loads_with_halves(data: bytes) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        raise ProviderBadResponse("The model provider sent broken JSON.") from None


def _usage(usage: Any) -> Usage:
    if type(usage) is not dict:
        raise _bad("usage")
    prompt, completion = _tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens")
    return Usage(prompt, completion, _tokens(usage, "total_tokens") or prompt + completion)


def _tokens(usage: dict[str, Any], field: str) -> int:
    count = usage.get(field)
    if count is None:
        return 0
    if type(count) is not int or not 0 <= count <= MAX_TOKENS:
        raise _bad(field)
    return count


def _bad(field: str) -> ProviderBadResponse:
    return ProviderBadResponse(f"The model provider sent something of the wrong kind: {field}.")
