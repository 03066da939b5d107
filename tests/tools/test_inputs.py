"""Forms that servers want filled in."""

from typing import Any

import mcp_types as types
import pytest

from chat_app.errors import ToolFailed
from chat_app.tools.sidecar.inputs import answer, form, required, responses
from chat_app.tools.values import InputAnswers, InputRequest, InputRequired

SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}}


def elicit(message: str = "Sure?", schema: Any = SCHEMA) -> dict[str, Any]:
    params = {"mode": "form", "message": message, "requestedSchema": schema}
    return {"method": "elicitation/create", "params": params}


def wanted(state: str | None = "s", **requests: dict[str, Any]) -> types.InputRequiredResult:
    raw = {"resultType": "input_required", "inputRequests": requests, "requestState": state}
    return types.InputRequiredResult.model_validate(raw)


def test_a_form_comes_with_the_state_it_belongs_to():
    found = required(wanted(a=elicit(), b=elicit("And\0 now?")))
    assert found == InputRequired(
        (InputRequest("a", "Sure?", SCHEMA), InputRequest("b", "And now?", SCHEMA)), "s"
    )


SAMPLING = {
    "method": "sampling/createMessage",
    "params": {"messages": [], "maxTokens": 1},
}
PAGE = {"mode": "url", "message": "Sign in", "url": "https://x", "elicitationId": "1"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (SAMPLING, "to ask a model itself"),
        ({"method": "roots/list"}, "to see folders"),
        ({"method": "elicitation/create", "params": PAGE}, "to open a page"),
        (elicit(schema={"type": "object", "properties": {}, "x": "y" * 40_000}), "form"),
    ],
)
def test_what_is_more_than_a_form_fails_and_says_so(request_: dict[str, Any], words: str):
    with pytest.raises(ToolFailed, match=words):
        required(wanted(a=elicit(), b=request_))


def test_too_many_forms_or_too_much_to_remember_fails():
    with pytest.raises(ToolFailed, match="too much at once"):
        required(wanted(**{f"k{number}": elicit() for number in range(11)}))
    with pytest.raises(ToolFailed, match="too much at once"):
        required(wanted(state="x" * 70_000, a=elicit()))


def test_before_2026_a_page_is_no_form_either():
    page = types.ElicitRequestURLParams.model_validate(PAGE)
    assert form("1", page) is None


def test_answers_go_back_under_their_keys():
    accepted = {"action": "accept", "content": {"ok": True, "n": 1.5, "tags": ["a"]}}
    found = responses(InputAnswers({"a": accepted, "b": {"action": "decline"}}, "s"))
    assert {key: one.model_dump(exclude_none=True)["action"] for key, one in found.items()} == {
        "a": "accept",
        "b": "decline",
    }


@pytest.mark.parametrize(
    "raw", [None, {}, {"action": "maybe"}, {"action": "accept", "content": {"a": {"b": 1}}}]
)
def test_an_answer_that_no_form_can_give_fails(raw: Any):
    with pytest.raises(ToolFailed, match="does not fit into a form"):
        answer(raw)
