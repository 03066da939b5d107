"""The example of an AI server, as a process of its own: what Holdfast may rely on."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from examples.ai_server import EVENTS_MAX, Task
from tests.servers import ROOT

TOKEN = "a-long-secret"
LOG = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARNING) \S.*")
LONG = "all of it"  # names no package, so that all are read


class Server:
    """One process, and a client of it."""

    def __init__(self, process: "subprocess.Popen[str]", token: str) -> None:
        assert process.stdout is not None
        self.process = process
        self.url = process.stdout.readline().split()[-1]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx2.Client(base_url=self.url, headers=headers, timeout=30, verify=False)

    def run(self, spec: str, thread_id: str = "one", verbose: bool = True) -> str:
        asked = {"spec": spec, "thread_id": thread_id, "verbose": verbose}
        return str(self.http.post("/run", json=asked).raise_for_status().json()["task_id"])

    def task(self, task_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.http.get(f"/tasks/{task_id}").raise_for_status().json()
        return shown

    def events(self, task_id: str, after: str = "", most: int | None = None) -> list[Any]:
        """The task's events, to the end or the first so many."""
        with self.http.sse(f"/tasks/{task_id}/stream", headers={"Last-Event-ID": after}) as stream:
            seen = []
            for event in stream:
                seen.append(event)
                if len(seen) == most:
                    break
            return seen

    def stop(self, task_id: str) -> None:
        self.http.post(f"/tasks/{task_id}/stop").raise_for_status()


@contextmanager
def serving(*args: str, token: str = "") -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "ai_server.py"), "--port", "0", *args],
        env={"AI_SERVER_TOKEN": token},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        server = Server(process, token)
        with closing(server.http):
            yield server
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    with serving(token=TOKEN) as server:
        yield server


def test_a_task_is_logged_measured_and_ends_with_a_result(server: Server) -> None:
    assert server.http.get("/health").json() == {"status": "ok"}
    task_id = server.run("Count collections, please")
    events = server.events(task_id)
    assert [event.id for event in events] == [str(n) for n in range(1, len(events) + 1)]
    logged = [event.data for event in events if event.event == "log"]
    assert logged
    assert all(LOG.fullmatch(line) for line in logged)
    measured = [json.loads(event.data) for event in events if event.event == "progress"]
    assert measured[-1]["progress"] == measured[-1]["total"] == len(measured)
    assert (events[-1].event, events[-1].data) == ("status", "Task success")
    task = server.task(task_id)
    assert (task["status"], task["error"]) == ("success", None)
    assert re.fullmatch(r"[\d,]+ lines in (\d+) of \1 files of collections", task["result"])
    assert task["created_at"] <= task["finished_at"]
    assert task in server.http.get("/tasks").json()["tasks"]


def test_a_reader_goes_on_where_it_was_cut(server: Server) -> None:
    task_id = server.run("Count collections")
    first = server.events(task_id, most=3)
    rest = server.events(task_id, after=first[-1].id)
    whole = server.events(task_id)
    assert [*first, *rest] == whole
    assert server.events(task_id, after=whole[-1].id) == []
    assert server.events(task_id, after="1000000") == whole  # an id of a server before this one
    assert server.events(task_id, after="nonsense") == whole


def test_a_thread_remembers_what_was_done_in_it(server: Server) -> None:
    for thread_id, before in [("a", 0), ("a", 1), ("b", 0)]:
        first, *_ = server.events(server.run("collections", thread_id))
        assert first.data.endswith(f"tasks in this thread so far: {before}")


def test_a_task_stops_when_it_is_told_to(server: Server) -> None:
    task_id = server.run(LONG)
    server.events(task_id, most=2)
    server.stop(task_id)
    assert server.events(task_id)[-1].data == "Task stopped"
    assert server.task(task_id)["status"] == "stopped"
    server.stop(task_id)  # it may be told twice


