"""Bars: where each stands and how tall it is."""

from itertools import pairwise

import pytest

from chat_app.web.charts import HEIGHT, WIDTH, chart, share


def test_bars_are_as_high_as_their_share_of_a_round_number():
    drawn = chart([("a", 0), ("b", 30), ("c", 50)])
    assert drawn.top == 50
    assert [bar.height for bar in drawn.bars] == [0, HEIGHT * 0.6, HEIGHT]
    assert all(bar.y + bar.height == HEIGHT for bar in drawn.bars)


@pytest.mark.parametrize("count", [1, 7, 90])
def test_bars_stand_side_by_side_inside_the_drawing(count):
    bars = chart([(str(n), n) for n in range(count)]).bars
    for left, right in pairwise(bars):
        assert left.x + left.width < right.x
    assert bars[0].x >= 0
    assert bars[-1].x + bars[-1].width <= WIDTH


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (1, 1), (3, 5), (11, 20), (20, 20), (999, 1_000), (1_001, 2_000)]
)
def test_the_upper_edge_is_a_round_number(highest, top):
    assert chart([("a", highest)]).top == top


def test_no_days_are_no_bars():
    assert chart([]).bars == []


def test_a_share_of_nothing_is_nothing():
    assert share(0, 0) == 0
    assert share(1, 4) == 25
