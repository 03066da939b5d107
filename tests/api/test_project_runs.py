"""Remote runs of a project over HTTP: their shapes, their codes, and who may do what."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chat_app.store.projects import ProjectMemberRow
from tests.clients import Client
from tests.faults.ai_server import AiServer
from tests.faults.remote.plan import Plan
from tests.houses import House, on_each_database
from tests.servers import free_port
from tests.streaming.remote import as_json, logs, named_events, project
from tests.streaming.runs import wait_until

Json = dict[str, Any]
SHAPE = {
    "run_id",
    "project_id",
    "status",
    "task_id",
    "thread_id",
    "spec",
    "result",
    "error",
    "error_code",
    "created_at",
    "started_at",
    "finished_at",
}


@pytest.fixture
def server() -> Iterator[AiServer]:
    with AiServer() as server:
        yield server


@pytest.fixture
def place(house: House, server: AiServer) -> str:
    """Where the agent of a ready project of the owner's is."""
    return f"/api/v1/projects/{project(house.rt, server.url)}/agent"


def started(owner: Client, place: str, plan: Plan) -> Json:
    answer = owner.post(f"{place}/run", {"spec": plan.spec})
    assert answer.status_code == 201, answer.text
    run: Json = answer.get_json()
    return run


def ended(owner: Client, place: str, run: Json) -> Json:
    path = f"{place}/runs/{run['run_id']}"
    wait_until(lambda: owner.get(path).get_json()["status"] != "RUNNING")
    shown: Json = owner.get(path).get_json()
    return shown


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error_code"]


