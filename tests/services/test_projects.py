"""Projects whose AI server is a process of ours, from the service to the process and back."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from chat_app.access import Person
from chat_app.errors import InvalidRequest
from chat_app.runtime import Runtime
from chat_app.services import projects, remote_runs, users
from chat_app.services.projects import ProjectShown
from chat_app.settings import Settings
from chat_app.store.ai_servers import AiServerRow
from chat_app.store.projects import ProjectRow
from chat_app.store.runs import run_by_public_id
from tests.conftest import ADMIN
from tests.sockets import eventually

COMMAND = (sys.executable, "-S", "tests/provisioning/ai_server.py", "{port}", "works")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, ai_server_command=COMMAND, ai_server_dir=tmp_path / "ai")


@pytest.fixture
def operator(rt: Runtime) -> Person:
    return users.operator(rt)


@pytest.fixture(autouse=True)
def nothing_left(rt: Runtime) -> Iterator[None]:
    """What a test started ends with it."""
    yield
    with rt.db.transaction() as session:
        session.execute(delete(ProjectRow))
    rt.supervisor.start()
    eventually(lambda: processes(rt) == 0)


def made(rt: Runtime, operator: Person) -> ProjectShown:
    return projects.create(rt, operator, {"name": "P"})


def ready(rt: Runtime, operator: Person, project: ProjectShown) -> ProjectShown:
    rt.supervisor.start()
    assert projects.provision(rt, operator, project.id).status == "PROVISIONING"
    eventually(lambda: projects.get(rt, operator, project.id).status == "READY")
    return projects.get(rt, operator, project.id)


def processes(rt: Runtime) -> int:
    with rt.db.reading() as session:
        return session.query(AiServerRow).count()


def test_a_project_is_provisioned_and_stopped_and_provisioned_again(
    rt: Runtime, operator: Person
) -> None:
    project = made(rt, operator)
    assert (project.backend, project.status, project.ai_server_url) == ("process", "CREATED", None)
    shown = ready(rt, operator, project)
    assert (shown.ai_server_url or "").startswith("http://127.0.0.1:")
    assert shown.has_token
    # What was read may be sent back.
    same = projects.update(rt, operator, project.id, {"ai_server_url": shown.ai_server_url})
    assert (same.status, processes(rt)) == ("READY", 1)
    stopped = projects.stop(rt, operator, project.id)
    assert (stopped.status, stopped.ai_server_url, stopped.has_token) == ("STOPPED", None, False)
    eventually(lambda: processes(rt) == 0)
    assert ready(rt, operator, project).ai_server_url is not None
    projects.delete(rt, operator, project.id)
    eventually(lambda: processes(rt) == 0)


def test_who_gives_an_address_means_it_and_the_process_of_ours_ends(
    rt: Runtime, operator: Person
) -> None:
    project = ready(rt, operator, made(rt, operator))
    moved = projects.update(rt, operator, project.id, {"ai_server_url": "http://127.0.0.1:9"})
    assert (moved.backend, moved.status) == ("url", "CREATED")
    assert (moved.ai_server_url, moved.has_token) == ("http://127.0.0.1:9", False)
    eventually(lambda: processes(rt) == 0)


def test_nobody_says_where_an_ai_server_of_ours_is(rt: Runtime, operator: Person) -> None:
    project = made(rt, operator)
    for name, value in (("ai_server_url", "https://x.example"), ("ai_server_token", "x")):
        with pytest.raises(InvalidRequest) as refused:
            projects.update(rt, operator, project.id, {"backend": "process", name: value})
        assert refused.value.fields["field"] == name


def test_one_that_goes_elsewhere_loses_its_process_and_what_led_to_it(
    rt: Runtime, operator: Person
) -> None:
    project = made(rt, operator)
    ready(rt, operator, project)
    moved = projects.update(rt, operator, project.id, {"backend": "url"})
    assert (moved.status, moved.ai_server_url, moved.has_token) == ("CREATED", None, False)
    eventually(lambda: processes(rt) == 0)
    there = {"ai_server_url": "https://x.example", "ai_server_token": "x"}
    assert projects.update(rt, operator, project.id, there).has_token
    back = projects.update(rt, operator, project.id, {"backend": "process"})
    assert (back.status, back.ai_server_url, back.has_token) == ("CREATED", None, False)


def test_a_stopped_or_deleted_project_stops_its_run(
    settings: Settings, rt: Runtime, operator: Person
) -> None:
    bundled = (sys.executable, "examples/ai_server.py", "--port", "{port}", "--state", "{dir}")
    settings = replace(settings, ai_server_command=bundled)
    other = Runtime.build(settings)
    project = ready(other, operator, made(other, operator))
    runs = []
    for end in (projects.stop, projects.delete):
        ready(other, operator, project)
        runs.append(remote_runs.start(other, operator, project.id, "json email asyncio"))
        assert projects.get(other, operator, project.id).status == "RUNNING"
        end(other, operator, project.id)
    with other.db.reading() as session:
        found = [run_by_public_id(session, run.run_id) for run in runs]
    assert [run.status for run in found if run] == ["cancelled", "cancelled"]
    eventually(lambda: processes(other) == 0)
    other.close()


def test_a_member_gets_a_process_by_the_operators_command_alone(rt: Runtime) -> None:
    users.create(rt, "ana@example.com", "correct-horse", "Ana", "member")
    ana = users.person(rt, "ana@example.com")
    assert ready(rt, ana, made(rt, ana)).may_change
    assert ana.email != ADMIN
