"""Runs: their state and events, their end on request, and how a provider's faults show in them."""

import socket
import threading
from contextlib import closing
from typing import Any

import pytest

from chat_app.store.providers import ProviderRow
from tests.clients import Client, People
from tests.fakes import Chunk, Cut, FakeProvider, Hold, Json, Open, Raw, Stall, Status, Step
from tests.houses import House, on_each_database

SHAPE = {
    "id",
    "public_id",
    "channel_id",
    "agent_id",
    "question_id",
    "reply_id",
    "status",
    "error_code",
    "error",
    "finish_reason",
    "usage",
    "model",
    "created_at",
    "started_at",
    "finished_at",
}


@pytest.fixture
def held(fake: FakeProvider) -> threading.Event:
    """The next answer says "Half " and then waits for this."""
    go_on = threading.Event()
    fake.enqueue([Chunk("Half "), Hold(go_on), Chunk("whole"), Cut()])
    return go_on


def begun(client: Client, channel_id: int, fake: FakeProvider) -> str:
    """The public id of a run whose first text is there."""
    run_id = str(client.say(channel_id, "Hi")["run_id"])
    path = f"/api/runs/{run_id}/events?after=1"
    fake.wait_until(lambda: bool(client.get(path).get_json()["items"]))
    return run_id


def last_message(client: Client, channel_id: int) -> dict[str, Any]:
    found = client.get(f"/api/channels/{channel_id}/messages").get_json()["items"]
    message: dict[str, Any] = found[-1]
    return message


# --- state -------------------------------------------------------------------------------------


@on_each_database
def test_a_run_tells_its_state_by_either_id(owner: Client, channel_id: int):
    shown = owner.say(channel_id, "Hi", reply="wait")
    run = owner.get(f"/api/runs/{shown['run_id']}").get_json()
    assert set(run) >= SHAPE
    assert (run["status"], run["error_code"], run["finish_reason"]) == ("done", None, "stop")
    assert run["public_id"] == shown["run_id"]
    assert run["question_id"] == shown["message"]["id"]
    assert run["reply_id"] == shown["reply"]["id"]
    assert run["finished_at"].endswith("Z")
    assert run["created_at"] <= run["started_at"] <= run["finished_at"]
    assert owner.get(f"/api/runs/{run['id']}").get_json() == run


def test_a_run_under_way_is_running(
    owner: Client, channel_id: int, fake: FakeProvider, held: threading.Event
):
    run_id = begun(owner, channel_id, fake)
    run = owner.get(f"/api/runs/{run_id}").get_json()
    assert (run["status"], run["finished_at"]) == ("running", None)
    assert last_message(owner, channel_id)["status"] == "streaming"


@on_each_database
def test_its_events_as_json_are_those_of_its_stream(owner: Client, channel_id: int):
    run_id = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    streamed = owner.stream(f"/api/runs/{run_id}/stream")
    path = f"/api/runs/{run_id}/events"
    assert owner.get(path).get_json() == {
        "items": [{"seq": event.seq, **event.data} for event in streamed],
        "next": None,
    }
    after = owner.get(f"{path}?after=2").get_json()["items"]
    assert [event["seq"] for event in after] == [event.seq for event in streamed[2:]]
    page = owner.get(f"{path}?limit=2").get_json()
    assert ([event["seq"] for event in page["items"]], page["next"]) == ([1, 2], 2)
    assert owner.get(f"{path}?after={2**62}").get_json() == {"items": [], "next": None}


# --- cancelling --------------------------------------------------------------------------------


@on_each_database
def test_cancelling_in_mid_stream_keeps_what_was_said(
    owner: Client, channel_id: int, fake: FakeProvider, held: threading.Event
):
    run_id = begun(owner, channel_id, fake)
    answer = owner.post(f"/api/runs/{run_id}/cancel")
    assert (answer.status_code, answer.get_json()["public_id"]) == (202, run_id)
    error = owner.stream(f"/api/runs/{run_id}/stream")[-1].data
    reply = last_message(owner, channel_id)
    assert (error["type"], error["error_code"]) == ("error", "run_cancelled")
    assert (error["message_id"], error["done"]) == (reply["id"], True)
    assert (reply["body"], reply["status"]) == ("Half ", "cancelled")
    assert owner.get(f"/api/runs/{run_id}").get_json()["status"] == "cancelled"
    fake.wait_until(lambda: fake.open_streams == 0)


