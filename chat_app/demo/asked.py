"""A chat completion request: its JSON checked and reduced to what the demo heeds. Pure."""

from dataclasses import dataclass
from typing import Any

import orjson

from chat_app.demo.received import Received, take_apart
from chat_app.demo.refusals import Refusal, bad_value, unknown_model
from chat_app.demo.said import Call, Said

MODEL = "holdfast-demo"
MAX_MESSAGES = 2_000
_ROLES = ("assistant", "developer", "function", "system", "tool", "user")


@dataclass(frozen=True)
class Asked:
    """What a client asks for. Sampling parameters are accepted and change nothing.

    `tools` are the names of the tools that may be called; `parallel` several of them at once.
    """

    conversation: tuple[Said, ...]
    stream: bool
    include_usage: bool
    max_tokens: int | None
    tools: tuple[str, ...] = ()
    parallel: bool = True


def parse(body: bytes) -> Asked:
    """The request in `body`. Raises `Refusal` with what OpenAI would say of it."""
    fields = _json_object(body)
    _check_model(fields.get("model"))
    stream = _boolean(fields, "stream")
    return Asked(
        conversation=_conversation(fields.get("messages")),
        stream=stream,
        include_usage=_include_usage(fields.get("stream_options"), stream),
        max_tokens=_max_tokens(fields),
        tools=_tools(fields.get("tools"), fields.get("tool_choice")),
        parallel=_boolean(fields, "parallel_tool_calls", default=True),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "The body of your request must be a JSON object.")
    return fields


def _check_model(model: object) -> None:
    if not isinstance(model, str) or not model:
        raise Refusal(400, "You must provide a model parameter.", param="model")
    if model != MODEL:
        raise unknown_model(model)


def _conversation(messages: object) -> tuple[Said, ...]:
    if not isinstance(messages, list):
        raise Refusal(400, "Missing required parameter: 'messages'.", param="messages")
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise bad_value("messages", f"expected 1 to {MAX_MESSAGES} messages")
    return tuple(_said(message, f"messages[{n}]") for n, message in enumerate(messages))


def _said(message: object, param: str) -> Said:
    if not isinstance(message, dict):
        raise bad_value(param, "expected an object")
    if message.get("role") not in _ROLES:
        raise bad_value(f"{param}.role", f"expected one of {', '.join(_ROLES)}")
    text, files = _content(message.get("content"), f"{param}.content")
    call_id = message.get("tool_call_id")
    calls = message.get("tool_calls")
    return Said(
        message["role"],
        text,
        calls=tuple(filter(None, map(_call, calls))) if isinstance(calls, list) else (),
        call_id=call_id if isinstance(call_id, str) else None,
        files=files,
    )


def _call(call: object) -> Call | None:
    """A call that was made before; None for what is none that the demo could have made."""
    match call:
        case {"id": str(id), "function": {"name": str(name), "arguments": str(arguments)}}:
            try:
                given = orjson.loads(arguments or "{}")
            except orjson.JSONDecodeError:
                return None
            return Call(id, name, given) if isinstance(given, dict) else None
    return None


def _content(content: object, param: str) -> tuple[str, tuple[Received, ...]]:
    """Words and files of a message's content, which may be a string, parts, or null beside tool
    calls.
    """
    if content is None or isinstance(content, str):
        return take_apart(content or "", ())
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise bad_value(param, "expected a string or an array of objects")
    texts = (part.get("text") for part in content if part.get("type") == "text")
    images = (part.get("image_url") for part in content if part.get("type") == "image_url")
    addresses = [image.get("url") for image in images if isinstance(image, dict)]
    return take_apart(
        "\n".join(text for text in texts if isinstance(text, str)),
        [address for address in addresses if isinstance(address, str)],
    )


def _boolean(fields: dict[str, Any], name: str, default: bool = False) -> bool:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_value(name, "expected a boolean")
    return default if value is None else value


def _include_usage(options: object, stream: bool) -> bool:
    if options is None:
        return False
    if not stream:
        raise bad_value("stream_options", "only allowed when 'stream' is enabled")
    if not isinstance(options, dict):
        raise bad_value("stream_options", "expected an object")
    return _boolean(options, "include_usage")


def _max_tokens(fields: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.get(name)
        if value is None:
            continue
        if type(value) is not int or value < 1:
            raise bad_value(name, "expected an integer above 0")
        return value
    return None


def _tools(tools: object, choice: object) -> tuple[str, ...]:
    """The names of the tools that `choice` leaves."""
    if tools is not None and not isinstance(tools, list):
        raise bad_value("tools", "expected an array")
    if choice is not None and not isinstance(choice, str | dict):
        raise bad_value("tool_choice", "expected a string or an object")
    names = tuple(filter(None, map(_function, tools or ())))
    if choice == "none":
        return ()
    wanted = _function(choice)
    return names if wanted is None else tuple(name for name in names if name == wanted)


def _function(value: object) -> str | None:
    match value:
        case {"type": "function", "function": {"name": str(name)}}:
            return name
    return None
