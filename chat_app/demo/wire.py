"""The shapes of OpenAI's chat completions, whole and in chunks. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from chat_app.demo.asked import MODEL
from chat_app.demo.said import Call, Said

FINGERPRINT = "fp_holdfast_demo"
# What a message costs beside its text, as OpenAI counts it.
MESSAGE_TOKENS = 4

# A word with the space after it, or one Chinese character.
_TOKEN = re.compile(r"[\u3000-\u9fff\uff00-\uffef]\s*|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+")

FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True)
class Completion:
    """One answer about to be sent: its id, time, the tokens of its text, and its tool calls."""

    id: str
    created: int
    tokens: Sequence[str]
    finish_reason: FinishReason
    prompt_tokens: int
    calls: Sequence[Call] = ()


def tokens(text: str) -> list[str]:
    """`text` in pieces about as long as a model's tokens; joined they are `text` again."""
    return _TOKEN.findall(text)


def prompt_tokens(conversation: Iterable[Said]) -> int:
    """About how many tokens a conversation has."""
    return sum(
        len(tokens(said.text)) + MESSAGE_TOKENS + sum(map(_call_tokens, said.calls))
        for said in conversation
    )


def usage(completion: Completion) -> dict[str, int]:
    """OpenAI's `usage` object."""
    prompt = completion.prompt_tokens
    answer = len(completion.tokens) + sum(map(_call_tokens, completion.calls))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
    }


def whole(completion: Completion) -> bytes:
    """The JSON of a `chat.completion`."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(completion.tokens) or None,
        "refusal": None,
    }
    if completion.calls:
        message["tool_calls"] = [_call(call, _arguments(call)) for call in completion.calls]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": completion.finish_reason,
    }
    envelope = _envelope(completion, "chat.completion", [choice])
    return orjson.dumps(envelope | {"usage": usage(completion)})


def chunks(completion: Completion, include_usage: bool) -> Iterator[bytes]:
    """The server-sent events of a streamed completion, `[DONE]` included."""
    extra: dict[str, Any] = {"usage": None} if include_usage else {}
    yield _chunk(completion, {"role": "assistant", "content": "", "refusal": None}, None, extra)
    for token in completion.tokens:
        yield _chunk(completion, {"content": token}, None, extra)
    for index, call in enumerate(completion.calls):
        yield _chunk(completion, {"tool_calls": [{"index": index, **_call(call, "")}]}, None, extra)
        for token in tokens(_arguments(call)):
            piece = {"index": index, "function": {"arguments": token}}
            yield _chunk(completion, {"tool_calls": [piece]}, None, extra)
    yield _chunk(completion, {}, completion.finish_reason, extra)
    if include_usage:
        envelope = _envelope(completion, "chat.completion.chunk", [])
        yield _event(envelope | {"usage": usage(completion)})
    yield b"data: [DONE]\n\n"


def _call(call: Call, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _arguments(call: Call) -> str:
    return orjson.dumps(call.arguments).decode()


def _call_tokens(call: Call) -> int:
    return len(tokens(call.name)) + len(tokens(_arguments(call)))


def models(created: int) -> bytes:
    """The JSON of the list of models."""
    return orjson.dumps({"object": "list", "data": [_model(created)]})


def model(created: int) -> bytes:
    """The JSON of the one model."""
    return orjson.dumps(_model(created))


def _model(created: int) -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": created, "owned_by": "holdfast"}


def _chunk(
    completion: Completion,
    delta: dict[str, Any],
    finish_reason: FinishReason | None,
    extra: dict[str, Any],
) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event(_envelope(completion, "chat.completion.chunk", [choice]) | extra)


def _envelope(completion: Completion, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": kind,
        "created": completion.created,
        "model": MODEL,
        "system_fingerprint": FINGERPRINT,
        "choices": choices,
    }


def _event(value: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)
