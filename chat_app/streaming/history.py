"""What the model is told: the system prompt, and as much of the conversation as fits. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import orjson

from chat_app.streaming import attached
from chat_app.streaming.attached import Attached, Told

MAX_MESSAGES = 200
MAX_TOKENS = 32_000
EARLIER_RESULT_MAX_CHARS = 4_000
FILES_SHARE = 0.75  # of what is left: a long file must not push out what it was talked about in
NO_RESULT = "There is no result: the answer was stopped before the tool had finished."
# Without the model's own tokenizer: English is about four letters a token, Chinese about one.
ASCII_CHARS_PER_TOKEN = 4

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation: `role` is `user`, `assistant` or `system`.

    `tool_calls` are those of a stored message (`rounds.Story.stored_calls`).
    """

    role: str
    author: str
    body: str
    tool_calls: Sequence[dict[str, Any]] = ()
    files: Sequence[Attached] = ()


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call as the model is reminded of it; `result` is None where there is none."""

    call_id: str
    tool: str
    args: dict[str, Any]
    result: str | None


def fill(template: str, variables: Mapping[str, str]) -> str:
    """The system prompt with `{{ name }}` replaced; an unknown name stays as it is written."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), template)


def tokens(text: str) -> int:
    """About how many tokens `text` costs, rather too many than too few."""
    ascii_chars = len(text.encode("ascii", "ignore"))
    return ascii_chars // ASCII_CHARS_PER_TOKEN + (len(text) - ascii_chars) + 4


def messages(system: str, said: Sequence[Said], budget: int = MAX_TOKENS) -> list[dict[str, Any]]:
    """The request's `messages`: the system prompt always, then the newest that fit in `budget`.

    The last message, the question, is always among them. Where several people speak, each
    message of theirs begins with the name. Files are cut to what is left.
    """
    left = budget - tokens(system)
    kept: list[tuple[Said, Told]] = []
    for message in reversed(said):
        left -= _cost(message)
        files = attached.told(message.files, round(left * FILES_SHARE), tokens)
        left -= files.cost
        if kept and left < 0:
            break
        kept.append((message, files))
    several = len({message.author for message, _ in kept if message.role == "user"}) > 1
    told = [part for message, files in reversed(kept) for part in _parts(message, files, several)]
    return [{"role": "system", "content": system}, *told] if system else told


def round_messages(said: str, uses: Sequence[ToolUse]) -> list[dict[str, Any]]:
    """A round in which tools were called: what the model said and called, and each result.

    https://platform.openai.com/docs/guides/function-calling
    """
    calls = [
        {
            "id": use.call_id,
            "type": "function",
            "function": {"name": use.tool, "arguments": orjson.dumps(use.args).decode()},
        }
        for use in uses
    ]
    results = [
        {
            "role": "tool",
            "tool_call_id": use.call_id,
            "content": NO_RESULT if use.result is None else use.result,
        }
        for use in uses
    ]
    return [{"role": "assistant", "content": said.strip() or None, "tool_calls": calls}, *results]


def _cost(message: Said) -> int:
    results = sum(tokens(_cut(call["result"] or "")) for call in message.tool_calls)
    return tokens(message.body) + results


def _parts(message: Said, files: Told, several: bool) -> list[dict[str, Any]]:
    """A message as the model is told it: an answer that used tools, round by round."""
    told: list[dict[str, Any]] = []
    at = 0
    for _, calls in groupby(message.tool_calls, lambda call: call["round"]):
        uses = list(calls)
        told += round_messages(message.body[at : uses[0]["at"]], [_use(call) for call in uses])
        at = uses[0]["at"]
    rest = replace(message, body=message.body[at:].lstrip()) if told else message
    if rest.body or not told:
        told.append({"role": message.role, "content": _content(rest, files, several)})
    return told


def _use(call: dict[str, Any]) -> ToolUse:
    result = call["result"]
    return ToolUse(
        call["call_id"], call["tool"], call["args"], None if result is None else _cut(result)
    )


def _cut(result: str) -> str:
    """An earlier answer's result: its beginning is enough to remember it by."""
    if len(result) <= EARLIER_RESULT_MAX_CHARS:
        return result
    return f"{result[:EARLIER_RESULT_MAX_CHARS]}\n[Cut: it had {len(result):,} characters.]"


def _content(message: Said, files: Told, several: bool) -> str | list[dict[str, Any]]:
    """A string where that is enough: many servers take no parts."""
    named = several and message.role == "user"
    body = f"{message.author}: {message.body}" if named else message.body
    text = "\n\n".join(filter(None, (body, files.text)))
    return [{"type": "text", "text": text}, *files.images] if files.images else text
