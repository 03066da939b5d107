"""npm's server-everything, made with the SDK of JavaScript: each kind of content, and a form."""

import base64
import shutil
from pathlib import Path

import orjson
import pytest

from tests.real import others
from tests.real.desk import Desk, Known
from tests.real.others import Command
from tests.servers import free_port
from tests.sockets import eventually

PNG = b"\x89PNG\r\n"


def test_tools_that_come_with_what_a_client_can_do_are_found_too(known: Known):
    """It lists them only after the handshake, since we take forms and pages, and says so."""
    assert set(known.tools()) >= {"trigger-elicitation-request", "trigger-url-elicitation"}


def test_tools_that_only_run_as_tasks_are_left_out(known: Known):
    assert "simulate-research-query" not in known.tools()
    assert known.server["state_message"].startswith("1 of its tools")


def test_a_picture_is_kept_whole(known: Known):
    result = known.use("get-tiny-image")
    (image,) = result["content"]
    assert (image["type"], image["mime_type"]) == ("image", "image/png")
    assert base64.b64decode(image["data"]).startswith(PNG)
    assert "[Image: image/png, 4 KB; the person sees it]" in result["result"]


def test_structured_content_is_kept_beside_its_text(known: Known):
    result = known.use("get-structured-content", location="Chicago")
    assert result["structured"]["humidity"] == 82
    assert orjson.loads(result["result"]) == result["structured"]


def test_links_are_kept(known: Known):
    first, second = known.use("get-resource-links", count=2)["content"]
    assert first["type"] == second["type"] == "resource_link"
    assert second["uri"] == "demo://resource/dynamic/text/2"
    assert second["mime_type"] == "text/plain"


def test_a_resource_is_text_for_the_model(known: Known):
    result = known.use("get-resource-reference", resourceType="Text", resourceId=1)
    assert "[Resource: demo://resource/dynamic/text/1]" in result["result"]
    assert "This is a plaintext resource" in result["result"]


def test_progress_comes_step_by_step(known: Known):
    with known.using("trigger-long-running-operation", duration=0.6, steps=3) as use:
        use.until("tool_result")
        steps = [event for event in use.told if event["type"] == "tool_progress"]
        use.until("done")
    assert [(step["progress"], step["total"]) for step in steps] == [(1, 3), (2, 3), (3, 3)]


def test_arguments_that_it_refuses_are_an_error_for_the_model(known: Known):
    result = known.use("echo", message=5)
    assert result["is_error"] is True
    assert "expected string" in result["result"]


def test_its_form_with_every_kind_of_field_is_filled_in(known: Known):
    with known.using("trigger-elicitation-request") as use:
        asked = use.until("tool_approval")
        assert asked["message"] == "Please provide inputs for the following fields:"
        assert len(asked["schema"]["properties"]) == 13
        use.answer(content={"name": "Ann", "check": True, "integer": 7, "email": "ann@example.com"})
        said = use.until("tool_result")["result"]
        use.until("done")
    assert "- Name: Ann" in said
    assert "- Favorite Integer: 7" in said


def test_its_form_may_be_declined(known: Known):
    with known.using("trigger-elicitation-request") as use:
        use.until("tool_approval")
        use.answer(approve=False)
        assert "User declined" in use.until("tool_result")["result"]
        use.until("done")


def test_a_page_that_a_person_should_open_is_declined(known: Known):
    result = known.use("trigger-url-elicitation", url="https://example.com/")
    assert "declined to open the URL" in result["result"]


def echoed(known: Known, message: str) -> list[str]:
    """What the tool said, or why it could not."""
    with known.using("echo", message=message) as use:
        use.until("done")
    return [event["result"] for event in use.told if event["type"] == "tool_result"]


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_after_a_restart_it_is_used_as_before(desk: Desk, everything: Command, transport: str):
    """It knows no session of before, and says so with an HTTP status of 400 and not of 404."""
    port = free_port()
    with others.listening(everything, transport, port) as url:
        known = desk.connect(f"restarted {transport}", url, transport)
        known.use("echo", message="before")
    with others.listening(everything, transport, port):
        eventually(lambda: echoed(known, "after") == ["Echo: after"])


def test_a_command_sees_the_variables_given_to_it_and_none_of_ours(desk: Desk, everything: Command):
    command = everything.over("stdio")
    known = desk.declare("with variables", command, {"GREETING": "hello", "API_KEY": "k-1234"})
    said = orjson.loads(known.use("get-env")["result"])
    assert (said["GREETING"], said["API_KEY"]) == ("hello", "k-1234")
    assert not said.keys() & {"SECRET_KEY", "DATABASE_URL", "ADMIN_PASSWORD", "OPENAI_API_KEY"}


@pytest.mark.skipif(shutil.which("tee") is None, reason="tee: not on this machine")
def test_it_is_told_of_a_cancelled_call(desk: Desk, everything: Command, tmp_path: Path):
    """It goes on working all the same; what it read is what there is to see."""
    read = tmp_path / "read"
    tapped = ["sh", "-c", 'tee "$0" | "$@"', str(read), *everything.over("stdio")]
    known = desk.declare("tapped", tapped, {})
    with known.using("trigger-long-running-operation", duration=20, steps=100) as use:
        use.until("tool_progress")
        use.cancel()
        use.until("error")
    eventually(lambda: "notifications/cancelled" in read.read_text())
