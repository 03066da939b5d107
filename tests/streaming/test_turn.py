"""The turn: parts of a model's answer become events."""

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from chat_app.errors import HoldfastError, ProviderUnavailable
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
from chat_app.streaming import events
from chat_app.streaming.asking import Parked
from chat_app.streaming.events import Event
from chat_app.streaming.rounds import Call, Story
from chat_app.streaming.turn import Answer, Plan, take
from chat_app.toolbox.offer import Offer, OfferedTool
from chat_app.tools.values import ServerSpec

SERVER = ServerSpec(1, "clock", "demo")
CLOCK = OfferedTool(1, "now", "now", SERVER, "The time", {}, "auto", True)
PLAN = Plan(
    Endpoint("http://x", None),
    ModelRequest("asked", [{"role": "user", "content": "When?"}]),
    Offer({"now": CLOCK}),
    rounds_max=2,
)
DONE = Finish("stop", "")
CALLED = ToolCallPart(0, "c1", "now", "{}")


class Parts:
    """A provider that says these parts, then those of the next answer, and knows whether it was
    let go.
    """

    def __init__(self, *parts: Part | Exception, then: Sequence[Sequence[Part]] = ()) -> None:
        self._answers = [parts, *then]
        self.requests: list[ModelRequest] = []
        self.is_closed = False

    def stream(self, endpoint: Endpoint, request: ModelRequest) -> Generator[Part]:
        self.requests.append(request)
        try:
            for part in self._answers.pop(0):
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            self.is_closed = True


class Fingers:
    """Hands that do at once what they are asked, or park."""

    def __init__(self, parks: bool = False, is_spent: bool = False) -> None:
        self._parks = parks
        self.is_spent = is_spent
        self.worked: list[str] = []

    def begin(self, calls: Sequence[tuple[Call, HoldfastError | None]]) -> Generator[Event]:
        for call, _ in calls:
            yield events.tool_call(call.id, call.tool, call.server, call.args)
        for call, refusal in calls:
            if refusal:
                yield result(call.id, refusal.message, is_error=True)

    def work(self, calls: Sequence[Call]) -> Generator[Event]:
        if self._parks:
            raise Parked
        for call in calls:
            self.worked.append(call.id)
            yield result(call.id, "noon")


def result(call_id: str, text: str, is_error: bool = False) -> Event:
    fields: dict[str, Any] = {"call_id": call_id, "tool": "now", "server": "clock"}
    return Event("tool_result", fields=fields | {"result": text, "is_error": is_error})


def taken(
    parts: Parts, answer: Answer, hands: Fingers | None = None, story: Story | None = None
) -> Generator[Event]:
    return take(parts, hands or Fingers(), PLAN, answer, story or Story())


def told(happened: list[Event]) -> list[str]:
    """Text as itself, every other event as its type."""
    return [event.content or event.type for event in happened]


def test_each_part_is_an_event_and_usage_comes_last() -> None:
    answer = Answer()
    parts = Parts(Reasoning("Hm"), Text("Hi"), Usage(5, 3, 8), Finish("stop", "used"))
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert list(taken(parts, answer)) == [
        Event("reasoning", "Hm"),
        Event("chunk", "Hi"),
        events.usage(usage, "used"),
    ]
    assert answer == Answer(usage, "stop", "used")


def test_without_usage_there_is_no_event_of_it() -> None:
    assert list(taken(Parts(Finish("stop", "used")), Answer())) == []


def test_the_model_that_was_asked_stands_in_for_one_that_was_not_named() -> None:
    answer = Answer()
    list(taken(Parts(Finish("stop", "")), answer))
    assert answer.model == "asked"


def test_what_was_said_before_a_failure_is_kept() -> None:
    turn = taken(Parts(Text("Hi"), ProviderUnavailable()), Answer())
    assert next(turn) == Event("chunk", "Hi")
    with pytest.raises(ProviderUnavailable):
        next(turn)


def test_closing_the_turn_hangs_up_on_the_provider() -> None:
    parts = Parts(Text("Hi"), Text("ho"))
    turn = taken(parts, Answer())
    next(turn)
    turn.close()
    assert parts.is_closed


def test_a_tools_result_goes_back_to_the_model() -> None:
    parts = Parts(
        Text("Let me look."), CALLED, Finish("tool_calls", ""), then=[[Text("Noon."), DONE]]
    )
    happened = list(taken(parts, Answer()))
    assert told(happened) == ["Let me look.", "tool_call", "tool_result", "\n\nNoon."]
    call = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    assert parts.requests[1].messages == [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "Let me look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "noon"},
    ]


def test_the_model_is_offered_the_tools() -> None:
    parts = Parts(DONE)
    list(taken(parts, Answer()))
    assert parts.requests[0].tools == [CLOCK.as_function()]


def test_all_calls_of_a_round_are_told_before_the_first_result() -> None:
    twice = [CALLED, ToolCallPart(1, "c2", "now", "{}"), Finish("tool_calls", "")]
    happened = told(list(taken(Parts(*twice, then=[[DONE]]), Answer())))
    assert happened == ["tool_call", "tool_call", "tool_result", "tool_result"]


def test_after_the_last_round_it_answers_without_tools() -> None:
    again = [CALLED, Finish("tool_calls", "")]
    parts = Parts(*again, then=[again, [Text("So be it."), *again]])
    happened = told(list(taken(parts, Answer())))
    assert happened == [*["tool_call", "tool_result"] * 2, "notice", "So be it."]
    assert [bool(request.tools) for request in parts.requests] == [True, True, False]


def test_a_run_whose_time_for_tools_is_over_gets_no_more_of_them() -> None:
    parts = Parts(Text("Hi"), DONE)
    happened = told(list(taken(parts, Answer(), Fingers(is_spent=True))))
    assert happened == ["notice", "Hi"]
    assert parts.requests[0].tools is None


def test_an_id_that_comes_again_gets_one_of_ours() -> None:
    again = [CALLED, Finish("tool_calls", "")]
    hands = Fingers()
    list(taken(Parts(*again, then=[again, [DONE]]), Answer(), hands))
    first, second = hands.worked
    assert first == "c1"
    assert second not in ("", "c1")


def test_the_tokens_of_all_rounds_are_counted() -> None:
    answer = Answer()
    first = [CALLED, Usage(5, 3, 8), Finish("tool_calls", "")]
    happened = list(taken(Parts(*first, then=[[Usage(10, 1, 11), DONE]]), answer))
    assert answer.tokens == {"prompt_tokens": 15, "completion_tokens": 4, "total_tokens": 19}
    assert happened[-1].fields == {**answer.tokens, "model": "asked"}


def test_a_call_that_waits_for_a_person_stops_the_turn() -> None:
    turn = taken(Parts(CALLED, Finish("tool_calls", "")), Answer(), Fingers(parks=True))
    assert next(turn).type == "tool_call"
    with pytest.raises(Parked):
        next(turn)


def test_a_story_with_an_open_call_goes_on_with_it() -> None:
    story = Story()
    story.see(events.tool_call("c1", "now", "clock", {}))
    parts, hands = Parts(Text("Noon."), DONE), Fingers()
    assert told(list(taken(parts, Answer(), hands, story))) == ["tool_result", "Noon."]
    assert hands.worked == ["c1"]
    assert parts.requests[0].messages[-1]["content"] == "noon"
