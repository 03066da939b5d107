"""Lengths of time, and sizes, in words. static/js/words.js says the same of most."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

KB = 1024


def duration(ms: int | None) -> str:
    """`40 ms`, `1.2 s`, `2 min 5 s`; empty where it is not known."""
    if ms is None:
        return ""
    said: str
    if ms < 1_000:
        said = _("%(num)s ms", num=ms)
    elif ms < 60_000:
        said = _("%(num)s s", num=f"{ms / 1_000:.1f}")
    else:
        minutes, rest = divmod(round(ms / 1_000), 60)
        said = _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return said


def took(span: timedelta) -> str:
    """The same of a span of time."""
    return duration(round(span / timedelta(milliseconds=1)))


def file_size(size_bytes: int) -> str:
    """`340 B`, `12 KB`, `1.4 MB`."""
    if size_bytes < KB:
        return f"{size_bytes} B"
    if size_bytes < KB * KB:
        return f"{round(size_bytes / KB)} KB"
    return f"{size_bytes / KB / KB:.1f} MB"


def left(until: datetime, now: datetime) -> str:
    """How long it is until then: `5 minutes`, `1 hour`, `less than a minute`."""
    seconds = (until - now) / timedelta(seconds=1)
    said: str
    # Half a unit over is rounded, so that a fresh day is not called 23 hours.
    if (days := seconds / 86_400) >= 0.99:
        said = ngettext("%(num)d day", "%(num)d days", max(round(days), 1))
    elif (hours := seconds / 3_600) >= 0.99:
        said = ngettext("%(num)d hour", "%(num)d hours", max(round(hours), 1))
    elif (minutes := seconds / 60) >= 0.99:
        said = ngettext("%(num)d minute", "%(num)d minutes", max(round(minutes), 1))
    else:
        said = _("less than a minute")
    return said
