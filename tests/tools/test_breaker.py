"""When a failed server is tried again."""

from chat_app.tools.sidecar.breaker import Breaker


def pauses(breaker: Breaker, times: int) -> list[float]:
    found = []
    for _ in range(times):
        breaker.failed(100.0)
        found.append(breaker.left_s(100.0))
    return found


def test_the_pause_doubles_up_to_a_minute():
    assert pauses(Breaker(), 9) == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses(Breaker(), 5_000)[-1] == 60


def test_it_closes_with_time():
    breaker = Breaker()
    breaker.failed(100.0)
    assert breaker.left_s(100.25) == 0.25
    assert breaker.left_s(100.5) == 0


def test_what_works_is_forgiven():
    breaker = Breaker()
    pauses(breaker, 5)
    breaker.worked()
    assert breaker.left_s(100.0) == 0
    assert pauses(breaker, 1) == [0.5]


def test_somebody_in_a_hurry_is_not_kept_waiting_and_changes_nothing_else():
    breaker = Breaker()
    pauses(breaker, 3)
    breaker.close()
    assert breaker.left_s(100.0) == 0
    assert pauses(breaker, 1) == [4]


def test_an_open_connection_may_break_once_for_nothing():
    breaker = Breaker()
    breaker.lost(100.0)
    assert breaker.left_s(100.0) == 0
    breaker.lost(100.0)
    assert breaker.left_s(100.0) == 1
