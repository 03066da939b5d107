"""The relay: a remote run is followed to its end, watched or not, through every cut."""

from collections.abc import Iterator
from datetime import timedelta

import gevent
import pytest

from chat_app.errors import AIServerUnavailable, HoldfastError, ProjectNotReady
from chat_app.runtime import Runtime
from chat_app.services import remote_runs
from chat_app.store.base import now
from chat_app.store.projects import ProjectRow
from chat_app.store.remote_tasks import RemoteTaskRow
from chat_app.streaming.follow import follow_events
from tests.faults.ai_server import AiServer
from tests.faults.remote.plan import Fault, Plan
from tests.servers import free_port
from tests.streaming.remote import (
    Builder,
    as_json,
    logs,
    project,
    ref,
    run_row,
    task_row,
)
from tests.streaming.runs import Elsewhere, change, lapsed, wait_until


@pytest.fixture
def server() -> Iterator[AiServer]:
    with AiServer() as server:
        yield server


@pytest.fixture
def builder(here: Runtime, server: AiServer) -> Builder:
    return Builder.at(here, server)


def test_a_run_is_relayed_as_it_was_sent_and_its_result_is_the_answer(builder: Builder) -> None:
    plan = Plan(seed=1, pieces=30)
    run = builder.start(plan)
    assert (run.status, run.task_id, run.spec) == ("RUNNING", "task-1", plan.spec)
    assert builder.told(run) == logs(plan)
    ended = builder.ended(run)
    assert (ended.status, ended.result, ended.error) == ("DONE", plan.result, None)


