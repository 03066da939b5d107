"""The lines of a log, from what a journal has of them."""

import orjson
import pytest

from chat_app.store.run_events import StoredEvent
from chat_app.web import log_lines
from chat_app.web.log_lines import LINES_SHOWN, Progress, line_of, progress_of, shown, texts_of

GAPS = {"flood": "They came too fast.", "": "Something is missing."}


def journal(*told):
    """`(type, fields)` each, numbered from 1."""
    return [
        StoredEvent(7, seq, kind, orjson.dumps({"type": kind} | fields).decode())
        for seq, (kind, fields) in enumerate(told, 1)
    ]


def log(content):
    return "log", {"content": content}


@pytest.mark.parametrize(
    ("content", "time", "level", "text"),
    [
        ("2026-11-20T14:05:01.250Z INFO Ready", "14:05:01", "info", "INFO Ready"),
        ("2026-11-20T14:05:01+02:00 [x] WARN hot", "12:05:01", "warning", "[x] WARN hot"),
        ("2026-11-20T14:05:01Z", "14:05:01", "", ""),
        ("ERROR without a time", None, "error", "ERROR without a time"),
        ("2026-02-31T14:05:01Z DEBUG x", None, "debug", "2026-02-31T14:05:01Z DEBUG x"),
        ("errors: 0, TERRORS, INFORMATION", None, "", "errors: 0, TERRORS, INFORMATION"),
        ("x" * 90 + " ERROR", None, "", "x" * 90 + " ERROR"),
        ("2026-11-20T14:05:01Z one\n  two", "14:05:01", "", "one\n  two"),
        ("2026-11-20 14:05 INFO a ERROR b", None, "info", "2026-11-20 14:05 INFO a ERROR b"),
    ],
)
def test_a_line_tells_its_time_and_its_level(content, time, level, text):
    line = line_of(3, content)
    assert (line.at.strftime("%H:%M:%S") if line.at else None) == time
    assert (line.level, line.text) == (level, text)


def test_what_else_was_sent_is_a_line_too_and_a_gap_is_a_sentence():
    events = journal(
        ("start", {}),
        log("DEBUG a"),
        ("task_error", {"content": "It broke."}),
        ("sent", {"event": "metric", "data": "7"}),
        ("progress", {"data": "{}"}),
        ("gap", {"reason": "flood"}),
        ("gap", {"reason": "unheard-of"}),
        ("done", {}),
    )
    found = shown(events, GAPS)
    told = [(line.seq, line.level, line.text, line.is_gap) for line in found.lines]
    assert told == [
        (2, "debug", "DEBUG a", False),
        (3, "error", "It broke.", False),
        (4, "", "metric: 7", False),
        (6, "", "They came too fast.", True),
        (7, "", "Something is missing.", True),
    ]
    assert (found.kept, found.matching, found.older, found.is_whole) == (3, 3, None, True)
    assert list(texts_of(events, GAPS)) == [
        "DEBUG a\n",
        "It broke.\n",
        "metric: 7\n",
        "--- They came too fast. ---\n",
        "--- Something is missing. ---\n",
    ]


def test_lines_are_found_by_words_and_by_level():
    events = journal(
        log("INFO Kelp"), log("kelp"), ("gap", {"reason": "x"}), log("ERROR kelp"), log("WARN")
    )

    def texts(**asked):
        return [line.text for line in shown(events, GAPS, **asked).lines]

    assert texts(words="KELP") == ["INFO Kelp", "kelp", "ERROR kelp"]
    assert texts(least="info") == ["INFO Kelp", GAPS[""], "ERROR kelp", "WARN"]
    assert texts(words="kelp", least="warning") == ["ERROR kelp"]
    found = shown(events, GAPS, words="kelp", least="warning")
    assert (found.matching, found.kept, found.is_whole) == (1, 4, False)


@pytest.mark.parametrize("words", ["", "n"])
def test_a_long_log_has_pages_and_no_line_is_on_two(words):
    events = journal(*(log(f"n {number}") for number in range(2 * LINES_SHOWN + 5)))
    seen, before = [], None
    while True:
        page = shown(events, GAPS, words, "", before)
        seen = [line.text for line in page.lines] + seen
        assert not page.is_whole
        if page.older is None:
            break
        before = page.older
    assert seen == [f"n {number}" for number in range(2 * LINES_SHOWN + 5)]
    assert page.kept == page.matching == len(seen)


@pytest.mark.parametrize(
    ("data", "progress"),
    [
        ('{"progress": 3, "total": 12, "message": "a.py"}', Progress(25, "a.py")),
        ('{"percent": 33.9}', Progress(33, "")),
        ('{"percent": 900}', Progress(100, "")),
        ('{"progress": 3}', Progress(None, "")),
        ('{"progress": 3, "total": 0, "message": 5}', Progress(None, "")),
        ('{"progress": true, "total": "12"}', Progress(None, "")),
        ("[1]", Progress(None, "")),
        ("no JSON", Progress(None, "")),
    ],
)
def test_progress_is_what_can_be_told_of_it(data, progress):
    events = journal(("progress", {"data": '{"percent": 1}'}), ("progress", {"data": data}))
    assert progress_of(events) == progress
    assert progress_of(journal(log("x"))) is None


def test_notices_are_no_lines():
    events = journal(("notice", {"message": "It may go on there."}), log("x"))
    assert log_lines.notices_of(events) == ["It may go on there."]
    assert shown(events, GAPS).kept == 1