def test_cancelling_before_the_first_token_keeps_no_message(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([Hold(threading.Event())])
    run_id = owner.say(channel_id, "Hi")["run_id"]
    fake.wait_until(lambda: fake.open_streams == 1)
    assert owner.post(f"/api/runs/{run_id}/cancel").status_code == 202
    error = owner.stream(f"/api/runs/{run_id}/stream")[-1].data
    assert (error["error_code"], error["message_id"]) == ("run_cancelled", None)
    fake.wait_until(lambda: fake.open_streams == 0)


def test_cancelling_at_once_ends_the_run_whatever_it_was_doing(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([Hold(threading.Event())])
    run_id = owner.say(channel_id, "Hi")["run_id"]
    assert owner.post(f"/api/runs/{run_id}/cancel").status_code == 202
    error = owner.stream(f"/api/runs/{run_id}/stream")[-1].data
    assert error["error_code"] == "run_cancelled"


@on_each_database
def test_cancelling_twice_is_once(
    owner: Client, channel_id: int, fake: FakeProvider, held: threading.Event
):
    run_id = begun(owner, channel_id, fake)
    for _ in range(2):
        assert owner.post(f"/api/runs/{run_id}/cancel").status_code == 202
    events = owner.stream(f"/api/runs/{run_id}/stream")
    assert [event.data["type"] for event in events] == ["start", "chunk", "error"]
    assert owner.post(f"/api/runs/{run_id}/cancel").status_code == 202
    assert owner.stream(f"/api/runs/{run_id}/stream") == events


def test_cancelling_after_the_end_changes_nothing(owner: Client, channel_id: int):
    run_id = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    before = owner.get(f"/api/runs/{run_id}").get_json()
    assert owner.post(f"/api/runs/{run_id}/cancel").status_code == 202
    assert owner.get(f"/api/runs/{run_id}").get_json() == before
    assert last_message(owner, channel_id)["status"] == "complete"


def test_only_who_may_write_in_the_channel_cancels(
    people: People, house: House, channel_id: int, fake: FakeProvider, held: threading.Event
):
    run_id = begun(people.owner, channel_id, fake)
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "viewer@example.com"})
    path = f"/api/runs/{run_id}/cancel"
    for person, status in (
        (people.member, 404),
        (people.stranger, 404),
        (people.viewer, 403),
        (house.reader(), 403),
    ):
        assert person.post(path).status_code == status
    assert people.owner.get(f"/api/runs/{run_id}").get_json()["status"] == "running"


# --- faults ------------------------------------------------------------------------------------

