"""The turn: from what the model is asked to the events of its answer. No database, no waiting
of its own, so that it is tested with a list of parts.
"""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from chat_app.providers.values import (
    Endpoint,
    Finish,
    ModelRequest,
    Part,
    Reasoning,
    Text,
    Usage,
)
from chat_app.streaming import events
from chat_app.streaming.events import Event


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run needs in order to answer: whom to ask, and what."""

    endpoint: Endpoint
    request: ModelRequest


class ModelStream(Protocol):
    """What the turn needs of the providers."""

    def stream(self, endpoint: Endpoint, request: ModelRequest) -> Generator[Part]: ...


@dataclass(slots=True)
class Answer:
    """What is known of an answer besides its text, which is in the events."""

    tokens: dict[str, int] | None = None
    finish_reason: str | None = None
    model: str | None = None


def take(providers: ModelStream, plan: Plan, answer: Answer) -> Generator[Event]:
    """Ask the model; yields an event for each part and keeps `answer` true all the while.

    Raises what the provider raises.
    """
    # Closed here and not when it is forgotten: closing is what hangs up on the provider.
    with closing(providers.stream(plan.endpoint, plan.request)) as parts:
        for part in parts:
            match part:
                case Text(content):
                    yield Event("chunk", content)
                case Reasoning(content):
                    yield Event("reasoning", content)
                case Usage(prompt, completion, total):
                    answer.tokens = {
                        "prompt_tokens": prompt,
                        "completion_tokens": completion,
                        "total_tokens": total,
                    }
                case Finish(reason, model):
                    answer.finish_reason, answer.model = reason, model or plan.request.model
    if answer.tokens:
        yield events.usage(answer.tokens, answer.model or plan.request.model)
