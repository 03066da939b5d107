"""Lengths of time in words. static/js/words.js says the same of short ones."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext


def duration(ms: int | None) -> str:
    """`40 ms`, `1.2 s`, `2 min 5 s`; empty where it is not known."""
    if ms is None:
        return ""
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1_000:.1f} s"
    minutes, rest = divmod(round(ms / 1_000), 60)
    return f"{minutes} min {rest} s"


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
