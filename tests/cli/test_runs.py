"""Runs, from the shell."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import gevent
import pytest
from flask import Flask

from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.store.base import now
from chat_app.streaming.housekeeper import Housekeeper
from tests.cli.conftest import Shell
from tests.clients import Client, People
from tests.fakes import Chunk, FakeProvider, Hold, Status, says
from tests.houses import Caller
from tests.servers import serve
from tests.streaming.runs import wait_until
from tests.streaming.tools import asks_for


@pytest.fixture
def channel_id(owner: Client) -> int:
    return owner.channel()


def answered(owner: Client, channel_id: int) -> str:
    """The public id of a run that has ended."""
    return str(owner.say(channel_id, "Hi", reply="wait")["run_id"])


def test_list_shows_the_runs_of_all_workspaces_newest_first(
    shell: Shell, owner: Client, channel_id: int, fake: FakeProvider
) -> None:
    first, second = answered(owner, channel_id), answered(owner, channel_id)
    items = shell.json("runs", "list")["items"]
    assert [run["public_id"] for run in items] == [second, first]
    assert items[0]["status"] == "done"
    assert items[0]["usage"]["total_tokens"] == 8
    assert items[0]["created_at"].endswith("Z")
    assert [run["public_id"] for run in shell.json("runs", "list", "--limit", "1")["items"]] == [
        second
    ]
    told = shell.run("runs", "list").stdout.splitlines()
    assert told[0].split() == [
        "id",
        "channel_id",
        "agent_id",
        "status",
        "attempt",
        "error_code",
        "model",
        "created_at",
    ]
    assert len(told) == 3


def test_list_can_be_narrowed_to_a_status(
    shell: Shell, owner: Client, channel_id: int, fake: FakeProvider
) -> None:
    fake.enqueue(says("fine"), [Status(401)])
    answered(owner, channel_id)
    owner.say(channel_id, "Hi again")
    failed = owner.stream(f"/api/ai/stream/{channel_id}")[0].data["run_id"]
    found = shell.json("runs", "list", "--status", "failed")["items"]
    assert [run["public_id"] for run in found] == [failed]
    assert found[0]["error_code"] == "provider_auth_failed"
    assert shell.json("runs", "list", "--status", "running")["items"] == []
    shell.misused("runs", "list", "--status", "lost")


def test_watch_prints_the_events_of_an_ended_run_and_its_end_is_the_status(
    shell: Shell, owner: Client, channel_id: int, fake: FakeProvider
) -> None:
    fake.enqueue(says("Hel\n", "lo\x1b[2J"))
    run_id = answered(owner, channel_id)
    told = shell.run("runs", "watch", run_id)
    assert told.exit_code == 0
    kinds = [line.split()[1] for line in told.stdout.splitlines()]
    assert [kinds[0], kinds[-1]] == ["start", "done"]
    assert "Hel⏎" in told.stdout
    assert "\x1b" not in told.stdout


def test_watch_as_json_is_one_event_a_line(
    shell: Shell, owner: Client, channel_id: int, fake: FakeProvider
) -> None:
    run_id = answered(owner, channel_id)
    told = shell.run("runs", "watch", run_id, "--json")
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert events == owner.get(f"/api/runs/{run_id}/events").get_json()["items"]


def test_watch_of_a_run_that_failed_has_status_1(
    shell: Shell, owner: Client, channel_id: int, fake: FakeProvider
) -> None:
    fake.enqueue([Status(401)])
    owner.say(channel_id, "Hi")
    run_id = owner.stream(f"/api/ai/stream/{channel_id}")[0].data["run_id"]
    told = shell.run("runs", "watch", run_id)
    assert told.exit_code == 1
    assert "provider_auth_failed" in told.stdout.splitlines()[-1]


def test_watch_tells_a_run_whose_journal_is_gone_from_its_reply(
    shell: Shell, owner: Client, channel_id: int, app: Flask
) -> None:
    run_id = answered(owner, channel_id)
    rt: Runtime = app.extensions["holdfast"]
    assert Housekeeper(rt.db, keep_hours=1).clean(now() + timedelta(hours=2)) == 1
    kinds = [line.split()[1] for line in shell.run("runs", "watch", run_id).stdout.splitlines()]
    assert kinds == ["start", "chunk", "done"]


def test_cancel_stops_a_run_that_another_process_answers_and_watch_sees_it(
    shell: Shell, settings: Settings, people: People, fake: FakeProvider, tmp_path: Path
) -> None:
    fake.enqueue([Chunk("Hel"), Hold(threading.Event())])
    with serve(settings, tmp_path / "log") as server:
        caller = Caller(server.url, people.owner.token)
        run_id = caller.say(caller.channel(), "Hi")["run_id"]
        watching = gevent.spawn(shell.run, "runs", "watch", run_id)
        fake.wait_until(lambda: fake.open_streams == 1)
        assert shell.json("runs", "cancel", run_id)["status"] in ("queued", "running")
        told = watching.get(timeout=30)
    assert told.exit_code == 1
    assert "run_cancelled" in told.stdout.splitlines()[-1]
    assert shell.json("runs", "list")["items"][0]["status"] == "cancelled"


def test_cancel_leaves_an_ended_run_as_it_is(shell: Shell, owner: Client, channel_id: int) -> None:
    answered(owner, channel_id)
    told = shell.run("runs", "cancel", "1")
    assert (told.exit_code, told.stdout) == (0, "Run 1 had ended.\n")
    assert shell.json("runs", "cancel", "1")["status"] == "done"


def test_approve_lets_a_call_go_on_in_the_process_that_serves(
    shell: Shell, settings: Settings, people: People, fake: FakeProvider, tmp_path: Path
) -> None:
    shell.json("mcp", "sync", "Built-in tools")
    tools = shell.json("mcp", "tools", "Built-in tools")["items"]
    (tool,) = [tool for tool in tools if tool["name"] == "calculate"]
    shell.run("mcp", "policy", str(tool["id"]), "ask")
    shell.run("agents", "update", "1", "--tool-server", "Built-in tools")
    fake.enqueue(asks_for("calculate", args='{"expression": "6*7"}'), says("42"))
    with serve(settings, tmp_path / "log") as server:
        caller = Caller(server.url, people.owner.token)
        run_id = caller.say(caller.channel(), "What is 6*7?")["run_id"]
        watching = gevent.spawn(shell.run, "runs", "watch", run_id, "--json")
        wait_until(lambda: shell.run("runs", "approve", run_id, "c0").exit_code == 0)
        told = watching.get(timeout=30)
    events = [json.loads(line) for line in told.stdout.splitlines()]
    (result,) = [event for event in events if event["type"] == "tool_result"]
    assert (result["result"], result["is_error"]) == ("42", False)
    assert told.exit_code == 0


def test_a_call_that_nobody_was_asked_about_is_not_approved(
    shell: Shell, owner: Client, channel_id: int
) -> None:
    run_id = answered(owner, channel_id)
    assert shell.refusal("runs", "approve", run_id, "c0").startswith("not_found: ")


@pytest.mark.parametrize("command", ["watch", "cancel"])
@pytest.mark.parametrize("run_id", ["99", "x", "99999999999999999999", "0" * 36])
def test_an_unknown_run_is_refused(shell: Shell, command: str, run_id: str) -> None:
    assert shell.refusal("runs", command, run_id) == "run_not_found: Run not found"


def test_bad_arguments_are_bad_usage(shell: Shell) -> None:
    shell.misused("runs", "watch")
    shell.misused("runs", "cancel")
    shell.misused("runs", "list", "--limit", "0")
