"""The turn: parts of a model's answer become events."""

from collections.abc import Generator

import pytest

from chat_app.errors import ProviderUnavailable
from chat_app.providers.values import Endpoint, Finish, ModelRequest, Part, Reasoning, Text, Usage
from chat_app.streaming import events
from chat_app.streaming.events import Event
from chat_app.streaming.turn import Answer, Plan, take

PLAN = Plan(Endpoint("http://x", None), ModelRequest("asked", []))


class Parts:
    """A provider that says these parts, and knows whether it was let go."""

    def __init__(self, *parts: Part | Exception) -> None:
        self._parts = parts
        self.is_closed = False

    def stream(self, endpoint: Endpoint, request: ModelRequest) -> Generator[Part]:
        try:
            for part in self._parts:
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            self.is_closed = True


def test_each_part_is_an_event_and_usage_comes_last() -> None:
    answer = Answer()
    parts = Parts(Reasoning("Hm"), Text("Hi"), Usage(5, 3, 8), Finish("stop", "used"))
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert list(take(parts, PLAN, answer)) == [
        Event("reasoning", "Hm"),
        Event("chunk", "Hi"),
        events.usage(usage, "used"),
    ]
    assert answer == Answer(usage, "stop", "used")


def test_without_usage_there_is_no_event_of_it() -> None:
    assert list(take(Parts(Finish("stop", "used")), PLAN, Answer())) == []


def test_the_model_that_was_asked_stands_in_for_one_that_was_not_named() -> None:
    answer = Answer()
    list(take(Parts(Finish("stop", "")), PLAN, answer))
    assert answer.model == "asked"


def test_what_was_said_before_a_failure_is_kept() -> None:
    turn = take(Parts(Text("Hi"), ProviderUnavailable()), PLAN, Answer())
    assert next(turn) == Event("chunk", "Hi")
    with pytest.raises(ProviderUnavailable):
        next(turn)


def test_closing_the_turn_hangs_up_on_the_provider() -> None:
    parts = Parts(Text("Hi"), Text("ho"))
    turn = take(parts, PLAN, Answer())
    next(turn)
    turn.close()
    assert parts.is_closed
