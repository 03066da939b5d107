"""The log of a remote run as lines, each with its time and level. static/js/log_line.js makes the
same of what comes live. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from chat_app.services.remote_logs import StoredEvent

# What a level is called in the text of a line, which is all that an AI server tells of it.
LEVELS = {
    "TRACE": "debug",
    "DEBUG": "debug",
    "INFO": "info",
    "NOTICE": "info",
    "WARN": "warning",
    "WARNING": "warning",
    "ERROR": "error",
    "CRITICAL": "error",
    "FATAL": "error",
}
RANKS = {"debug": 0, "info": 1, "warning": 2, "error": 3}
LEVEL_WITHIN_CHARS = 80
LINES_SHOWN = 500
LINES = ("log", "task_error", "sent")
_LEVEL = re.compile(rf"\b({'|'.join(LEVELS)})\b", re.ASCII)
_STAMPED = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.]\d+)?(?:Z|[+-]\d\d:\d\d)) ?(.*)", re.ASCII | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Line:
    """`level` is a key of RANKS, empty where the text tells none. A `gap` is no line of the log but
    stands for those that are missing.
    """

    seq: int
    text: str
    level: str = ""
    at: datetime | None = None
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task says that it is; `percent` is None where it does not say so in numbers."""

    percent: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch of a log. `matching` of its `kept` lines are those that were looked for; `older` is
    where the page before this one ends, None where this one has the first. `is_whole` says that
    nothing of the log is left out.
    """

    lines: Sequence[Line]
    matching: int
    kept: int
    older: int | None
    is_whole: bool


def shown(
    events: Sequence[StoredEvent],
    gaps: Mapping[str, str],
    words: str = "",
    least: str = "",
    before: int | None = None,
) -> Shown:
    """The newest lines in a journal before the number `before` that have `words` in them and a
    level of at least `least`; both may be empty. `gaps` has a sentence for each reason, and one for
    all others.
    """
    logged = [event for event in events if event.type in (*LINES, "gap")]
    kept = matching = sum(event.type != "gap" for event in logged)
    if words or least:
        lines = [_line(event, gaps) for event in logged]
        lines = [line for line in lines if _matches(line, words.lower(), least)]
        matching = sum(not line.is_gap for line in lines)
        found = [line for line in lines if before is None or line.seq < before]
        newest, is_all = found[-LINES_SHOWN:], len(found) <= LINES_SHOWN
    else:
        # A long log is not read for its last page.
        earlier = [event for event in logged if before is None or event.seq < before]
        newest = [_line(event, gaps) for event in earlier[-LINES_SHOWN:]]
        is_all = len(earlier) <= LINES_SHOWN
    older = None if is_all else newest[0].seq
    return Shown(newest, matching, kept, older, len(newest) == len(logged))


def line_of(seq: int, content: str, is_error: bool = False) -> Line:
    """A line of the log as it was sent: `<ISO 8601 time> <text>`, or only text."""
    at, text = None, content
    if stamped := _STAMPED.fullmatch(content):
        with suppress(ValueError, OverflowError):  # such as the 31st of February
            at, text = datetime.fromisoformat(stamped[1]).astimezone(UTC), stamped[2]
    said = _LEVEL.search(text[:LEVEL_WITHIN_CHARS])
    level = "error" if is_error else LEVELS[said[1]] if said else ""
    return Line(seq, text, level, at)


def progress_of(events: Sequence[StoredEvent]) -> Progress | None:
    """The last that the task said of it, None where it said nothing."""
    for event in reversed(events):
        if event.type == "progress":
            return _progress(orjson.loads(event.data)["data"])
    return None


def notices_of(events: Iterable[StoredEvent]) -> list[str]:
    """What was amiss besides, as sentences."""
    return [orjson.loads(event.data)["message"] for event in events if event.type == "notice"]


def texts_of(events: Iterable[StoredEvent], gaps: Mapping[str, str]) -> Iterator[str]:
    """The same lines as they were sent, for a file."""
    for event in events:
        if event.type == "gap":
            yield f"--- {_line(event, gaps).text} ---\n"
        elif event.type in LINES:
            yield f"{_content(event.type, orjson.loads(event.data))}\n"


def _line(event: StoredEvent, gaps: Mapping[str, str]) -> Line:
    told = orjson.loads(event.data)
    if event.type == "gap":
        return Line(event.seq, gaps.get(told["reason"], gaps[""]), is_gap=True)
    return line_of(event.seq, _content(event.type, told), is_error=event.type == "task_error")


def _content(kind: str, told: dict[str, Any]) -> str:
    return f"{told['event']}: {told['data']}" if kind == "sent" else told["content"]


def _matches(line: Line, words: str, least: str) -> bool:
    if line.is_gap:
        return not words
    if least and RANKS.get(line.level, -1) < RANKS[least]:
        return False
    return words in line.text.lower()


def _progress(data: str) -> Progress:
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        return Progress(None, "")
    message = told.get("message")
    return Progress(_percent(told), message if isinstance(message, str) else "")


def _percent(told: dict[str, Any]) -> int | None:
    percent, done, total = (_number(told.get(name)) for name in ("percent", "progress", "total"))
    if percent is None and done is not None and total:
        percent = done / total * 100
    return None if percent is None else int(max(0, min(percent, 100)))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
