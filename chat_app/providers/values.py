"""What goes to a provider and the parts that come back. Values only."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider lives. `api_key` is None where it wants none; it never shows in a repr.

    `read_timeout_s` is the longest silence, before the first byte and between any two.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    write_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model, in the shapes of OpenAI's Chat Completions API.

    None means: not sent, the provider's own default holds.
    """

    model: str
    messages: list[dict[str, Any]]
    temperature: float | None = None
    max_tokens: int | None = None
    tools: list[dict[str, Any]] | None = None

    @property
    def has_images(self) -> bool:
        """Whether there is more than text in the messages: only images come in parts."""
        return any(isinstance(message.get("content"), list) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer (a refusal too), never empty."""

    content: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of what the model thought, never empty."""

    content: str


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A piece of the tool call `index`: id and name come once, `arguments` (JSON) in fragments."""

    index: int
    call_id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider counted, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is whole. `reason` is `stop`, `length`, `tool_calls`, `content_filter`, …

    `model` is the name the provider gave, or the one asked for where it gave none.
    """

    reason: str
    model: str


Part = Text | Reasoning | ToolCallPart | Usage | Finish


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """A provider that answered. `models` is empty where it does not list them."""

    model: str
    first_token_ms: int
    models: list[str]
