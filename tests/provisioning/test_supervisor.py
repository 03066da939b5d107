"""AI servers that we start: one a project, watched, started anew, adopted, ended."""

import os
import signal
import socket
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chat_app.provisioning.addresses import address
from chat_app.remote.children import lives, started
from chat_app.store.ai_servers import AiServerRow
from chat_app.store.base import now
from chat_app.store.projects import URL, ProjectRow
from chat_app.store.secrets import Cipher
from tests.provisioning.conftest import Yard
from tests.provisioning.supervising import FAST, KEYS, SERVER
from tests.sockets import eventually

# Rules that no database could break.
on_sqlite = pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)


def alive(pid: int) -> bool:
    return started(pid) is not None


def test_a_project_gets_an_ai_server_on_loopback_with_a_token_of_its_own(yard: Yard):
    one, two = yard.project(), yard.project()
    yard.supervise()
    assert yard.ready(one) != yard.ready(two)
    places = [address(yard.read(project), Cipher(KEYS)) for project in (one, two)]
    assert all(place.url.startswith("http://127.0.0.1:") and place.is_free for place in places)
    assert len({place.url for place in places} | {place.token for place in places}) == 4
    assert [len(yard.starts(project)) for project in (one, two)] == [1, 1]


@on_sqlite
def test_one_that_is_killed_is_started_anew(yard: Yard):
    project = yard.project()
    yard.supervise()
    first = yard.ready(project)
    os.kill(yard.starts(project)[0], signal.SIGKILL)
    eventually(lambda: yard.child(project) not in (None, first))
    assert "The AI server ended.\n" in (yard.read(project).last_error or "The AI server ended.\n")
    assert yard.ready(project) != first
    assert (len(yard.starts(project)), yard.read(project).last_error) == (2, None)


@on_sqlite
def test_one_whose_minder_is_killed_is_not_left_behind(yard: Yard):
    project = yard.project()
    yard.supervise("forks")
    first = yard.ready(project)
    forked = yard.folder / yard.read(project).public_id / "forked"
    eventually(lambda: forked.exists() and forked.read_text() != "")
    pids = [*yard.starts(project), int(forked.read_text())]
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: not any(map(alive, pids)))
    assert yard.ready(project) != first


@on_sqlite
@pytest.mark.parametrize(
    ("how", "command", "said"),
    [
        ("exits", None, "there is no model here\n[ended with exit status 1]"),
        ("", ("no-such-program", "{port}"), "no-such-program: No such file or directory"),
        ("", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), "[ended with signal 9]"),
        ("", (), "The operator has not set AI_SERVER_COMMAND."),
    ],
    ids=["exits", "no program", "killed", "no command"],
)
def test_one_that_does_not_come_up_has_failed_and_says_why(
    yard: Yard, how: str, command: tuple[str, ...] | None, said: str
):
    project = yard.project()
    yard.supervise(command=(*SERVER, how) if command is None else command)
    failed = yard.becomes(project, "FAILED")
    assert said in (failed.last_error or "")
    assert "starting with …" in (failed.last_error or "") or how == ""  # it told its token
    assert (yard.child(project), failed.supervisor) == (None, None)
    eventually(lambda: yard.rows() == 0)
    assert not any(map(alive, yard.starts(project)))
    tries = 3 if command != () else 1
    assert (failed.tries, len(yard.starts(project))) == (tries, 3 if how else 0)


@on_sqlite
def test_one_that_never_listens_has_failed_after_a_while(yard: Yard):
    project = yard.project()
    yard.supervise("deaf", patience=replace(FAST, start_s=3.0, restart_s=()))
    failed = yard.becomes(project, "FAILED")
    assert failed.last_error == "The AI server refused the connection.\nstarting with …"
    eventually(lambda: not any(map(alive, yard.starts(project))))


@on_sqlite
def test_a_port_that_is_taken_is_no_ai_server(yard: Yard):
    project = yard.project()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        fixed = tuple(word.format(port=taken.getsockname()[1]) for word in SERVER)
        yard.supervise(command=(*fixed, "works"))
        assert "Address already in use" in (yard.becomes(project, "FAILED").last_error or "")


@on_sqlite
def test_a_flood_of_words_stays_small_and_does_not_stop_it(yard: Yard):
    project = yard.project()
    yard.supervise("floods")
    child = yard.ready(project)
    log = yard.folder / f"{child.mark}.log"
    eventually(lambda: log.exists() and log.stat().st_size > 30_000)
    assert log.stat().st_size <= 32 * 1024
    yard.stop(project)
    eventually(lambda: not lives(child))


@on_sqlite
def test_a_stopped_project_has_no_child_and_a_stubborn_one_is_killed(yard: Yard):
    project = yard.project()
    yard.supervise("stubborn")
    yard.ready(project)
    yard.stop(project)
    eventually(lambda: yard.rows() == 0)
    assert not alive(yard.starts(project)[0])
    assert [path.name for path in yard.folder.iterdir()] == [yard.read(project).public_id]


def test_a_deleted_project_has_no_child(yard: Yard):
    project = yard.project()
    yard.supervise()
    child = yard.ready(project)
    with yard.db.transaction() as session:
        session.delete(session.get_one(ProjectRow, project))
    eventually(lambda: not lives(child))
    eventually(lambda: yard.rows() == 0)


