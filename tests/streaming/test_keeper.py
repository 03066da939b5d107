"""The keeper: leases, takeovers, and cancel requests from other processes."""

import signal
from collections.abc import Iterator

import pytest

from chat_app.runtime import Runtime
from chat_app.store.base import now
from tests.fakes import Chunk, FakeProvider, Stall
from tests.streaming.runs import (
    ELSEWHERE,
    FAST,
    change,
    ended,
    lapsed,
    name_of,
    neighbour,
    opened,
    row,
    taken,
    told,
    wait_until,
)

NOBODY_PID = 4_194_304  # one past what Linux gives


@pytest.fixture
def keeping(here: Runtime) -> Iterator[Runtime]:
    """A process with a fast clock of leases; its keeper is to be started."""
    process = Runtime.build(here.settings, FAST)
    yield process
    process.engine.drain(0)
    process.close()


def test_a_start_takes_over_what_a_dead_process_of_the_host_left(
    here: Runtime, keeping: Runtime
) -> None:
    run = opened(here, name_of(NOBODY_PID))
    keeping.keeper.start()
    assert ended(here, run).status == "done"


def test_a_process_that_was_killed_and_not_buried_is_dead(here: Runtime, keeping: Runtime) -> None:
    with neighbour() as process:
        run = opened(here, name_of(process.pid))
        process.send_signal(signal.SIGKILL)
        keeping.keeper.start()
        assert ended(here, run).status == "done"


def test_what_a_living_process_holds_is_left_alone(here: Runtime, keeping: Runtime) -> None:
    with neighbour() as process:
        left = opened(here, name_of(process.pid))
        dead = opened(here, name_of(NOBODY_PID))
        keeping.keeper.start()
        ended(here, dead)  # both were looked at in one step
        assert row(here, left).attempt == 1


def test_a_neighbour_that_dies_is_followed_at_once(here: Runtime, keeping: Runtime) -> None:
    with neighbour() as process:
        run = opened(here, name_of(process.pid))
        keeping.keeper.start()
        # The first may be begun at once; the second is looked for after the neighbour was seen.
        ended(here, opened(here))
        ended(here, opened(here))
        process.send_signal(signal.SIGKILL)
        assert ended(here, run).status == "done"


def test_a_process_of_another_machine_has_its_lease(here: Runtime, keeping: Runtime) -> None:
    held, over = opened(here, ELSEWHERE), opened(here, ELSEWHERE, lapsed())
    keeping.keeper.start()
    assert ended(here, over).attempt == 2
    assert row(here, held).attempt == 1


def test_a_run_in_the_queue_is_begun_when_nobody_else_does(here: Runtime, keeping: Runtime) -> None:
    keeping.keeper.start()
    assert ended(here, opened(here)).status == "done"


def test_leases_are_renewed(here: Runtime, keeping: Runtime, fake: FakeProvider) -> None:
    fake.enqueue([Chunk("Hi"), Stall()])
    run = opened(here)
    keeping.keeper.start()
    wait_until(lambda: fake.open_streams)
    first = row(here, run).lease_until
    assert first is not None
    wait_until(lambda: (row(here, run).lease_until or first) > first)
    wait_until(lambda: now() > first)
    assert row(here, run).attempt == 1


def test_the_lease_of_a_run_that_nobody_works_on_lapses(
    here: Runtime, keeping: Runtime, fake: FakeProvider
) -> None:
    """Its greenlet broke: it stands in our name, and must be begun again."""
    fake.enqueue([Chunk("Hi"), Stall()])
    opened(here)
    keeping.keeper.start()
    wait_until(lambda: fake.open_streams)
    broken = opened(here, keeping.engine.owner, FAST.until())
    assert ended(here, broken).attempt == 2


def test_a_cancel_request_of_another_process_is_passed_on(
    here: Runtime, keeping: Runtime, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hi"), Stall()])
    run = opened(here)
    keeping.keeper.start()
    wait_until(lambda: fake.open_streams)
    change(here, run, cancel_requested=True)
    assert ended(here, run).status == "cancelled"
    fake.wait_until(lambda: not fake.open_streams)


def test_a_lost_lease_is_noticed_while_the_model_is_silent(
    here: Runtime, keeping: Runtime, fake: FakeProvider
) -> None:
    """Who follows the run here must see what its new owner writes."""
    fake.enqueue([Chunk("Hi"), Stall()])
    run = opened(here)
    keeping.keeper.start()
    wait_until(lambda: told(here, run) == ["start", "Hi"])
    with keeping.feeds.watching(run) as feed:
        taken(here, run)
        wait_until(lambda: not feed.is_written_here)
    fake.wait_until(lambda: not fake.open_streams)
    assert row(here, run).owner == ELSEWHERE
