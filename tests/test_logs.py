"""What a real server logs in a whole day's work: lines that parse, and nothing of what was said."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from chat_app import create_app, logs
from chat_app.services import installation
from chat_app.settings import Settings
from tests.fakes import Chunk, Cut, FakeProvider, Hold, Status
from tests.houses import Caller
from tests.servers import Server, serve

KEY = "sk-the-provider-key-0123"
SECRET_KEY = "the-secret-key-of-this-installation"
PASSWORD = "the-password-of-a-person"
SAID = "what-a-person-said"
ANSWERED = "what-the-model-answered"


@pytest.fixture
def server(tmp_path: Path, fake: FakeProvider) -> Iterator[Server]:
    settings = Settings(
        secret_keys=(SECRET_KEY,),
        database_url=f"sqlite:///{tmp_path}/test.db",
        admin_email="owner@example.com",
        admin_password=PASSWORD,
        openai_api_key=KEY,
        openai_base_url=fake.base_url,
        openai_model="fake",
    )
    app = create_app(settings)
    installation.upgrade(app.extensions["holdfast"])
    app.extensions["holdfast"].close()
    noisy = replace(settings, log_level="DEBUG", log_format="json")
    with serve(noisy, tmp_path / "log") as server:
        yield server


def test_a_days_work_leaves_lines_that_parse_and_no_secret(server: Server, fake: FakeProvider):
    secrets = scenario(server, fake)
    log = server.log
    for secret in (KEY, SECRET_KEY, PASSWORD, SAID, ANSWERED, *secrets):
        assert secret not in log, secret
        assert secret[4:-4] not in log, secret
    lines = [parsed(line) for line in log.splitlines() if line.startswith("{")]
    assert strange_lines(log) == []
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 15
    for line in lines:
        assert {"event", "level", "timestamp"} <= set(line)
    for line in requests:
        assert re.fullmatch(r"[0-9a-f]{16}|my-own-request-id", line["request_id"])
        assert "?" not in line["path"]
    assert "my-own-request-id" in [line["request_id"] for line in requests]
    ends = [line for line in lines if line["event"] == "run_ended"]
    assert {line["status"] for line in ends} == {"done", "failed", "cancelled"}
    assert all(re.fullmatch(r"[0-9a-f-]{36}", line["run_id"]) for line in ends)


def scenario(server: Server, fake: FakeProvider) -> list[str]:
    """All kinds of requests, good and bad; gives the secrets that came up."""
    nobody = Caller(server.url, None)
    login = {"email": "owner@example.com", "password": PASSWORD}
    token = nobody.post("/api/v1/auth/login", login).json()["access_token"]
    nobody.post("/api/v1/auth/login", login | {"password": PASSWORD + "x"})
    nobody.post("/api/v1/auth/register", {"email": "x", "password": PASSWORD})
    owner = Caller(server.url, token)
    owner.get("/api/v1/auth/me", headers={"X-Request-ID": "my-own-request-id"})
    made = owner.post("/api/tokens", {"name": "CI"}).json()["token"]
    channel_id = owner.channel(title=SAID)
    fake.enqueue([Chunk(ANSWERED), Cut()], [Status(401, body={"error": {"message": KEY}})])
    for _ in range(3):
        owner.say(channel_id, SAID)
        owner.stream(f"/api/ai/stream/{channel_id}")
    owner.get("/api/search", params={"q": SAID})
    owner.get(f"/api/channels/{channel_id}/messages", params={"before": SAID})
    agent = owner.get("/api/agents").json()["items"][0]["public_id"]
    owner.stream(f"/api/agents/{agent}/chat/stream", params={"message": SAID})
    owner.stream(f"/api/agents/{agent}/chat/stream", params={"message": SAID, "session_id": "x"})
    owner.post("/api/channels", {SAID: SAID})
    owner.http.post("/api/channels", content=SAID)
    provider = {"name": "P", "base_url": fake.base_url, "api_key": KEY, "default_model": "fake"}
    made_id = owner.post("/api/providers", provider).json()["id"]
    fake.enqueue([Status(500, body={"error": {"message": KEY}})] * 2)
    owner.post(f"/api/providers/{made_id}/test")
    cancelled(owner, channel_id, fake)
    Caller(server.url, made).get("/api/v1/auth/me", params={"token": made})
    return [token, made]


def cancelled(owner: Caller, channel_id: int, fake: FakeProvider) -> None:
    fake.enqueue([Chunk(ANSWERED), Hold(threading.Event())])
    run_id = owner.say(channel_id, SAID)["run_id"]
    fake.wait_until(lambda: fake.open_streams == 1)
    owner.post(f"/api/runs/{run_id}/cancel")
    owner.stream(f"/api/runs/{run_id}/stream")


def parsed(line: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(line)
    return found


def strange_lines(log: str) -> list[str]:
    """The lines that are neither JSON nor the greeting of the start."""
    greeting = ("Holdfast is at", "Stop it with")
    lines = [line.strip() for line in log.splitlines()]
    return [ln for ln in lines if ln and not ln.startswith(("{", *greeting))]


@pytest.mark.parametrize(
    "name", ["password", "new_password", "api_key", "apikey", "token", "access_token", "cookie"]
)
def test_a_value_with_a_secrets_name_is_blanked_out(name: str):
    assert logs.without_secrets(None, "info", {name: "sesame"}) == {name: "…"}


def test_counts_of_tokens_are_no_secret():
    counts = {"total_tokens": 8, "prompt_tokens": 5}
    assert logs.without_secrets(None, "info", counts) == counts
