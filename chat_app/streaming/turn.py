"""The turn: from what the model is asked to the events of its answer, round by round. No database,
no waiting of its own, so that it is tested with lists of parts.

A round asks the model; what it calls is done by `Hands`, and goes back to it in the next round.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from chat_app.errors import HoldfastError, ToolLimitReached
from chat_app.providers.values import (
    Endpoint,
    Finish,
    ModelRequest,
    Part,
    Reasoning,
    Text,
    ToolCallPart,
    Usage,
)
from chat_app.streaming import events, history
from chat_app.streaming.asked import Drafts
from chat_app.streaming.events import Event
from chat_app.streaming.rounds import Call, Story
from chat_app.toolbox.offer import NOTHING, Offer

BETWEEN_ROUNDS = "\n\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run needs in order to answer: whom to ask, what, and what it may use."""

    endpoint: Endpoint
    request: ModelRequest
    offer: Offer = NOTHING
    rounds_max: int = 5


class ModelStream(Protocol):
    """What the turn needs of the providers."""

    def stream(self, endpoint: Endpoint, request: ModelRequest) -> Generator[Part]: ...


class Hands(Protocol):
    """What the turn needs in order to use tools."""

    @property
    def is_spent(self) -> bool:
        """Whether the run's time for tools is over."""

    def begin(self, calls: Sequence[tuple[Call, HoldfastError | None]]) -> Generator[Event]:
        """The events that a round's calls begin with."""

    def work(self, calls: Sequence[Call]) -> Generator[Event]:
        """The events of calls that have no result yet, until each has one.

        Raises `Parked` when all that is left waits for a person.
        """


@dataclass(slots=True)
class Answer:
    """What is known of an answer besides its text, which is in the events."""

    tokens: dict[str, int] | None = None
    finish_reason: str | None = None
    model: str | None = None


def take(
    providers: ModelStream, hands: Hands, plan: Plan, answer: Answer, story: Story
) -> Generator[Event]:
    """Ask the model until it calls no more tools; yields an event for each thing that happens and
    keeps `answer` true all the while. `story` is what an earlier attempt left, or empty, and so
    are the tokens in `answer`.

    Raises what the provider raises, and `Parked`.
    """
    while True:
        if story.unfinished:
            yield from _seen(story, hands.work(story.unfinished))
        is_last = story.tool_rounds >= plan.rounds_max or hands.is_spent
        if is_last:
            yield from _limit(story)
        drafts = Drafts()
        yield from _ask(providers, plan, answer, story, None if is_last else drafts)
        calls = drafts.calls(plan.offer.tools, story.call_ids)
        if not calls:
            break
        yield from _seen(story, hands.begin(calls))
    if answer.tokens:
        yield events.usage(answer.tokens, answer.model or plan.request.model)


def _seen(story: Story, happening: Generator[Event]) -> Generator[Event]:
    with closing(happening):  # to close the turn is to stop the tools
        for event in happening:
            yield story.see(event)


def _limit(story: Story) -> Iterator[Event]:
    """Say once that no more tools may be used."""
    limit = ToolLimitReached()
    if limit.message not in story.notices:
        yield story.see(events.notice(limit.message, limit.error_code))


def _ask(
    providers: ModelStream, plan: Plan, answer: Answer, story: Story, drafts: Drafts | None
) -> Generator[Event]:
    """One question to the model. Without `drafts` it is offered no tools."""
    request = _request(plan, story, offers=drafts is not None)
    gap = BETWEEN_ROUNDS if story.rounds[-1].calls and _wants_gap(story.body) else ""
    before = answer.tokens
    # Closed here and not when it is forgotten: closing is what hangs up on the provider.
    with closing(providers.stream(plan.endpoint, request)) as parts:
        for part in parts:
            match part:
                case Text(content):
                    event = Event("chunk", gap + content)
                    gap = ""
                    yield story.see(event)  # a model may call tools although it has none
                case Reasoning(content):
                    yield Event("reasoning", content)
                case ToolCallPart() if drafts is not None:
                    drafts.take(part)
                case Usage():
                    answer.tokens = _sum(before, part)
                case Finish(reason, model):
                    answer.finish_reason, answer.model = reason, model or plan.request.model


def _wants_gap(body: str) -> bool:
    return bool(body) and not body.endswith("\n")


def _sum(before: dict[str, int] | None, usage: Usage) -> dict[str, int]:
    """The tokens of all rounds so far."""
    so_far = before or {}
    return {
        "prompt_tokens": so_far.get("prompt_tokens", 0) + usage.prompt_tokens,
        "completion_tokens": so_far.get("completion_tokens", 0) + usage.completion_tokens,
        "total_tokens": so_far.get("total_tokens", 0) + usage.total_tokens,
    }


def _request(plan: Plan, story: Story, offers: bool) -> ModelRequest:
    messages = list(plan.request.messages)
    for round in story.rounds:
        if round.calls:
            messages += history.round_messages(round.said, [_told(c) for c in round.calls.values()])
    tools = [tool.as_function() for tool in plan.offer.tools.values()] if offers else []
    return replace(plan.request, messages=messages, tools=tools or None)


def _told(call: Call) -> history.ToolUse:
    result = call.result["result"] if call.result else None
    return history.ToolUse(call.id, call.tool, call.args, result)
