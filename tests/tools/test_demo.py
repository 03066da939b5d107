"""The built-in tool server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chat_app.tools.client import ToolClient
from chat_app.tools.values import CallResult, ServerSpec
from tests.tools.serving import Notebook, demo, tool_client

HERE, THERE = 7, 8


@pytest.fixture(scope="module")
def client() -> Iterator[ToolClient]:
    with tool_client(notes=Notebook()) as made:
        yield made


@pytest.fixture(scope="module")
def server() -> ServerSpec:
    return demo()


@pytest.fixture
def use(client: ToolClient, server: ServerSpec) -> Any:
    def call(tool: str, channel_id: int | None = HERE, **args: Any) -> CallResult:
        result = client.call(server, tool, args, 20, channel_id=channel_id)
        assert isinstance(result, CallResult)
        return result

    return call


def test_its_tools_say_what_they_do_to_the_world(client: ToolClient, server: ServerSpec):
    listing = client.list_tools(server)
    hints = {tool.name: tool.annotations for tool in listing.tools}
    assert {name for name, hint in hints.items() if hint["readOnlyHint"]} == {
        "current_time",
        "calculate",
        "list_notes",
    }
    assert hints["delete_note"]["destructiveHint"]
    assert hints["delete_note"]["idempotentHint"]
    assert not hints["add_note"]["destructiveHint"]
    assert all(tool.description and not tool.description.startswith(" ") for tool in listing.tools)


def test_the_time_is_now_and_in_the_zone_that_was_asked_for(use: Any):
    told = use("current_time", timezone="Asia/Taipei").text
    now = datetime.fromisoformat(told.split()[0])
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
    assert now.utcoffset().total_seconds() == 8 * 3600
    assert "Asia/Taipei" in told
    assert "+00:00" in use("current_time").text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "a\0b"])
def test_a_zone_that_is_none_says_so(use: Any, zone: str):
    result = use("current_time", timezone=zone)
    assert result.is_error
    assert "There is no time zone" in result.text


def test_sums_are_worked_out(use: Any):
    assert use("calculate", expression="2 * (3 + 4) ** 2") == CallResult("98")


def test_a_sum_that_is_none_says_why(use: Any):
    result = use("calculate", expression="open('/etc/passwd')")
    assert result.is_error
    assert "is not arithmetic that I know" in result.text


def test_notes_belong_to_their_channel(use: Any):
    assert use("list_notes").text == "There are no notes."
    assert use("add_note", text="Buy milk").text == "Noted as number 1."
    assert use("add_note", text=" Call Ada\0 ").text == "Noted as number 2."
    assert use("list_notes").text == "1. Buy milk\n2. Call Ada"
    assert use("list_notes", THERE).text == "There are no notes."
    assert use("delete_note", number=1).text == "Note 1 is deleted."
    assert use("delete_note", number=1).text == "There is no note 1."
    assert use("list_notes").text == "2. Call Ada"


@pytest.mark.parametrize("text", ["", "  ", "x" * 2_001])
def test_a_note_is_neither_empty_nor_a_book(use: Any, text: str):
    assert use("add_note", text=text).is_error


def test_outside_of_a_channel_there_are_no_notes(use: Any):
    result = use("list_notes", None)
    assert result.is_error
    assert "belong to a channel" in result.text


def test_notes_that_cannot_be_reached_are_a_failed_tool():
    class Broken(Notebook):
        def all(self, channel_id: int) -> list[tuple[int, str]]:
            raise RuntimeError("database on fire")

    with tool_client(notes=Broken()) as client:
        result = client.call(demo(), "list_notes", {}, 20, channel_id=HERE)
    assert isinstance(result, CallResult)
    assert result.is_error
    assert "fire" not in result.text
