from zoneinfo import available_timezones

import pytest

from chat_app.demo.cities import PLACES, name_of, zones_in
from chat_app.demo.language import Language
from chat_app.demo.sums import sums_in
from chat_app.demo.wishes import MAX_WISHES, wishes


def wanted(question: str) -> list[tuple[object, ...]]:
    return [(wish.tool, *wish.arguments.values()) for wish in wishes(question)]


@pytest.mark.parametrize(
    ("question", "zones"),
    [
        ("What time is it?", ["UTC"]),
        ("what's the time in New York?", ["America/New_York"]),
        ("What time is it in Taipei and in Paris?", ["Asia/Taipei", "Europe/Paris"]),
        ("What time is it in Berlin and Munich?", ["Europe/Berlin"]),
        ("What is the time in Asia/Tokyo?", ["Asia/Tokyo"]),
        ("Tell me the time, London and UTC", ["Europe/London", "UTC"]),
        ("What day is it today?", ["UTC"]),
        ("現在幾點？", ["UTC"]),
        ("臺北和巴黎現在幾點？", ["Asia/Taipei", "Europe/Paris"]),
        ("紐約的時間是多少", ["America/New_York"]),
        ("新德里现在几点了", ["Asia/Kolkata"]),
        ("今天星期幾？", ["UTC"]),
    ],
)
def test_who_asks_for_the_time_wants_the_clock_of_each_place(
    question: str, zones: list[str]
) -> None:
    assert wanted(question) == [("current_time", zone) for zone in zones]


@pytest.mark.parametrize(
    ("question", "sums"),
    [
        ("what is 12*(3+4)?", ["12*(3+4)"]),
        ("What's 3*7 and 4 + 5?", ["3*7", "4 + 5"]),
        ("(What is 3*7?)", ["3*7"]),
        ("12 × 3 = ?", ["12*3"]),
        ("1,000 plus 2.5 minus 3", ["1000+2.5-3"]),
        ("How much is 100 divided by 7?", ["100/7"]),
        ("What is 15% of 80?", ["15/100*80"]),
        ("2^10", ["2**10"]),
        ("計算 （3＋4）＊5", ["(3+4)*5"]),
        ("17 乘以 23", ["17*23"]),
        ("17 乘以 23 等于多少？", ["17*23"]),
        ("2 的 10 次方是多少", ["2**10"]),
        ("What does 24/7 support cost?", []),
        ("It runs 24/7.", []),
        ("What is new since 2026-11-20?", []),
        ("Ports 8000-8010 are open", []),
        ("What is the difference between 3.11 and 3.12?", []),
        ("What is gpt-4.1-mini?", []),
    ],
)
def test_sums_are_found_where_their_result_is_asked_for(question: str, sums: list[str]) -> None:
    assert sums_in(question) == sums


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("note: buy milk", "buy milk"),
        ("Please remember that the gate opens at 3-5.", "the gate opens at 3-5"),
        ("Remember to ask: what time is it in Paris?", "ask: what time is it in Paris"),
        ("take a note: “a * b”", "a * b"),
        ("write down that 3*7 is 21", "3*7 is 21"),
        ("記下：買牛奶，還有雞蛋。", "買牛奶，還有雞蛋"),
        ("请帮我记一下：明天开会", "明天开会"),
        ("記住我的生日是五月一日", "我的生日是五月一日"),
        ("筆記：買牛奶", "買牛奶"),
    ],
)
def test_what_is_to_be_noted_is_noted_and_not_obeyed(question: str, text: str) -> None:
    assert wanted(question) == [("add_note", text)]


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("list my notes", [("list_notes",)]),
        ("What are my notes?", [("list_notes",)]),
        ("What notes are there?", [("list_notes",)]),
        ("What notes do we have?", [("list_notes",)]),
        ("Are there any notes in this channel?", [("list_notes",)]),
        ("我有哪些笔记？", [("list_notes",)]),
        ("我記了什麼？", [("list_notes",)]),
        ("delete note 2", [("delete_note", 2)]),
        ("Remove the second note", [("delete_note", 2)]),
        ("delete notes 1, 3 and 2", [("delete_note", 3), ("delete_note", 2), ("delete_note", 1)]),
        ("刪除第 2 條筆記", [("delete_note", 2)]),
        ("删掉第二条笔记", [("delete_note", 2)]),
        ("刪除筆記 3", [("delete_note", 3)]),
        ("delete my note", [("list_notes",)]),
        ("刪除筆記", [("list_notes",)]),
    ],
)
def test_notes_are_listed_and_deleted(question: str, calls: list[tuple[object, ...]]) -> None:
    assert wanted(question) == calls


def test_several_wishes_are_all_heard_and_reading_comes_last() -> None:
    assert wanted("Note: buy milk, then list my notes") == [
        ("add_note", "buy milk"),
        ("list_notes",),
    ]
    assert wanted("What time is it in Taipei and in Paris, and what is 3*7?") == [
        ("current_time", "Asia/Taipei"),
        ("current_time", "Europe/Paris"),
        ("calculate", "3*7"),
    ]
    assert wanted("記下買牛奶，然後列出筆記。東京現在幾點？") == [
        ("add_note", "買牛奶"),
        ("current_time", "Asia/Tokyo"),
        ("list_notes",),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Hello!",
        "How does streaming work?",
        "How many times is it retried?",
        "What is the time-out?",
        "What time limit do tools have?",
        "How long does it take?",
        "I live in Paris.",
        "Do you remember what I said?",
        "Can you repeat that?",
        "Show me a table with footnotes",
        "note: .",
        "記者是什麼？",
        "我忘記了",
        "SSE 是什麼時候出現的？",
    ],
)
def test_other_questions_want_no_tool(question: str) -> None:
    assert wanted(question) == []


def test_no_question_wants_too_much() -> None:
    cities = ", ".join(place.names[Language.ENGLISH] for place in PLACES)
    assert len(wishes(f"What time is it in {cities}?")) == MAX_WISHES


@pytest.mark.parametrize(
    "question", ["(" * 10_000, "1-" * 9_999, "note " * 999, "-(1" * 999, "刪" * 9_999, "\x00\ud800"]
)
def test_any_question_is_read_at_once(question: str) -> None:
    assert len(wishes(question)) <= 1


def test_every_place_lies_in_a_real_zone() -> None:
    assert {place.zone for place in PLACES} <= available_timezones()


@pytest.mark.parametrize("language", Language)
def test_every_place_is_found_by_its_name_and_called_by_it(language: Language) -> None:
    for place in PLACES:
        name = place.names[language]
        assert zones_in(f"現在{name}幾點") == [place.zone]
        assert name_of(place.zone, f"What time is it in {name}?", language) == name


def test_a_zone_that_was_not_named_by_a_place_is_called_by_the_best_known() -> None:
    assert name_of("Asia/Taipei", "現在幾點", Language.TRADITIONAL) == "台北"
    assert name_of("Asia/Qyzylorda", "", Language.ENGLISH) == "Asia/Qyzylorda"