def test_it_is_journalled_unwatched_and_a_stream_resumed_anywhere_is_equal_to_the_byte(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    plan = Plan(seed=2, pieces=12, end="failed")
    run = builder.ended(builder.start(plan))
    assert (run.status, run.error_code, run.error) == ("FAILED", "task_failed", plan.why)
    whole = builder.raw(run)
    assert builder.told(run) == logs(plan)  # no `error` of ours: the task's end is its own
    other = Builder(elsewhere.rt, builder.server, builder.project_id, builder.person)
    frames = [frame + b"\n\n" for frame in whole.split(b"\n\n")[:-1]]
    for seq in range(1, len(frames)):  # after `retry` each frame is an event, in order
        assert frames[seq].startswith(f"id: {run.run_id}:{seq}\n".encode())
        rest = b"".join([frames[0], *frames[seq + 1 :]])
        assert other.raw(run, f"{run.run_id}:{seq}") == rest


def test_two_watch_from_two_processes_and_read_the_same(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    plan = Plan(seed=3, hold_after=5)
    run = builder.start(plan)
    other = Builder(elsewhere.rt, builder.server, builder.project_id, builder.person)
    watchers = [gevent.spawn(one.told, run) for one in (builder, builder, other)]
    wait_until(lambda: len(follow_so_far(builder, run)) > 5)
    task = builder.server.task_of(plan)
    assert task is not None
    task.released.set()
    assert [watcher.get(timeout=30) for watcher in watchers] == [logs(plan)] * 3


def follow_so_far(builder: Builder, run: remote_runs.RemoteRun) -> list[object]:
    with builder.rt.feeds.watching(ref(builder.rt, run)) as feed:
        return list(feed.events)


def test_cuts_are_closed_where_the_server_lets_us(builder: Builder) -> None:
    faults = (Fault("reset", 500), Fault("status", value=502), Fault("close", 300))
    for style in ("numbers", "names", "replay"):
        plan = Plan(seed=4, style=style, pieces=25, faults=faults)
        run = builder.ended(builder.start(plan))
        assert builder.told(run) == logs(plan), style


def test_what_cannot_be_had_any_more_is_a_gap(builder: Builder) -> None:
    plan = Plan(seed=5, pieces=25, faults=(Fault("reset", 900), Fault("forget", value=2)), gap_ms=0)
    run = builder.ended(builder.start(plan))
    told = builder.told(run)
    gap = next(place for place, (name, _) in enumerate(told) if name == "gap")
    assert as_json(told[gap][1]) == {"reason": "missed"}
    assert told[:gap] == logs(plan)[:gap]
    rest = told[gap + 1 :]
    assert rest == logs(plan)[-len(rest) :]


def test_a_project_that_is_not_ready_says_what_it_is(here: Runtime, server: AiServer) -> None:
    failed = Builder.at(here, server, status="FAILED", last_error="Nobody answers there.")
    with pytest.raises(ProjectNotReady, match=r"FAILED\W+Nobody answers there\.") as refusal:
        failed.start(Plan(seed=6))
    assert refusal.value.fields == {"status": "FAILED"}
    assert server.begun == {}


def test_of_many_starts_at_the_same_moment_one_begins(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    plan = Plan(seed=7, hold_after=0)
    other = Builder(elsewhere.rt, builder.server, builder.project_id, builder.person)

    def start(one: Builder) -> object:
        try:
            return one.start(plan)
        except HoldfastError as refusal:
            return refusal.error_code

    tries = [gevent.spawn(start, one) for one in (builder, other) * 3]
    outcomes = [one.get(timeout=30) for one in tries]
    runs = [outcome for outcome in outcomes if isinstance(outcome, remote_runs.RemoteRun)]
    assert len(runs) == 1
    assert outcomes.count("project_not_ready") == 5
    assert builder.server.begun == {7: 1}
    builder.stop(runs[0])


def test_an_ai_server_that_is_not_there_refuses_the_start_and_the_run_shows_why(
    here: Runtime, server: AiServer
) -> None:
    nobody = Builder.at(here, server)
    with here.db.transaction() as session:
        row = session.get_one(ProjectRow, nobody.project_id)
        row.ai_server_url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(AIServerUnavailable) as refusal:
        nobody.start(Plan(seed=8))
    (run,), _ = remote_runs.list_runs(here, nobody.person, nobody.project_id, None, 10)
    assert refusal.value.fields == {"run_id": run.run_id}
    assert (run.status, run.error_code) == ("FAILED", "ai_server_unavailable")
    error, status = nobody.told(run)
    assert (error[0], as_json(error[1])["error_code"]) == ("error", "ai_server_unavailable")
    assert status[0] == "status"
    assert status[1].startswith("Task failed: ")


def test_a_wrong_token_is_told_as_what_it_is(here: Runtime) -> None:
    with AiServer(token="right") as server:
        plan = Plan(seed=9)
        wrong = Builder.at(here, server, ai_server_token_encrypted=here.cipher.encrypt("wrong"))
        with pytest.raises(AIServerUnavailable, match="token"):
            wrong.start(plan)
        right = Builder.at(here, server, ai_server_token_encrypted=here.cipher.encrypt("right"))
        assert right.told(right.start(plan)) == logs(plan)


def test_a_stop_from_another_process_reaches_the_ai_server(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    builder.rt.keeper.start()  # which hears of it
    run = builder.start(Plan(seed=10, hold_after=3))
    other = Builder(elsewhere.rt, builder.server, builder.project_id, builder.person)
    ended = other.stop(run)
    assert (ended.status, ended.error_code) == ("STOPPED", "run_cancelled")
    assert builder.server.stopped == [run.task_id]
    assert builder.told(run)[-1] == ("status", "Task failed: The answer was stopped.")
    assert other.stop(run) == ended  # again is fine
    assert builder.server.stopped == [run.task_id]


def test_a_stop_while_the_ai_server_is_down_stops_and_says_so(builder: Builder) -> None:
    run = builder.start(Plan(seed=11, hold_after=3))
    builder.server.kill()
    builder.stop(run)
    assert builder.ended(run).status == "STOPPED"
    told = follow_events(builder.rt.feeds, ref(builder.rt, run))
    (notice,) = [as_json(event.data) for event in told if event.type == "notice"]
    assert notice["message"].endswith("The task may go on there.")


def test_a_task_that_was_stopped_over_there_is_stopped_here(builder: Builder) -> None:
    run = builder.ended(builder.start(Plan(seed=12, pieces=3, end="stopped")))
    assert (run.status, run.error) == ("STOPPED", "The task was stopped on the AI server.")


def test_a_resume_goes_on_in_the_same_thread_and_a_reset_begins_another(builder: Builder) -> None:
    plan = Plan(seed=13, pieces=2)
    first = builder.ended(builder.start(plan))
    place = (builder.rt, builder.person, builder.project_id)
    second = builder.ended(remote_runs.resume(*place, first.run_id))
    assert (second.thread_id, second.spec) == (first.thread_id, plan.spec)
    _, thread = remote_runs.reset(*place)
    third = builder.ended(builder.start(plan))
    assert third.thread_id == thread.public_id != first.thread_id
    assert builder.ended(remote_runs.resume(*place, first.run_id)).thread_id == first.thread_id
    assert {task.thread_id for task in builder.server.tasks.values()} == {
        first.thread_id,
        third.thread_id,
    }
    page, following = remote_runs.list_runs(*place, None, 3)
    assert [run.run_id for run in page][1:] == [third.run_id, second.run_id]
    rest, end = remote_runs.list_runs(*place, following, 3)
    assert ([run.run_id for run in rest], end) == ([first.run_id], None)


def test_what_a_process_gives_back_another_goes_on_with_and_begins_nothing_anew(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    plan = Plan(seed=14, hold_after=6)
    run = builder.start(plan)
    wait_until(lambda: len(follow_so_far(builder, run)) >= 8)
    builder.rt.engine.drain(60)  # which does not wait for what another can follow
    task = builder.server.task_of(plan)
    assert task is not None
    task.released.set()
    elsewhere.rt.engine.take_over(ref(builder.rt, run), attempt=1)
    other = Builder(elsewhere.rt, builder.server, builder.project_id, builder.person)
    assert other.told(run) == logs(plan)
    assert other.ended(run).status == "DONE"
    assert builder.server.begun == {14: 1}


def test_a_stop_while_nobody_follows_reaches_the_ai_server_once_somebody_does(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    run = builder.start(Plan(seed=21, hold_after=3))
    builder.rt.engine.drain(60)
    stopping = gevent.spawn(builder.stop, run)
    wait_until(lambda: run_row(builder.rt, run).cancel_requested)
    elsewhere.rt.engine.take_over(ref(builder.rt, run), attempt=1)
    assert stopping.get().status == "STOPPED"
    assert builder.server.stopped == [run.task_id]


def test_an_answer_that_was_lost_is_found_among_the_tasks(builder: Builder) -> None:
    plan = Plan(seed=15, pieces=4, is_answer_lost=True)
    run = builder.start(plan)
    assert (run.status, run.task_id) == ("RUNNING", "task-1")
    assert builder.told(run) == logs(plan)
    blind = Plan(seed=16, is_answer_lost=True, tells_threads=False)
    with pytest.raises(AIServerUnavailable) as refusal:
        builder.start(blind)
    assert set(refusal.value.fields) == {"run_id"}
    assert builder.server.begun == {15: 1, 16: 1}


@pytest.mark.parametrize("case", ["begun", "not begun", "blind"])
def test_a_process_that_died_while_it_asked_leaves_no_second_task(
    builder: Builder, elsewhere: Elsewhere, case: str
) -> None:
    """It had written down that it asks, and not what it heard."""
    plan = Plan(seed=17, pieces=4, tells_threads=case != "blind")
    left = builder.ended(builder.start(plan))
    with builder.rt.db.transaction() as session:
        task = session.get_one(RemoteTaskRow, run_row(builder.rt, left).id)
        task.task_id, task.asked_at = None, now() - timedelta(seconds=9)
    if case == "not begun":
        builder.server.tasks.clear()
    again = remote_as_left(builder, left)
    elsewhere.rt.engine.take_over(again, attempt=1)
    run = builder.ended(left)
    begun = {"begun": 1, "not begun": 2, "blind": 1}[case]
    assert builder.server.begun == {17: begun}
    assert run.error_code == ("run_interrupted" if case == "blind" else None)
    if case != "blind":
        assert task_row(builder.rt, run).task_id == f"task-{begun}"


def remote_as_left(builder: Builder, run: remote_runs.RemoteRun) -> object:
    """The run as a dead process left it: nothing told, its lease over."""
    place = ref(builder.rt, run)
    change(builder.rt, place, status="running", finished_at=None, error_code=None, error=None)
    change(builder.rt, place, owner="elsewhere:1:abc", lease_until=lapsed(), attempt=1)
    with builder.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(f"delete from run_events where run_id={place.id} and seq > 1")
    return place


def test_a_project_that_is_deleted_on_the_way_fails_what_is_taken_over(
    builder: Builder, elsewhere: Elsewhere
) -> None:
    run = builder.start(Plan(seed=18, hold_after=2))
    place = ref(builder.rt, run)
    builder.rt.engine.drain(0)
    with builder.rt.db.transaction() as session:
        session.delete(session.get_one(ProjectRow, builder.project_id))
    elsewhere.rt.engine.take_over(place, attempt=1)
    wait_until(lambda: not run_row(builder.rt, run).is_live)
    assert run_row(builder.rt, run).error_code == "project_not_found"


def test_a_task_that_the_ai_server_forgot_has_failed(builder: Builder) -> None:
    run = builder.start(Plan(seed=19, hold_after=2))
    builder.server.tasks.clear()
    builder.server.kill()
    builder.server.come_back()
    ended = builder.ended(run)
    assert (ended.status, ended.error_code) == ("FAILED", "task_failed")
    assert "does not know" in str(ended.error)


def test_a_project_of_nobody_has_no_ai_server(here: Runtime, server: AiServer) -> None:
    builder = Builder.at(here, server)
    builder.project_id = project(here, None)
    with pytest.raises(AIServerUnavailable, match="has no AI server"):
        builder.start(Plan(seed=20))
