from typing import Any

import pytest

from chat_app.demo.language import Language
from chat_app.demo.reports import Outcome, report
from chat_app.markdown import render

ENGLISH, TRADITIONAL, SIMPLIFIED = Language


def told(
    tool: str,
    result: str,
    language: Language = ENGLISH,
    question: str = "",
    **arguments: Any,
) -> str:
    return report([Outcome(tool, arguments, result)], question, language)


@pytest.mark.parametrize(
    ("result", "zone", "language", "text"),
    [
        (
            "2026-11-20T13:35:20+08:00 (Friday, 20 November 2026, 13:35 Asia/Taipei)",
            "Asia/Taipei",
            ENGLISH,
            "In Taipei it is **13:35** on Friday, 20 November 2026 (UTC+8).",
        ),
        (
            '{"time": "2026-11-20 11:05:20 -0330"}',
            "America/St_Johns",
            ENGLISH,
            "In America/St_Johns it is **11:05** on Friday, 20 November 2026 (UTC−3:30).",
        ),
        ("2026-01-04T05:35:20Z", "UTC", ENGLISH, "It is **05:35** UTC on Sunday, 4 January 2026."),
        (
            "2026-11-20T13:35:20+08:00",
            "Asia/Taipei",
            TRADITIONAL,
            "台北現在是 **13:35**，2026 年 11 月 20 日星期五（UTC+8）。",
        ),
        (
            "2026-11-20T05:35:20+00:00",
            "UTC",
            SIMPLIFIED,
            "现在是 UTC **05:35**，2026 年 11 月 20 日星期五。",
        ),
    ],
)
def test_the_time_is_told_as_people_tell_it(
    result: str, zone: str, language: Language, text: str
) -> None:
    assert told("current_time", result, language, timezone=zone) == text


def test_a_place_is_called_what_the_question_called_it() -> None:
    text = told(
        "current_time",
        "2026-11-20T06:35:20+01:00",
        question="What time is it in Munich?",
        timezone="Europe/Berlin",
    )
    assert text.startswith("In Munich it is **06:35**")


@pytest.mark.parametrize("result", ["84", "84\n", '{"result":84}', "12*(3+4) = 84"])
def test_the_result_of_a_sum_is_told(result: str) -> None:
    assert told("calculate", result, expression="12*(3+4)") == "`12*(3+4)` is **84**."


@pytest.mark.parametrize("result", ["-0.5", "1.5e+300", "1,000"])
def test_any_number_is_a_result(result: str) -> None:
    assert f"**{result}**" in told("calculate", result, TRADITIONAL, expression="1")


def test_notes_are_listed_with_their_own_numbers_and_not_as_markup() -> None:
    text = told("list_notes", "1. buy *milk*\n4. <b>eggs</b>\nand bread")
    assert text == (
        "These are the notes:\n\n- **1** buy \\*milk\\*\n- **4** \\<b\\>eggs\\</b\\> and bread"
    )
    assert "<strong>1</strong> buy *milk*</li>" in render(text)


@pytest.mark.parametrize("result", ["", "There are no notes.", "No notes yet!", "[]"])
def test_no_notes_are_no_list(result: str) -> None:
    assert told("list_notes", result, TRADITIONAL).startswith("還沒有筆記")


def test_what_was_noted_or_deleted_is_said() -> None:
    assert "Noted: “buy milk”." in told("add_note", "Noted as number 1.", text="buy milk")
    assert told("delete_note", "Note 2 is deleted.", SIMPLIFIED, number=2) == "第 2 条笔记已删除。"


@pytest.mark.parametrize(
    ("tool", "result"),
    [
        ("current_time", "There is no time zone “Mars/Olympus”."),
        ("current_time", "2026-99-99T13:35:20+08:00"),
        ("calculate", "division by zero"),
        ("calculate", "A division by zero has no result."),
        ("add_note", "A note has 1 to 2000 characters."),
        ("add_note", "The tool call was not approved."),
        ("delete_note", "There is no note 7."),
        ("list_notes", "The tool did not answer in 30 s: it timed out."),
        ("something_else", "42"),
    ],
)
@pytest.mark.parametrize("language", Language)
def test_what_went_wrong_is_said_in_the_words_of_the_tool(
    tool: str, result: str, language: Language
) -> None:
    text = told(tool, result, language)
    assert f"`{tool}`" in text
    assert result in text


def test_what_the_sdk_says_before_it_is_left_out() -> None:
    text = told("calculate", "Error executing tool calculate: 3 apples?")
    assert text.endswith("It said: 3 apples?")


def test_several_outcomes_are_a_list_and_the_notes_come_below_it() -> None:
    outcomes = [
        Outcome("current_time", {"timezone": "Asia/Tokyo"}, "2026-11-20T14:35:20+09:00"),
        Outcome("list_notes", {}, "1. buy milk"),
        Outcome("calculate", {"expression": "3*7"}, "21"),
    ]
    assert report(outcomes, "", ENGLISH) == (
        "- In Tokyo it is **14:35** on Friday, 20 November 2026 (UTC+9).\n"
        "- `3*7` is **21**.\n\n"
        "These are the notes:\n\n- **1** buy milk"
    )


@pytest.mark.parametrize(
    "result", ["", "x" * 1_000_000, "{place}{result}", "\x00\ud800", "9" * 9_999]
)
@pytest.mark.parametrize(
    "tool", ["current_time", "calculate", "add_note", "list_notes", "delete_note", "x"]
)
def test_any_result_is_told_shortly(tool: str, result: str) -> None:
    assert 0 < len(told(tool, result, timezone="{time}", text="{text}")) < 5_000
