"""Lengths of time in words. static/js/words.js says the same. Pure."""

from datetime import datetime, timedelta


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
    for unit, unit_s in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        # Half a unit over is rounded, so that a fresh day is not called 23 hours.
        if seconds >= unit_s * 0.99:
            count = max(round(seconds / unit_s), 1)
            return f"{count} {unit}" + ("s" if count > 1 else "")
    return "less than a minute"
