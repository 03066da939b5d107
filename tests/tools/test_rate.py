"""Floods, thinned out."""

from chat_app.tools.rate import Rate


def test_so_many_pass_and_the_rest_is_counted_with_the_next_one():
    rate = Rate(2, per_s=10)
    assert [rate.let(now) for now in (0, 1, 2, 3, 9.9)] == [0, 0, None, None, None]
    assert [rate.let(now) for now in (10, 11, 12)] == [3, 0, None]
    assert rate.let(100) == 1
    assert rate.let(200) == 0