def test_a_task_fails_with_the_reason(server: Server) -> None:
    task_id = server.run("fail")
    assert [event.data for event in server.events(task_id)] == [
        "Task failed: The spec told me to fail."
    ]
    task = server.task(task_id)
    assert (task["status"], task["error"]) == ("failed", "The spec told me to fail.")


def test_without_verbose_there_is_no_log(server: Server) -> None:
    events = server.events(server.run("collections", verbose=False))
    assert {event.event for event in events} == {"progress", "status"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"spec": "json", "thread_id": "a"}', "text/plain", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"spec": "json"}', "application/json", 400),
        (b" " * 1_000_000, "application/json", 413),
    ],
)
def test_a_request_that_starts_nothing_is_refused(
    server: Server, body: bytes, kind: str, status: int
) -> None:
    before = server.http.get("/tasks").json()
    refused = server.http.post("/run", content=body, headers={"Content-Type": kind})
    assert refused.status_code == status
    assert refused.json()["error"]
    assert server.http.get("/tasks").json() == before


def test_what_there_is_not_is_not_found(server: Server) -> None:
    for path in ("/", "/run", "/tasks/none", "/tasks/none/stream", "/tasks/none/stop"):
        assert server.http.get(path).status_code == 404
    assert server.http.post("/tasks/none/stop").status_code == 404


def test_with_a_token_every_door_wants_it(guarded: Server) -> None:
    task_id = guarded.run("collections")
    doors = ["/health", "/tasks", f"/tasks/{task_id}", f"/tasks/{task_id}/stream"]
    for given in (b"", b"Bearer wrong", b"Bearer \xe9", TOKEN.encode()):
        headers = {b"Authorization": given}
        with httpx2.Client(base_url=guarded.url, headers=headers, verify=False) as stranger:
            assert {stranger.get(door).status_code for door in doors} == {401}
            assert stranger.post("/run", json={}).status_code == 401
            assert stranger.post(f"/tasks/{task_id}/stop").status_code == 401
    assert guarded.events(task_id)[-1].data == "Task success"


def test_without_a_token_it_listens_on_this_machine_only() -> None:
    command = [sys.executable, str(ROOT / "examples" / "ai_server.py"), "--host", "0.0.0.0"]
    refused = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "AI_SERVER_TOKEN" in refused.stderr


def test_a_killed_server_knows_its_tasks_when_it_is_back(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with serving(*state) as server:
        done, cut = server.run("collections"), server.run(LONG)
        whole = server.events(done)
        kept = server.task(done)
        server.process.send_signal(signal.SIGKILL)
    with serving(*state) as server:
        assert server.task(done) == kept
        assert server.events(done)[-1].data == whole[-1].data  # of its log only the end is left
        assert server.task(cut)["status"] == "failed"
        assert "started anew" in server.events(cut, after="2")[-1].data
        first, *_ = server.events(server.run("collections"))
        assert "in this thread so far: 1" in first.data


# --- a task's events, without a process --------------------------------------------------------


def a_task() -> Task:
    return Task("1", "thread", "spec", True, "2026-11-20T12:00:00.000Z")


def test_a_text_of_several_lines_is_one_event() -> None:
    task = a_task()
    task.progress({"message": "a\nb"})
    task.log("a\nb\r\nc\rd\u2028e")
    sent = task.after(1)[0].decode()
    assert sent.startswith("id: 2\nevent: log\ndata: ")
    assert sent.endswith(" a\ndata: b\ndata: c\ndata: d\u2028e\n\n")


def test_of_a_long_log_the_newest_is_kept_and_the_numbers_stay() -> None:
    task = a_task()
    for _ in range(EVENTS_MAX + 2):
        task.progress({})
    sent, count, is_all = task.after(0)
    assert (sent[:6], sent.count(b"\n\n"), count) == (b"id: 3\n", EVENTS_MAX, EVENTS_MAX + 2)
    assert not is_all
    assert task.after(EVENTS_MAX)[0].startswith(b"id: %d\n" % (EVENTS_MAX + 1))
