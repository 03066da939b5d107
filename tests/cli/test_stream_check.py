"""`flask stream-check` against doors that are well, and against all that can be wrong with them."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chat_app.cli.stream_check import stream_check
from chat_app.settings import Settings
from tests.certificates import server_context
from tests.cli.distant import (
    RUN_ID,
    RUNS,
    STREAM,
    WHOLE,
    Answer,
    Holdfast,
    cut,
    error,
    frame,
    holdfast,
    project,
    run,
    silence,
)
from tests.clients import People
from tests.examples.test_ai_server import serving
from tests.houses import Caller
from tests.servers import ROOT, free_port, serve
from tests.sockets import eventually

HTML = ("Content-Type: text/html", "Server: nginx")
START = f"POST {RUNS[:-1]}"


@pytest.fixture
def there() -> Iterator[Holdfast]:
    with holdfast() as there:
        yield there


WITH_PASSWORD = ("--email", "owner@example.com", "--password", "secret")


def check(there: Holdfast, *args: str, token: str = "hf_1") -> Result:
    env = {} if "--email" in args else {"HOLDFAST_TOKEN": token}
    given = ["--url", there.url, *args]
    return CliRunner(env=env).invoke(stream_check, given, catch_exceptions=False)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- well ------------------------------------------------------------------------------------


def test_a_run_is_started_watched_and_found_well(there: Holdfast) -> None:
    result = check(there, *WITH_PASSWORD)
    assert result.exit_code == 0, result.stderr
    assert there.body("POST /api/v1/auth/login") == {
        "email": "owner@example.com",
        "password": "secret",
    }
    assert {r.headers.get("authorization") for r in there.asked[2:]} == {"Bearer hf_secret"}
    *_, started, log, progress, status, total, verdict = result.stdout.splitlines()
    assert started == f"Started run {RUN_ID}."
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  log        2026-11-20T\S+ INFO Hello �\[31m", log)
    assert progress.endswith('  progress   {"progress":1}')
    assert status.endswith("  status     Task success")
    assert total.startswith("3 events: 1 log, 1 progress, 1 status; 0 cuts. Final state: DONE,")
    assert (verdict, result.stderr) == ("WELL", "")


def test_programs_get_a_document_a_line(there: Holdfast) -> None:
    seen = lines(check(there, "--json"))
    steps = [line["step"] for line in seen]
    assert steps == ["connected", "signed_in", "project", "run", *["event"] * 3, "end"]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]{12}Z", line["at"]) for line in seen)
    assert seen[4]["data"] == "2026-11-20T12:00:00Z INFO Hello \x1b[31m"
    assert (seen[4]["kind"], seen[4]["id"]) == ("log", f"{RUN_ID}:2")
    assert seen[-1] | {"at": ""} == {
        "at": "",
        "step": "end",
        "ok": True,
        "status": "DONE",
        "events": 3,
        "counts": {"log": 1, "progress": 1, "status": 1},
        "cuts": 0,
    }


def test_a_cut_stream_goes_on_with_the_last_event_id(there: Holdfast) -> None:
    there.streams = type(there.streams)([(*WHOLE[:2], cut), (*WHOLE[:1], *WHOLE[2:])])
    result = check(there)
    assert result.exit_code == 0, result.stderr
    assert there.cursors() == [None, f"{RUN_ID}:2"]
    assert "-- cut --" in result.stdout
    assert "3 events: 1 log, 1 progress, 1 status; 1 cut." in result.stdout


def test_a_server_that_ends_streams_and_then_is_busy_is_come_back_to(there: Holdfast) -> None:
    there.streams.appendleft((frame(1, "log", "a"),))  # a clean end: it was told to stop
    result = check(there)
    assert result.exit_code == 0, result.stderr
    assert there.cursors() == [None, f"{RUN_ID}:1"]


@pytest.mark.parametrize("name", ["2", "p-2", "Shop 2"])
def test_a_project_is_taken_by_id_or_name(there: Holdfast, name: str) -> None:
    both = {"items": [project(1), project(2)], "next": None}
    there.answers["GET /api/v1/projects"] = Answer(200, both)
    assert "projects/2/" in check(there, "--project", name).stderr or there.doors()[-1] == (
        "POST /api/v1/projects/2/agent/run"
    )


def test_the_spec_is_the_one_given_or_the_projects_own(there: Holdfast) -> None:
    check(there, "--spec", "Count words")
    assert there.body(START) == {"spec": "Count words"}
    there.streams.append(WHOLE)
    check(there)
    assert there.body(START) == {}


def test_a_run_that_is_named_is_watched_and_none_started(there: Holdfast) -> None:
    result = check(there, "--run", RUN_ID)
    assert result.exit_code == 0, result.stderr
    assert START not in there.doors()


def test_a_whole_installation_with_the_example_of_an_ai_server(
    settings: Settings, people: People, tmp_path: Path
) -> None:
    with serving(token="a-long-secret") as ai_server, serve(settings, tmp_path / "log") as server:
        caller = Caller(server.url, people.owner.token)
        fields = {"ai_server_url": ai_server.url, "ai_server_token": "a-long-secret"}
        made = caller.post("/api/v1/projects", {"name": "Library", **fields}).json()
        caller.post(f"/api/v1/projects/{made['id']}/provision")
        eventually(lambda: caller.get(f"/api/v1/projects/{made['id']}").json()["status"] == "READY")
        there = Holdfast(url=server.url)
        who = ("--email", settings.admin_email, "--password", str(settings.admin_password))
        well = check(there, *who, "--spec", "Count collections", "--json")
        assert well.exit_code == 0, well.stderr
        _, _, project, run, *events, end = lines(well)
        assert project["name"] == "Library"
        assert any("INFO collections/abc.py: 3 lines" in event["data"] for event in events)
        assert (end["ok"], end["status"]) == (True, "DONE")
        again = check(there, *who, "--run", run["run_id"], "--json")
        assert [{**event, "at": ""} for event in lines(again)[4:-1]] == [
            {**event, "at": ""} for event in events
        ]
        failed = check(there, *who, "--spec", "fail")
        assert failed.exit_code == 1
        assert "ended FAILED: The spec told me to fail." in failed.stderr
        ai_server.process.kill()
        gone = check(there, *who, "--spec", "Count collections")
        assert gone.exit_code == 1
        assert "ai_server_unavailable" in gone.stderr


# --- not well --------------------------------------------------------------------------------

REFUSALS = [
    ("POST /api/v1/auth/login", error(401, "unauthorized"), "--email with --password"),
    ("GET /api/v1/auth/me", error(401, "unauthorized"), "tokens create"),
    (START, error(403, "access_denied"), "the scope `write`"),
    (START, error(404, "project_not_found"), "make you a member"),
    (START, error(409, "project_not_ready", "It is FAILED: no"), "Provision it"),
    (START, error(503, "ai_server_unavailable", retryable=True), "/health"),
    (START, error(429, "rate_limited", retryable=True), "Wait a moment"),
    (START, error(500, "internal_error"), "Holdfast's log"),
    (START, error(422, "something_new"), "The sentence says"),
    (STREAM, error(404, "run_not_found"), "leave --run out"),
    (STREAM, error(503, "ai_server_unavailable", retryable=True), "/health"),
    (STREAM, Answer(200, b"<html>", HTML), "is not Holdfast: nginx answers 200"),
    ("GET /healthz", Answer(404, b"<html>", HTML), "is not Holdfast: nginx answers 404"),
    ("GET /healthz", Answer(200, b"hello", HTML), "is not Holdfast"),
    ("GET /healthz", Answer(200, []), "is not Holdfast"),
    ("GET /api/v1/auth/me", Answer(200, {"ok": True}), "is not Holdfast"),
    ("GET /healthz", Answer(502, b"<html>", HTML), "A proxy at"),
    ("GET /healthz", Answer(301, b"", ("Location: https://a.example/",)), "https://a.example/"),
    ("GET /api/v1/projects", Answer(200, {"items": [], "next": None}), "no project"),
]


@pytest.mark.parametrize(("door", "answer", "says"), REFUSALS)
def test_a_refusal_is_explained(there: Holdfast, door: str, answer: Answer, says: str) -> None:
    there.answers[door] = answer
    result = check(there, *WITH_PASSWORD)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.startswith("NOT WELL  ")
    if isinstance(answer.body, dict) and "error" in answer.body:
        assert answer.body["error"] in result.stderr


ENDS = [
    (WHOLE, run("FAILED", error="Out of memory", error_code="task_failed"), "Out of memory"),
    (WHOLE, run("FAILED", error="", error_code="run_interrupted"), "lost the task"),
    (WHOLE, run("STOPPED", error_code="run_cancelled"), "Somebody stopped it"),
    (WHOLE, run("RUNNING"), "the run is RUNNING"),
    ((frame(1, "status", "Task success"),), run("DONE"), "Not one `log` event"),
    ((frame(1, "log", "a"), b"event: error\ndata: %s\n\n"), run("DONE"), "no_luck: Never."),
]


@pytest.mark.parametrize(("stream", "ended", "says"), ENDS)
def test_a_run_that_ends_otherwise_is_not_well(
    there: Holdfast, stream: tuple[Any, ...], ended: dict[str, Any], says: str
) -> None:
    never = b'{"error":"Never.","error_code":"no_luck","retryable":false}'
    there.streams[0] = tuple(piece.replace(b"%s", never) for piece in stream)
    there.answers[f"GET {RUNS}/{RUN_ID}"] = Answer(200, ended)
    result = check(there, "--json")
    end = lines(result)[-1]
    assert (result.exit_code, end["ok"], end["status"]) == (1, False, ended["status"])
    assert says in f"{end['problem']} {end['advice']}"


def test_a_run_that_takes_too_long_is_left_and_named(there: Holdfast) -> None:
    there.streams[0] = (*WHOLE[:2], silence)
    there.answers[f"GET {RUNS}/{RUN_ID}"] = Answer(200, run())
    result = check(there, "--timeout", "1")
    assert result.exit_code == 1
    assert "not ended within 1 s." in result.stderr
    assert f"--run {RUN_ID}" in result.stderr
    assert "1 event: 1 log; 0 cuts. Final state: RUNNING, after" in result.stdout


def test_a_run_of_which_no_event_comes_is_the_ai_servers_fault(there: Holdfast) -> None:
    there.streams[0] = (WHOLE[0], b": ping\n\n", silence)
    there.answers[f"GET {RUNS}/{RUN_ID}"] = error(503, "server_busy")
    result = check(there, "--timeout", "1")
    assert result.exit_code == 1
    assert "Not one event of the run came within 1 s." in result.stderr
    assert "GET /tasks/<id>/stream" in result.stderr
    assert "0 events: none; 0 cuts. Final state: unknown, after" in result.stdout


def test_a_stream_of_which_nothing_comes_through_is_the_proxys_fault(there: Holdfast) -> None:
    there.streams[0] = (silence,)
    result = check(there, "--timeout", "1")
    assert result.exit_code == 1
    assert "buffer the stream" in result.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:{closed}", "Nobody listens"),
        ("http://no-such-host.invalid", "no such host"),
        ("https://127.0.0.1:{plain}", "begins with http://"),
        ("http://127.0.0.1:{tls}", "begins with https://"),
        ("https://127.0.0.1:{tls}", "SSL_CERT_FILE"),
    ],
)
def test_a_way_that_leads_nowhere_is_explained(there: Holdfast, url: str, says: str) -> None:
    with holdfast(ssl_context=server_context()) as other:
        ports = {
            "closed": free_port(),
            "plain": there.url.rpartition(":")[2],
            "tls": other.url.rpartition(":")[2],
        }
        there.url = url.format(**ports)
        result = check(there)
    assert result.exit_code == 1
    assert says in result.stderr


# --- who is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "--email"),
        (("--email", "owner@example.com"), "--password"),
        (("--token", "hf_1"), "--project"),
        (("--token", "hf_1", "--project", "2"), "--spec"),
        (("--spec", "a", "--run", "b"), "--run watches"),
        (("--url", "chat.example.com"), "an address such as"),
        (("--timeout", "0"), "--timeout"),
    ],
)
def test_where_nobody_can_be_asked_the_flag_is_named(
    there: Holdfast, args: tuple[str, ...], says: str
) -> None:
    both = {"items": [project(1), project(2, spec="")], "next": None}
    there.answers["GET /api/v1/projects"] = Answer(200, both)
    result = check(there, *args, token="")
    assert result.exit_code == 2
    assert says in result.stderr
    assert START not in there.doors()


def test_a_project_that_is_not_there_is_told_with_those_that_are(there: Holdfast) -> None:
    result = check(there, "--project", "7")
    assert result.exit_code == 1
    assert "1 Shop 1" in result.stderr


def test_at_a_terminal_it_asks_and_needs_no_database(there: Holdfast) -> None:
    both = {"items": [project(1, spec=""), project(2)], "next": None}
    there.answers["GET /api/v1/projects"] = Answer(200, both)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "stream-check", "--url", there.url],
        cwd=ROOT,
        env={
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "SECRET_KEY": "a secret that is long enough for anybody",
            "PATH": os.environ["PATH"],
        },
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Not typed ahead: a question whose answer is hidden throws away what was there before it.
    asked = ""
    for question, answer in [
        ("Email: ", "owner@example.com"),
        ("Password: ", "secret"),
        ("Project: ", "1"),
        ("new one): ", ""),
        ("to do: ", "Count words"),
    ]:
        while not asked.endswith(question):
            assert process.stderr is not None
            asked += process.stderr.read(1) or pytest.fail(f"It ended after {asked!r}")
        os.write(ours, f"{answer}\n".encode())
    out, wrong = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, wrong
    assert out.endswith("WELL\n")
    assert "   2  Shop 2  (READY)" in asked
    assert there.body("POST /api/v1/auth/login")["password"] == "secret"
    assert there.body(START) == {"spec": "Count words"}
