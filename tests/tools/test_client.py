"""Calls over each transport, in both eras of the protocol."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from chat_app.errors import ToolFailed, ToolTimeout, ToolUnavailable
from chat_app.tools.client import ToolClient
from chat_app.tools.values import (
    CallResult,
    InputAnswers,
    InputRequest,
    InputRequired,
    Progress,
    ServerSpec,
)
from tests.sockets import eventually
from tests.tools.serving import by_hand, lived, with_sdk

LONG_S = 60.0


def text_of(result: CallResult | InputRequired) -> str:
    assert isinstance(result, CallResult)
    return result.text


def test_tools_are_listed_with_what_the_server_says_of_itself(
    client: ToolClient, server: ServerSpec
):
    listing = client.list_tools(server)
    echo = next(tool for tool in listing.tools if tool.name == "echo")
    assert (listing.server_name, listing.instructions) == ("Test", "For tests.")
    assert echo.description == "Say it again."
    assert echo.annotations == {"readOnlyHint": True}
    assert echo.input_schema["required"] == ["text"]
    assert listing.left_out == 0


def test_a_server_of_before_2026_is_understood_over_http_and_over_stdio(
    client: ToolClient, old_http_server: ServerSpec
):
    assert client.list_tools(old_http_server).protocol_version == "2025-11-25"
    assert client.list_tools(by_hand()).protocol_version == "2025-11-25"


def test_a_call_gives_the_tools_text(client: ToolClient, server: ServerSpec):
    assert client.call(server, "echo", {"text": "Grüße, 世界 🌍"}, LONG_S) == CallResult(
        "Grüße, 世界 🌍"
    )


def test_a_tool_that_fails_is_a_result(client: ToolClient, server: ServerSpec):
    result = client.call(server, "fail", {}, LONG_S)
    assert isinstance(result, CallResult)
    assert result.is_error
    assert "wrong house" in result.text


def test_a_picture_is_kept_and_described(client: ToolClient, stdio_server: ServerSpec):
    result = client.call(stdio_server, "picture", {}, LONG_S)
    assert isinstance(result, CallResult)
    assert result.text == "[Image: image/png, 3 KB; the person sees it]"
    assert [(item["type"], item["mime_type"]) for item in result.content] == [
        ("image", "image/png")
    ]


def test_a_refused_call_says_why_and_not_the_key(client: ToolClient):
    with pytest.raises(ToolFailed, match=r"refused the call: No\. …$") as refused:
        client.call(by_hand(KEY="s3cret-key"), "refuse", {}, LONG_S)
    assert refused.value.fields == {}


def test_numbers_over_64_bits_arrive(client: ToolClient):
    assert "e+29" in text_of(client.call(by_hand(), "echo", {"n": 10**29}, LONG_S))


def test_arguments_that_are_no_json_are_refused(client: ToolClient):
    with pytest.raises(ToolFailed, match="arguments cannot be sent"):
        client.call(by_hand(), "echo", {"n": "\ud800"}, LONG_S)


def test_a_hundred_calls_at_once_all_get_their_own_answer(client: ToolClient, server: ServerSpec):
    def call(number: int) -> str:
        return text_of(client.call(server, "echo", {"text": str(number)}, LONG_S))

    calls = [gevent.spawn(call, number) for number in range(100)]
    assert [call.get() for call in calls] == [str(number) for number in range(100)]


def test_progress_arrives_in_order_and_with_its_end(client: ToolClient, server: ServerSpec):
    seen: list[Progress] = []
    client.call(server, "steps", {"number": 5, "pause_s": 0.02}, LONG_S, seen.append)
    assert [one.progress for one in seen] == sorted(one.progress for one in seen)
    assert seen[-1] == Progress(5, 5, "step 5")


def test_a_flood_of_progress_is_thinned_out(client: ToolClient, stdio_server: ServerSpec):
    seen: list[Progress] = []
    client.call(stdio_server, "steps", {"number": 200, "pause_s": 0.002}, LONG_S, seen.append)
    assert 2 <= len(seen) <= 40
    assert seen[-1].progress == 200


@pytest.fixture
def watched(tmp_path: Path) -> tuple[ServerSpec, Path]:
    """A server, and the file where it writes what it lives through."""
    path = tmp_path / "lived"
    return with_sdk(LIVED=str(path)), path


def test_a_call_that_takes_too_long_ends_here_and_on_the_server(
    client: ToolClient, watched: tuple[ServerSpec, Path]
):
    server, path = watched
    client.list_tools(server)
    with pytest.raises(ToolTimeout) as timeout:
        client.call(server, "wait", {"seconds": 600}, 0.3)
    assert timeout.value.fields == {"may_have_run": True}
    eventually(lambda: lived(path) == ["started", "cancelled"])


@pytest.mark.parametrize("end", [gevent.Greenlet.kill, lambda it: it.kill(gevent.Timeout(1))])
def test_a_killed_greenlet_cancels_its_call_and_no_other(
    client: ToolClient, watched: tuple[ServerSpec, Path], end: Callable[[Any], None]
):
    server, path = watched
    call = gevent.spawn(client.call, server, "wait", {"seconds": 600}, LONG_S)
    other = gevent.spawn(client.call, server, "wait", {"seconds": 0.5}, LONG_S)
    eventually(lambda: lived(path) == ["started", "started"])
    end(call)
    assert text_of(other.get()) == "done"
    eventually(lambda: sorted(lived(path)[2:]) == ["cancelled", "finished"])


def test_a_server_of_before_2026_hears_of_a_cancelled_call(client: ToolClient, tmp_path: Path):
    server = by_hand(LIVED=str(tmp_path / "lived"))
    with pytest.raises(ToolTimeout):
        client.call(server, "wait", {}, 0.3)
    eventually(lambda: "cancelled" in lived(tmp_path / "lived"))


def test_a_call_parks_for_a_form_and_goes_on_with_the_answers(
    client: ToolClient, watched: tuple[ServerSpec, Path]
):
    server, path = watched
    parked = client.call(server, "book", {"train": "IC 1"}, LONG_S)
    assert isinstance(parked, InputRequired)
    (request,) = parked.requests
    assert request.message == "A seat in IC 1: at the window?"
    assert list(request.schema["properties"]) == ["window"]
    assert lived(path) == []
    answer = {"action": "accept", "content": {"window": True}}
    answers = InputAnswers({request.key: answer}, parked.state)
    assert text_of(client.call(server, "book", {"train": "IC 1"}, LONG_S, answers=answers)) == (
        "IC 1, window"
    )


def test_a_parked_call_that_is_declined_says_so(client: ToolClient, stdio_server: ServerSpec):
    parked = client.call(stdio_server, "book", {"train": "IC 1"}, LONG_S)
    assert isinstance(parked, InputRequired)
    answers = InputAnswers({parked.requests[0].key: {"action": "decline"}}, parked.state)
    result = client.call(stdio_server, "book", {"train": "IC 1"}, LONG_S, answers=answers)
    assert isinstance(result, CallResult)
    assert result.is_error


@pytest.mark.parametrize("name", ["old_http_server", "by_hand"])
def test_before_2026_the_form_is_filled_in_while_the_call_and_its_time_limit_wait(
    client: ToolClient, request: pytest.FixtureRequest, name: str
):
    server = by_hand() if name == "by_hand" else request.getfixturevalue(name)
    client.list_tools(server)
    asked: list[InputRequest] = []

    def slowly(request: InputRequest) -> dict[str, Any]:
        asked.append(request)
        gevent.sleep(2.2)
        return {"action": "accept", "content": {"window": False, "sure": True}}

    tool, args = ("ask", {}) if name == "by_hand" else ("book", {"train": "IC 2"})
    result = text_of(client.call(server, tool, args, 2, on_input=slowly))
    assert len(asked) == 1
    assert "IC 2, aisle" in result or "accept" in result


def test_a_form_that_nobody_can_be_asked_is_cancelled(client: ToolClient):
    assert "cancel" in text_of(client.call(by_hand(), "ask", {}, LONG_S))


def test_a_form_whose_asking_fails_is_cancelled(client: ToolClient):
    def failing(request: InputRequest) -> dict[str, Any]:
        raise RuntimeError

    assert "cancel" in text_of(client.call(by_hand(), "ask", {}, LONG_S, on_input=failing))


def test_an_answer_that_is_none_fails_the_call(client: ToolClient, stdio_server: ServerSpec):
    answers = InputAnswers({"x": {"action": "shrug"}}, None)
    with pytest.raises(ToolFailed, match="does not fit into a form"):
        client.call(stdio_server, "book", {"train": "IC 1"}, LONG_S, answers=answers)


def test_a_call_that_ends_while_a_form_is_open_lets_go_of_the_person(client: ToolClient):
    server = by_hand()
    asking, ended = gevent.event.Event(), gevent.event.Event()

    def forever(request: InputRequest) -> dict[str, Any]:
        asking.set()
        try:
            gevent.sleep(600)
        finally:
            ended.set()
        return {}

    call = gevent.spawn(client.call, server, "ask", {}, LONG_S, on_input=forever)
    assert asking.wait(LONG_S)
    with pytest.raises(ToolUnavailable) as broken:
        client.call(server, "die", {}, LONG_S)
    assert broken.value.fields == {"may_have_run": True}
    with pytest.raises(ToolUnavailable):
        call.get()
    assert ended.wait(LONG_S)
