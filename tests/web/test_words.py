from datetime import UTC, datetime, timedelta

import pytest

from chat_app.web.words import duration, left

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, ""),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (1_249, "1.2 s"),
        (59_900, "59.9 s"),
        (60_000, "1 min 0 s"),
        (125_400, "2 min 5 s"),
    ],
)
def test_a_duration_is_as_exact_as_it_is_short(ms: int | None, words: str) -> None:
    assert duration(ms) == words


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(days=2), "2 days"),
        (timedelta(hours=23, minutes=59, seconds=58), "1 day"),
        (timedelta(hours=5, minutes=10), "5 hours"),
        (timedelta(minutes=59, seconds=59), "1 hour"),
        (timedelta(minutes=5, seconds=1), "5 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=10), "less than a minute"),
        (timedelta(seconds=-10), "less than a minute"),
    ],
)
def test_what_is_left_is_told_in_the_largest_unit(delta: timedelta, words: str) -> None:
    assert left(NOW + delta, NOW) == words