@on_sqlite
def test_what_outlived_its_project_is_ended_at_the_next_start(yard: Yard):
    project = yard.project()
    with yard.elsewhere():
        child = yard.ready(project)
    yard.stop(project)
    assert lives(child)
    yard.supervise()
    eventually(lambda: not lives(child))


@on_sqlite
def test_a_child_survives_its_supervisor_and_the_next_one_adopts_it(yard: Yard):
    project = yard.project()
    with yard.elsewhere() as supervisor:
        child = yard.ready(project)
        os.kill(supervisor.pid, signal.SIGKILL)
        before = yard.read(project).supervisor
        yard.supervise()
        eventually(lambda: yard.read(project).supervisor != before)
        os.kill(yard.starts(project)[0], signal.SIGKILL)  # and it is watched again
        eventually(lambda: len(yard.starts(project)) == 2)
        assert yard.ready(project) != child


def test_a_supervisor_killed_while_it_starts_one_leaves_that_or_none(yard: Yard):
    """Between the fork and the commit nobody knows of it: then it never begins."""
    project = yard.project()
    with yard.elsewhere():
        eventually(lambda: any(yard.folder.glob("*.watched")))
    yard.supervise()
    child = yard.ready(project)
    eventually(lambda: sum(map(alive, yard.starts(project))) == 1)
    assert lives(child)
    assert yard.rows() == 1


def test_several_supervisors_start_one_child(yard: Yard):
    with yard.elsewhere(), yard.elsewhere():
        project = yard.project()
        yard.supervise()
        yard.ready(project)
        os.kill(yard.starts(project)[0], signal.SIGKILL)
        eventually(lambda: len(yard.starts(project)) == 2)
        yard.ready(project)
        assert (yard.rows(), len(yard.starts(project))) == (1, 2)


def test_who_lost_a_project_writes_nothing_about_it(yard: Yard):
    project = yard.project()
    yard.supervise()
    child = yard.ready(project)
    until = now() + timedelta(seconds=1)
    yard.change(project, supervisor="other:1:x", supervised_until=until)
    os.kill(yard.starts(project)[0], signal.SIGKILL)
    eventually(lambda: len(yard.starts(project)) == 2)
    assert now() > until  # the other one's lease lapsed first
    assert yard.ready(project) != child
    assert yard.rows() == 1


@on_sqlite
def test_a_pid_that_was_used_anew_is_nothing_of_ours(yard: Yard):
    project = yard.project()
    with yard.db.transaction() as session:
        here = yard.supervise()._here  # its own name for it
        mine = {"host": here, "mark": "x", "pid": os.getpid(), "started": "long ago"}
        session.add(AiServerRow(project_id=project, **mine))
    assert yard.ready(project).pid != os.getpid()
    eventually(lambda: yard.rows() == 1)


def test_what_another_host_started_is_that_hosts_while_it_is_there(yard: Yard):
    until = now() + timedelta(seconds=1)
    project = yard.project(status="READY", supervisor="other:1:x", supervised_until=until)
    with yard.db.transaction() as session:
        there = {"host": "other", "mark": "x", "pid": 1, "started": "long ago"}
        session.add(AiServerRow(project_id=project, **there))
    yard.supervise()
    eventually(lambda: bool(yard.starts(project)))
    assert now() > until + timedelta(seconds=0.5)
    yard.ready(project)
    assert yard.rows() == 2  # its own is there for it to end, should it come back


@on_sqlite
def test_so_many_run_on_a_host_and_no_more(yard: Yard):
    yard.supervise(most=1)
    one = yard.project()
    yard.ready(one)
    two = yard.becomes(yard.project(), "FAILED")
    assert "as many as may (AI_SERVERS_MAX)" in (two.last_error or "")


# --- at an address -----------------------------------------------------------------------------


def test_an_address_is_ready_once_it_answers(yard: Yard):
    yard.supervise()
    there = yard.project()
    yard.ready(there)
    row = yard.read(there)
    fields = {
        "backend": URL,
        "ai_server_url": row.ai_server_url,
        "ai_server_token_encrypted": row.ai_server_token_encrypted,
    }
    free = yard.project(by_operator=True, **fields)
    guarded = yard.project(**fields)
    ready = yard.becomes(free, "READY")
    assert (ready.supervisor, ready.last_error) == (None, None)
    refused = yard.becomes(guarded, "FAILED")
    assert "private network" in (refused.last_error or "")
    nowhere = yard.becomes(yard.project(backend=URL), "FAILED")
    assert nowhere.last_error == "The project has no AI server."


def test_a_provisioning_process_that_died_is_no_end(yard: Yard):
    gone = {"supervisor": "other:1:x", "supervised_until": now() - timedelta(seconds=1)}
    project = yard.project(backend=URL, ai_server_url="http://127.0.0.1:1", **gone)
    yard.supervise()
    assert yard.becomes(project, "FAILED").supervisor is None


@on_sqlite
def test_a_directory_that_cannot_be_made_is_told(yard: Yard, tmp_path: Path):
    project = yard.project()
    (tmp_path / "file").touch()
    yard.folder = tmp_path / "file"
    yard.supervise()
    assert "/file: File exists." in (yard.becomes(project, "FAILED").last_error or "")
    yard.folder = tmp_path
