from datetime import UTC, datetime
from typing import Any

import pytest

from chat_app.web.answers import Shown, Thing, ToolCall, shown
from tests.web.tool_calls import Live, Stored, approval, call, unfinished

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINK = {"type": "resource_link", "uri": "https://example.com/a", "name": "A", "description": "B"}


def shapes(answer: Shown) -> list[str]:
    """Texts as they are, calls as `tool:state`."""
    return [p if isinstance(p, str) else f"{p.tool}:{p.state}" for p in answer.parts]


def only_call(answer: Shown) -> ToolCall:
    (found,) = (part for part in answer.parts if isinstance(part, ToolCall))
    return found


def stored(body: str, *calls: dict[str, Any], status: str = "complete") -> Shown:
    return shown(Stored(body, status, [*calls]), None, NOW)


def live(text: str, *calls: dict[str, Any], approvals: list[dict[str, Any]] | None = None) -> Shown:
    return shown(Stored("", "streaming"), Live(text, [*calls], approvals or []), NOW)


@pytest.mark.parametrize(
    ("body", "ats", "parts"),
    [
        ("Just text.", [], ["Just text."]),
        ("Look.\n\nNoon.", [5], ["Look.", "c:done", "\n\nNoon."]),
        ("Look.Noon.", [5, 5], ["Look.", "c:done", "c:done", "Noon."]),
        ("AB", [1, 2], ["A", "c:done", "B", "c:done"]),
        ("A", [0], ["c:done", "A"]),
        ("", [0], ["c:done"]),
        ("看一下。中午。", [4], ["看一下。", "c:done", "中午。"]),
        ("A\n\n", [1], ["A", "c:done"]),
        ("AB", [1, 0, 99], ["A", "c:done", "c:done", "B", "c:done"]),
    ],
)
def test_each_call_stands_where_it_was_made(body: str, ats: list[int], parts: list[str]) -> None:
    assert shapes(stored(body, *(call(at, tool="c") for at in ats))) == parts


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "done"),
        ({"result": ""}, "done"),
        ({"is_error": True}, "failed"),
        ({"is_error": True, "error_code": "tool_timeout"}, "failed"),
        ({"is_error": True, "error_code": "tool_denied"}, "refused"),
        ({"is_error": True, "result": None}, "stopped"),
    ],
)
def test_how_a_call_ended_is_told(changes: dict[str, Any], state: str) -> None:
    assert only_call(stored("", call(**changes))).state == state


def test_arguments_are_told_as_json_and_none_as_nothing() -> None:
    assert only_call(stored("", call(args={"at": "海"}))).args == '{\n  "at": "海"\n}'
    assert only_call(stored("", call(args={}))).args == ""


def test_structured_content_stands_in_for_a_text_that_is_missing() -> None:
    assert only_call(stored("", call(result="", structured=[1]))).result == "[\n  1\n]"
    assert only_call(stored("", call(result="one", structured=[1]))).result == "one"


@pytest.mark.parametrize(
    ("part", "thing"),
    [
        (
            {"type": "image", "mime_type": "image/png", "data": "AA=="},
            Thing("image", "data:image/png;base64,AA==", "Image from t"),
        ),
        (
            {"type": "audio", "mime_type": "audio/ogg", "data": "AA=="},
            Thing("audio", "data:audio/ogg;base64,AA==", "Sound from t"),
        ),
        (
            {"type": "image", "mime_type": "image/svg+xml", "data": "AA=="},
            Thing("other", "", "image (image/svg+xml), not shown"),
        ),
        (
            {"type": "image", "mime_type": "image/png", "data": "AA,<svg>"},
            Thing("other", "", "image (image/png), not shown"),
        ),
        (
            {"type": "audio", "mime_type": "text/html"},
            Thing("other", "", "audio (text/html), not shown"),
        ),
        ({"type": "image"}, Thing("other", "", "image (of unknown type), not shown")),
        ({"type": "video"}, Thing("other", "", "video, not shown")),
        (LINK, Thing("link", "https://example.com/a", "A", "B")),
        (
            {"type": "resource_link", "uri": "HTTP://x"},
            Thing("link", "HTTP://x", "HTTP://x", "HTTP://x"),
        ),
        (
            LINK | {"uri": "javascript:alert(1)", "description": ""},
            Thing("link", "", "A", "javascript:alert(1)"),
        ),
        (LINK | {"uri": " https://x"}, Thing("link", "", "A", "B")),
        (
            LINK | {"uri": "file:///etc/passwd", "name": None},
            Thing("link", "", "file:///etc/passwd", "B"),
        ),
    ],
)
def test_what_is_harmless_is_shown_and_the_rest_is_named(
    part: dict[str, Any], thing: Thing
) -> None:
    assert only_call(stored("", call(tool="t", content=[part]))).things == (thing,)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (live(""), "thinking"),
        (live("So"), "streaming"),
        (live("So", call(2)), "thinking"),
        (live("So", unfinished(2)), "streaming"),
        (live("So", unfinished(2), call(2)), "streaming"),
        (live("So far", call(2)), "streaming"),
        (live("", approvals=[approval()]), "streaming"),
        (stored("", status="streaming"), "thinking"),
        (stored("So", status="cancelled"), "cancelled"),
    ],
)
def test_it_thinks_while_neither_a_text_nor_a_tool_is_at_work(answer: Shown, status: str) -> None:
    assert answer.status == status


def test_a_call_without_a_result_runs_while_the_answer_does_and_is_stopped_after() -> None:
    assert only_call(live("", unfinished())).state == "running"
    assert only_call(stored("", unfinished())).state == "stopped"


def test_a_call_that_waits_is_shown_once_with_what_is_asked() -> None:
    told = [
        live("So", approvals=[approval()]),
        live("So", unfinished(2, tool="send_mail"), approvals=[approval()]),
    ]
    for answer in told:
        assert shapes(answer) == ["So", "send_mail:waiting"]
        (asked,) = answer.asks
        assert (asked.server, asked.args, asked.is_form) == ("post", '{\n  "to": "Bo"\n}', False)
        assert asked.left == "1 day"


def test_of_several_forms_of_one_call_the_first_is_asked() -> None:
    forms = [approval(message=message, schema={}) for message in ("First?", "Second?")]
    (asked,) = live("", unfinished(), approvals=forms).asks
    assert (asked.message, asked.is_form, asked.fields) == ("First?", True, ())


def test_a_schema_that_is_none_is_a_form_without_fields() -> None:
    (asked,) = live("", approvals=[approval(schema=[1])]).asks
    assert (asked.is_form, asked.fields) == (True, ())
