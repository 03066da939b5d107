"""What the demo says of the results of tools. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chat_app.demo.cities import name_of
from chat_app.demo.language import Language
from chat_app.demo.texts import texts

MAX_TOLD_CHARS = 2_000

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z| ?[+-]\d\d:?\d\d)?", re.ASCII
)
_SUM = re.compile(
    r"(?:.*=\s*|\D*\"result\":\s*)?(-?\d[\d,_ ]*(?:\.\d+)?(?:e[+-]?\d+)?)[}\s.]*", re.I
)
# The built-in server says “Noted as number 3.” and “Note 3 is deleted.”; others are not far off.
_DONE = re.compile(r"\b(?:noted|added|saved|kept|written|deleted|removed|gone|done|ok)\b", re.I)
_NOTE = re.compile(r"^\s*(?:(\d+)[.):]|[-*•])\s+", re.MULTILINE)
_NONE = re.compile(r"\W*(?:|none|(?:there are )?no notes?\b.*)\W*", re.IGNORECASE)
# What the MCP SDK puts before the words of a tool that failed.
_PREFIX = re.compile(r"Error executing tool [\w.-]+:\s*")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_CHINESE_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call that was made, by the tool's plain name, and the text that came back."""

    tool: str
    arguments: dict[str, Any]
    result: str


def report(outcomes: Sequence[Outcome], question: str, language: Language) -> str:
    """An answer in Markdown: a sentence for each outcome, or a list of them."""
    told = [_told(outcome, question, language) for outcome in outcomes]
    if len(told) == 1:
        return told[0]
    # What has several lines, such as the list of notes, does not fit into an item.
    items = "\n".join(f"- {text}" for text in told if "\n" not in text)
    return "\n\n".join([items, *(text for text in told if "\n" in text)]).strip()


def _told(outcome: Outcome, question: str, language: Language) -> str:
    result = _PREFIX.sub("", outcome.result.strip()[:MAX_TOLD_CHARS])
    match outcome.tool:
        case "current_time" if at := _time_in(result):
            zone = str(outcome.arguments.get("timezone", "UTC"))
            return _time(at, zone, name_of(zone, question, language), language)
        case "calculate" if found := _SUM.fullmatch(result):
            expression = str(outcome.arguments.get("expression", ""))
            return _say(language, "told calculate", expression=expression, result=found[1])
        case "add_note" | "delete_note" if _DONE.search(result):
            said = {name: in_line(str(value)) for name, value in outcome.arguments.items()}
            return _say(language, f"told {outcome.tool}", **said)
        case "list_notes" if _NONE.fullmatch(result):
            return _say(language, "told no notes")
        case "list_notes" if _NOTE.match(result):
            return _say(language, "told list_notes", notes=_notes(result))
    return _say(language, "told failed", tool=outcome.tool, result=in_line(result) or "…")


def _time_in(result: str) -> datetime | None:
    found = _TIME.search(result)
    try:
        return (
            datetime.fromisoformat(found[0].replace(" +", "+").replace(" -", "-"))
            if found
            else None
        )
    except ValueError:
        return None


def _time(at: datetime, zone: str, place: str, language: Language) -> str:
    if language is Language.ENGLISH:
        date = f"{_WEEKDAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"
    else:
        weekday = _CHINESE_WEEKDAYS[at.weekday()]
        date = f"{at.year} 年 {at.month} 月 {at.day} 日星期{weekday}"
    said = {"time": f"{at:%H:%M}", "date": date, "place": place, "offset": _offset(at.utcoffset())}
    return _say(language, "told utc" if zone == "UTC" else "told current_time", **said)


def _offset(offset: timedelta | None) -> str:
    """`UTC+8`, `UTC−3:30`."""
    minutes = round((offset or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def _notes(result: str) -> str:
    """Each note with its own number: a numbered list would count anew."""
    _, *parts = _NOTE.split(result)
    notes = zip(parts[::2], parts[1::2], strict=True)
    return "\n".join(f"- **{number or '–'}** {in_line(text)}" for number, text in notes)


def in_line(text: str) -> str:
    """One line that Markdown leaves as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _say(language: Language, topic: str, **words: str) -> str:
    """The text with its `{names}` filled in; what is filled in is not looked through again."""
    text = texts(language, topic)[0]
    return re.sub(r"{(\w+)}", lambda found: words.get(found[1], found[0]), text)