@on_each_database
def test_a_run_is_started_listed_shown_and_streamed(owner: Client, place: str) -> None:
    plan = Plan(seed=41, pieces=6)
    run = started(owner, place, plan)
    assert set(run) == SHAPE
    project_id = int(place.split("/")[4])
    assert (run["project_id"], run["status"], run["result"]) == (project_id, "RUNNING", None)
    answer = owner.get(f"{place}/runs/{run['run_id']}/stream")
    assert answer.content_type == "text/event-stream; charset=utf-8"
    told = named_events(answer.data)
    assert [(event.name, event.data) for event in told if event.name] == logs(plan)
    assert all(str(event.id).startswith(f"{run['run_id']}:") for event in told)
    shown = ended(owner, place, run)
    assert (shown["status"], shown["result"], shown["error"]) == ("DONE", plan.result, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", shown["finished_at"])
    assert owner.get(f"{place}/runs").get_json() == {"items": [shown], "next": None}
    rest = owner.get(
        f"{place}/runs/{run['run_id']}/stream", headers={"Last-Event-ID": told[2].id}
    ).data
    assert answer.data.endswith(rest.removeprefix(b"retry: 2000\n\n"))


def test_lists_have_pages(owner: Client, place: str) -> None:
    runs = []
    for seed in (42, 43, 44):
        runs.append(ended(owner, place, started(owner, place, Plan(seed=seed, pieces=1))))
    page = owner.get(f"{place}/runs?limit=2").get_json()
    assert page["items"] == [runs[2], runs[1]]
    rest = owner.get(f"{place}/runs?limit=2&before={page['next']}").get_json()
    assert rest == {"items": [runs[0]], "next": None}


def test_without_a_spec_it_is_the_projects(house: House, owner: Client, server: AiServer) -> None:
    plan = Plan(seed=45, pieces=1)
    place = f"/api/v1/projects/{project(house.rt, server.url, spec=plan.spec)}/agent"
    answer = owner.post(f"{place}/run")
    assert answer.status_code == 201
    assert answer.get_json()["spec"] == plan.spec
    ended(owner, place, answer.get_json())


def test_a_spec_is_needed_and_has_a_limit(owner: Client, place: str, server: AiServer) -> None:
    assert refusal(owner.post(f"{place}/run")) == (400, "invalid_request")
    assert owner.post(f"{place}/run", {"spec": " "}).get_json()["field"] == "spec"
    assert refusal(owner.post(f"{place}/run", {"spec": "x" * 64_001})) == (413, "message_too_long")
    assert refusal(owner.post(f"{place}/run", {"spec": 1})) == (400, "invalid_request")
    assert refusal(owner.post(f"{place}/run", {"spek": "x"})) == (400, "invalid_request")
    assert owner.get(f"{place}/runs").get_json()["items"] == []
    assert server.begun == {}


def test_while_one_runs_or_is_not_ready_another_is_refused(
    house: House, owner: Client, place: str, server: AiServer
) -> None:
    run = started(owner, place, Plan(seed=46, hold_after=1))
    assert owner.get(place.removesuffix("/agent")).get_json()["status"] == "RUNNING"
    again = owner.post(f"{place}/run", {"spec": "x"})
    assert refusal(again) == (409, "project_not_ready")
    assert again.get_json().items() >= {"status": "RUNNING", "run_id": run["run_id"]}.items()
    resumed = owner.post(f"{place}/runs/{run['run_id']}/resume")
    assert refusal(resumed) == (409, "project_not_ready")
    stopped = owner.post(f"{place}/runs/{run['run_id']}/stop")
    shown = owner.get(f"{place}/runs/{run['run_id']}").get_json()
    assert (stopped.status_code, stopped.get_json(), shown["status"]) == (200, shown, "STOPPED")
    assert owner.post(f"{place}/runs/{run['run_id']}/stop").get_json() == shown
    assert owner.get(place.removesuffix("/agent")).get_json()["status"] == "READY"
    resumed = owner.post(f"{place}/runs/{run['run_id']}/resume", {"spec": Plan(seed=47).spec})
    assert resumed.status_code == 201
    assert resumed.get_json()["thread_id"] == run["thread_id"]
    created = f"/api/v1/projects/{project(house.rt, server.url, status='CREATED')}/agent"
    answer = owner.post(f"{created}/run", {"spec": "x"})
    assert refusal(answer) == (409, "project_not_ready")
    assert "CREATED" in answer.get_json()["error"]
    ended(owner, place, resumed.get_json())


def test_an_ai_server_that_is_away_is_503(house: House, owner: Client) -> None:
    place = f"/api/v1/projects/{project(house.rt, f'http://127.0.0.1:{free_port()}')}/agent"
    answer = owner.post(f"{place}/run", {"spec": "x"})
    assert refusal(answer) == (503, "ai_server_unavailable")
    assert answer.get_json()["retryable"] is True
    assert refusal(owner.get(f"{place}/health")) == (503, "ai_server_unavailable")
    run = owner.get(f"{place}/runs/{answer.get_json()['run_id']}").get_json()
    assert (run["status"], run["error_code"]) == ("FAILED", "ai_server_unavailable")


def test_health_and_a_new_thread(owner: Client, place: str) -> None:
    told = owner.get(f"{place}/health").get_json()
    assert told == {"ok": True, "details": {"status": "ok"}}
    first = owner.post(f"{place}/reset").get_json()
    second = owner.post(f"{place}/reset").get_json()
    assert first["project_id"] == second["project_id"] == int(place.split("/")[4])
    assert first["thread_id"] != second["thread_id"]
    run = started(owner, place, Plan(seed=48, pieces=1))
    assert run["thread_id"] == second["thread_id"]
    ended(owner, place, run)


def test_a_stream_is_refused_over_http_before_it_begins(
    house: House, owner: Client, place: str
) -> None:
    nobody = house.client(None)
    run = ended(owner, place, started(owner, place, Plan(seed=49, pieces=1)))
    path = f"{place}/runs/{run['run_id']}/stream"
    assert refusal(nobody.get(path)) == (401, "unauthorized")
    assert refusal(house.people.member.get(path)) == (403, "access_denied")
    assert refusal(house.people.stranger.get(path)) == (404, "project_not_found")
    for strange in (run["thread_id"], "1", "x"):
        answer = owner.get(f"{place}/runs/{strange}/stream")
        assert refusal(answer) == (404, "run_not_found")
    again = owner.get(f"{path}?last_event_id=strange").data.decode()
    start = named_events(again.encode())[0]
    assert (start.name, as_json(start.data)["reset"]) == ("start", True)


def test_members_run_and_viewers_watch(house: House, owner: Client, place: str) -> None:
    project_id, people = int(place.split("/")[4]), house.people
    with house.rt.db.transaction() as session:
        for client in (people.member, people.viewer):
            user_id = client.get("/api/v1/auth/me").get_json()["id"]
            session.add(ProjectMemberRow(project_id=project_id, user_id=user_id))
    run = started(people.member, place, Plan(seed=50, hold_after=1))
    path = f"{place}/runs/{run['run_id']}"
    assert people.viewer.get(path).get_json()["run_id"] == run["run_id"]
    for door in (f"{place}/run", f"{place}/reset", f"{path}/stop", f"{path}/resume"):
        assert refusal(people.viewer.post(door, {})) == (403, "access_denied"), door
    assert people.member.post(f"{path}/stop").get_json()["status"] == "STOPPED"
    thread = people.viewer.get(f"/api/app/chat/sessions/{run['thread_id']}")
    assert thread.status_code == 200  # the project's people are in its threads


def test_either_id_of_a_project_will_do(owner: Client, place: str) -> None:
    shown = owner.get(place.removesuffix("/agent")).get_json()
    answer = owner.get(f"/api/v1/projects/{shown['public_id']}/agent/runs")
    assert answer.get_json() == {"items": [], "next": None}
