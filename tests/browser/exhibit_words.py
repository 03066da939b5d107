"""What people and agents said in the exhibit."""

from dataclasses import dataclass, field
from typing import Any

ADA, BO = "Ada Lindqvist", "Bo Chen"
ASSISTANT, REVIEWER = "Assistant", "Reviewer"
TIMETABLE, ISSUES = "Timetable", "Issues"


@dataclass(frozen=True)
class Line:
    """A message by one of these; an agent's may have calls, each after so many characters."""

    author: str
    body: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    status: str = "complete"
    error_code: str | None = None
    has_files: bool = False

    @property
    def is_answer(self) -> bool:
        return self.author in (ASSISTANT, REVIEWER)


def call(tool: str, server: str, at: int, args: dict[str, Any], **ended: Any) -> dict[str, Any]:
    """A finished call as a message keeps it."""
    about = {"call_id": f"call_{tool}_{at}", "tool": tool, "server": server, "args": args, "at": at}
    return about | {"is_error": False, "duration_ms": 212, "round": 0} | ended


LOOK = "Let me look at the plan for Saturday.\n\n"
DEPARTURES = """\
There are **four** departures on Saturday; the last one waits for the train from Uppsala.

| Departure | Ship | From | Seats left |
|:--|:--|:--|--:|
| 08:10 | *Kittiwake* | Pier 2 | 41 |
| 11:40 | *Guillemot* | Pier 2 | 12 |
| 15:05 | *Kittiwake* | Pier 4 | 63 |
| 18:30 | *Razorbill* | Pier 1 | 7 |
"""
SCRIPT = """\
This reads the export and keeps what still has seats:

```python
import csv
from pathlib import Path


def with_seats(path: Path, wanted: int) -> list[dict[str, str]]:
    \"\"\"The departures with room for so many, the earliest first.\"\"\"
    with path.open(encoding="utf-8") as export:
        rows = [row for row in csv.DictReader(export) if int(row["seats"]) >= wanted]
    return sorted(rows, key=lambda row: row["departure"])
```

Run it with `with_seats(Path("saturday.csv"), 10)`.
"""
TIDE = """\
The height follows a cosine over one tidal period $T$:

$$h(t) = h_0 + A \\cos\\left(\\frac{2\\pi t}{T}\\right), \\qquad T \\approx 12.42\\ \\text{h}$$

> Two hours after high water about a quarter of the range is gone.

- [x] Checked against the harbour's table[^1]
- [ ] Wind is not in it

[^1]: Of last year; this year's is due in March.
"""
CHINESE = """\
星期六共有**四班**船，最後一班 18:30 從一號碼頭出發。

1. 請在開船前十五分鐘到達碼頭。
2. 單車可以上船，不需另外付費。
"""

TALK = [
    Line(
        BO, "Can you give me a few lines of Python that pick the departures with ten seats or more?"
    ),
    Line(ASSISTANT, SCRIPT),
    Line(ADA, "Which departures do we have on Saturday, and how many seats are left?"),
    Line(
        ASSISTANT,
        LOOK + DEPARTURES,
        [
            call(
                "list_departures",
                TIMETABLE,
                len(LOOK),
                {"date": "2026-06-20", "pier": None},
                result="08:10 Kittiwake · 11:40 Guillemot · 15:05 Kittiwake · 18:30 Razorbill",
            ),
            call(
                "count_seats",
                TIMETABLE,
                len(LOOK),
                {"date": "2026-06-20"},
                result='{"08:10": 41, "11:40": 12, "15:05": 63, "18:30": 7}',
                duration_ms=1_340,
            ),
        ],
    ),
]
TIDES = [
    Line(ADA, "How fast does the water fall after high tide?", has_files=True),
    Line(ASSISTANT, TIDE),
    Line(BO, "星期六有幾班船？"),
    Line(ASSISTANT, CHINESE),
]
TROUBLE = [
    Line(ADA, "@reviewer what changed in the booking service since Monday?"),
    Line(
        REVIEWER,
        "I asked the tracker, but it did not answer.",
        [
            call(
                "search_issues",
                ISSUES,
                0,
                {"query": "booking", "since": "2026-06-15"},
                result="The server did not answer within 30 s.",
                is_error=True,
                error_code="tool_timeout",
                duration_ms=30_004,
            ),
            call(
                "close_issue",
                ISSUES,
                0,
                {"issue": 1412},
                result="A person refused this call.",
                is_error=True,
                error_code="tool_denied",
            ),
        ],
    ),
    Line(ADA, "Then summarise the last release."),
    Line(REVIEWER, "The last release brought ", status="cancelled"),
    Line(BO, "Once more, please."),
    Line(REVIEWER, "", status="failed", error_code="provider_rate_limited"),
]
ASKED = "Please tell the crew of Razorbill that they need a second deckhand."
LETTER = {
    "to": "razorbill@ferries.example",
    "subject": "Saturday, 18:30",
    "text": "Please bring a second deckhand: we expect 180 people from the Uppsala train.",
}
CONTEXT = (
    "We run four ferries between Pier 1 and the islands. Times are local. The crew is to be asked "
    "before anything is promised to passengers."
)
GUIDE = (
    "You are {{ agent }} in the channel “{{ channel }}”. Today is {{ date }}. Review changes for "
    "correctness first and for style last, and say which file and line you mean."
)
SPEC = "Build the timetable for July and check it against the tide tables."
BUILT = "July is built: **248** departures, 3 of them moved for low water."
LOG = [
    "2026-06-19T08:00:02Z INFO Reading 4 ships and 6 piers",
    "2026-06-19T08:00:03Z DEBUG Cache is empty",
    "2026-06-19T08:00:41Z INFO 248 departures planned",
    "2026-06-19T08:01:10Z WARNING Pier 4 is dry on July 11, 13:05 to 13:40",
    "2026-06-19T08:01:12Z WARNING Pier 4 is dry on July 12, 13:50 to 14:30",
    "2026-06-19T08:02:08Z ERROR The tide table of July 30 is missing; that of last year is used",
    "2026-06-19T08:02:55Z INFO 3 departures moved",
    "2026-06-19T08:03:01Z INFO Done",
]
