from typing import Any

import orjson
import pytest

from chat_app.demo.answers import answer
from chat_app.demo.asked import Asked, parse
from chat_app.demo.replies import reply
from chat_app.demo.said import Said
from chat_app.demo.wishes import Wish

TOOLS = ("current_time", "calculate", "add_note", "list_notes", "delete_note")
EVERYTHING = "Note: buy milk. What time is it in Taipei, what is 3*7, and list my notes"
NOW = "2026-11-20T13:35:20+08:00"


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


def asked(*messages: dict[str, Any], tools: tuple[str, ...] = TOOLS, **fields: Any) -> Asked:
    body = {"model": "holdfast-demo", "messages": messages, "tools": [*map(tool, tools)]}
    return parse(orjson.dumps(body | fields))


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def called(*calls: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    made = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": _json(arguments)}}
        for id, name, arguments in calls
    ]
    return {"role": "assistant", "content": "Let me look.", "tool_calls": made}


def result(id: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": text}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def test_it_says_what_it_does_and_calls_the_tool() -> None:
    said = reply(asked(user("What time is it in Taipei?")))
    assert said.text == "Let me look at the clock."
    assert said.calls == (Wish("current_time", {"timezone": "Asia/Taipei"}),)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("計算 3*7", "我來算算。"),
        ("计算 3*7", "我来算算。"),
        ("what is 3*7?", "Let me work that out."),
    ],
)
def test_it_speaks_the_language_of_the_question(question: str, text: str) -> None:
    assert reply(asked(user(question))).text == text


def test_asked_for_several_things_it_calls_several_tools_at_once() -> None:
    said = reply(asked(user("What time is it in Taipei and in Paris, and what is 3*7?")))
    assert [call.tool for call in said.calls] == ["current_time", "current_time", "calculate"]
    assert said.text == "Let me see to that."


def test_where_parallel_calls_are_not_wanted_it_makes_one() -> None:
    question = user("What time is it in Taipei, and what is 3*7?")
    said = reply(asked(question, parallel_tool_calls=False))
    assert [call.tool for call in said.calls] == ["current_time"]


def test_notes_are_listed_after_they_were_changed() -> None:
    first = reply(asked(user(EVERYTHING)))
    assert [call.tool for call in first.calls] == ["add_note", "current_time", "calculate"]
    then = reply(
        asked(
            user(EVERYTHING),
            called(
                ("a", "add_note", {"text": "buy milk"}),
                ("b", "current_time", {"timezone": "Asia/Taipei"}),
                ("c", "calculate", {"expression": "3*7"}),
            ),
            result("a", "ok"),
            result("b", NOW),
            result("c", "21"),
        )
    )
    assert then.calls == (Wish("list_notes"),)
    assert then.text == ""


def test_notes_are_deleted_one_by_one_from_the_last_on() -> None:
    question = user("Delete notes 1 and 3")
    assert reply(asked(question)).calls == (Wish("delete_note", {"number": 3}),)
    made = called(("a", "delete_note", {"number": 3}))
    then = reply(asked(question, made, result("a", "ok")))
    assert then.calls == (Wish("delete_note", {"number": 1}),)


def test_a_name_with_its_server_before_it_is_the_same_tool() -> None:
    question = user("What is 3*7?")
    said = reply(asked(question, tools=("other__add", "demo__calculate")))
    assert said.calls == (Wish("demo__calculate", {"expression": "3*7"}),)
    made = called(("a", "demo__calculate", {"expression": "3*7"}))
    then = reply(asked(question, made, result("a", "21"), tools=("demo__calculate",)))
    assert (then.text, then.calls) == ("`3*7` is **21**.", ())


def test_results_become_an_answer_in_the_language_of_the_question() -> None:
    made = called(("a", "current_time", {"timezone": "Asia/Taipei"}))
    said = reply(asked(user("台北現在幾點？"), made, result("a", NOW)))
    assert said.text == "台北現在是 **13:35**，2026 年 11 月 20 日星期五（UTC+8）。"


def test_a_call_that_failed_is_not_made_again() -> None:
    made = called(("a", "calculate", {"expression": "3/0"}))
    said = reply(asked(user("What is 3/0?"), made, result("a", "Error: division by zero")))
    assert said.calls == ()
    assert "division by zero" in said.text


def test_what_was_called_for_an_earlier_question_is_called_again() -> None:
    made = called(("a", "calculate", {"expression": "3*7"}))
    answered = {"role": "assistant", "content": "21"}
    said = reply(asked(user("3*7"), made, result("a", "21"), answered, user("3*7")))
    assert said.calls == (Wish("calculate", {"expression": "3*7"}),)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": ()},
        {"tools": ("weather",)},
        {"tool_choice": "none"},
        {"tool_choice": tool("list_notes")},
    ],
)
def test_without_the_tool_it_answers_as_ever(fields: dict[str, Any]) -> None:
    question = "What time is it?"
    said = reply(asked(user(question), **fields))
    assert said.calls == ()
    assert said.text == answer([Said("user", question)])


def test_a_question_that_wants_no_tool_is_answered_as_ever() -> None:
    said = reply(asked(user("What is Holdfast?")))
    assert said.calls == ()
    assert said.text == answer([Said("user", "What is Holdfast?")])


@pytest.mark.parametrize(
    "calls",
    [
        [{"id": "a", "function": {"name": "calculate", "arguments": "[1]"}}],
        [{"id": "a", "function": {"name": "calculate", "arguments": "{"}}],
        [{"id": 1, "function": {"name": "calculate", "arguments": "{}"}}],
        [None, "x", {"function": None}],
        {"id": "a"},
    ],
)
def test_calls_that_nobody_can_have_made_are_overlooked(calls: Any) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    said = reply(asked(user("3*7"), message, result("a", "21")))
    assert said.calls == (Wish("calculate", {"expression": "3*7"}),)


def test_results_without_a_question_are_told() -> None:
    made = called(("a", "calculate", {"expression": "3*7"}))
    assert reply(asked(made, result("a", "21"))).text == "`3*7` is **21**."