BIG = Raw(b'data: {"choices":[{"delta":{"content":"' + b"x" * 10_000_000 + b'"}}]}\n\n')
PAGE = [Open("text/html"), Raw(b"<html>Login</html>")]
FAULTS: dict[str, tuple[list[Step], str, int, str]] = {
    # name: (script, code, the waiting POST's status, what is kept)
    "400": ([Status(400)], "provider_bad_response", 502, ""),
    "401": ([Status(401)], "provider_auth_failed", 502, ""),
    "404": ([Status(404)], "provider_model_not_found", 502, ""),
    "429": ([Status(429, {"Retry-After": "7"})], "provider_rate_limited", 503, ""),
    "500": ([Status(500)], "provider_unavailable", 502, ""),
    "stall": ([Stall()], "provider_timeout", 504, ""),
    "late stall": ([Chunk("Half"), Stall()], "provider_timeout", 504, "Half"),
    "cut": ([Chunk("Half"), Cut()], "provider_unavailable", 502, "Half"),
    "reset": ([Chunk("Half"), Cut(reset=True)], "provider_unavailable", 502, "Half"),
    "no end": ([Chunk("Half")], "provider_unavailable", 502, "Half"),
    "error": (
        [Chunk("Half"), Json({"error": {"message": "x"}})],
        "provider_unavailable",
        502,
        "Half",
    ),
    "page": (PAGE, "provider_bad_response", 502, ""),
    "bad JSON": ([Chunk("Half"), Raw(b"data: {x}\n\n")], "provider_bad_response", 502, "Half"),
    "10 MB": ([Chunk("Half"), BIG], "provider_bad_response", 502, "Half"),
    "context": (
        [Status(400, body={"error": {"code": "context_length_exceeded"}})],
        "context_too_long",
        413,
        "",
    ),
    "filter": (
        [Status(400, body={"error": {"code": "content_filter"}})],
        "content_filtered",
        422,
        "",
    ),
}
# What may be tried a second time by itself must fail twice.
TWICE = {"429", "500", "cut", "reset"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_providers_fault_shows_in_event_run_message_and_status(
    owner: Client, house: House, channel_id: int, fake: FakeProvider, name: str
):
    script, code, status, kept = FAULTS[name]
    fake.enqueue(*[script] * (2 if name in TWICE else 1))
    with house.rt.db.transaction() as session:
        session.get_one(ProviderRow, 1).read_timeout_s = 0.3 if "stall" in name else 30.0
    body = {"body": "Hi", "reply": "wait"}
    answer = owner.post(f"/api/channels/{channel_id}/messages", body)
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (status, code)
    assert_shows(owner, channel_id, error, kept)


def test_a_provider_that_is_not_there_is_unavailable(owner: Client, house: House, channel_id: int):
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        with house.rt.db.transaction() as session:
            refusing = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
            session.get_one(ProviderRow, 1).base_url = refusing
        body = {"body": "Hi", "reply": "wait"}
        answer = owner.post(f"/api/channels/{channel_id}/messages", body)
    assert (answer.status_code, answer.get_json()["error_code"]) == (502, "provider_unavailable")
    assert_shows(owner, channel_id, answer.get_json(), "")


def assert_shows(client: Client, channel_id: int, error: dict[str, Any], kept: str) -> None:
    """The same fault everywhere: `error` is what the waiting POST got."""
    run = client.get(f"/api/runs/{error['run_id']}").get_json()
    event = client.stream(f"/api/ai/stream/{channel_id}")[-1].data
    question, reply = client.get(f"/api/channels/{channel_id}/messages").get_json()["items"]
    assert error["message_id"] == question["id"]
    assert (run["status"], run["error_code"], run["error"]) == (
        "failed",
        error["error_code"],
        error["error"],
    )
    assert (reply["status"], reply["body"]) == ("failed", kept)
    assert event == {
        "type": "error",
        "done": True,
        **{name: error[name] for name in error if name not in ("run_id", "message_id")},
        "message_id": reply["id"] if kept else None,
    }


def test_the_time_to_wait_after_a_rate_limit_is_passed_on(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue(*[[Status(429, {"Retry-After": "7"})]] * 2)
    body = {"body": "Hi", "reply": "wait"}
    answer = owner.post(f"/api/channels/{channel_id}/messages", body)
    assert answer.get_json()["retry_after"] == 7
    assert answer.headers["Retry-After"] == "7"
    assert owner.stream(f"/api/ai/stream/{channel_id}")[-1].data["retry_after"] == 7


@on_each_database
def test_a_mistake_of_ours_in_a_run_shows_an_incident_and_nothing_else(
    owner: Client, house: House, channel_id: int, caplog: pytest.LogCaptureFixture
):
    owner.say(channel_id, "Hi", reply="none")
    # What only a mistake could have written: reading it breaks.
    broken = "9e999" if house.rt.db.is_sqlite else "'infinity'::float8"
    agent = owner.post("/api/agents", {"name": f"Broken {channel_id}"}).get_json()
    owner.patch(f"/api/channels/{channel_id}", {"agent_id": agent["id"]})
    with house.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"update agents set temperature = {broken} where id = {agent['id']}"
        )
    body = {"body": "Hi", "reply": "wait"}
    error = owner.post(f"/api/channels/{channel_id}/messages", body).get_json()
    event = owner.stream(f"/api/ai/stream/{channel_id}")[-1].data
    assert error["error_code"] == event["error_code"] == "internal_error"
    assert error["incident"] == event["incident"]
    assert set(event) == {
        "type",
        "error",
        "error_code",
        "retryable",
        "incident",
        "message_id",
        "done",
    }
    assert error["incident"] in caplog.text
