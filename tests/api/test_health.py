"""Whether the process lives and can serve; what is at no address of ours."""

from dataclasses import replace
from pathlib import Path

import pytest

from chat_app import create_app
from tests.clients import Client
from tests.houses import House, on_each_database


@on_each_database
def test_a_well_process_lives_and_is_ready(nobody: Client):
    assert nobody.get("/healthz").get_json() == {"status": "ok"}
    ready = nobody.get("/readyz")
    shown = ready.get_json()
    assert (ready.status_code, shown["status"]) == (200, "ok")
    for name in ("database", "event_log", "migrations"):
        assert shown[name]["ok"] is True


def test_an_empty_database_is_alive_but_not_ready_and_says_why(house: House, tmp_path: Path):
    app = create_app(replace(house.settings, database_url=f"sqlite:///{tmp_path}/empty.db"))
    client = Client(app, None)
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    shown = ready.get_json()
    assert (ready.status_code, shown["status"]) == (503, "unavailable")
    assert shown["database"]["ok"] is True
    assert shown["migrations"]["ok"] is False
    assert shown["event_log"]["ok"] is False


def test_without_a_database_it_is_alive_but_not_ready(house: House):
    url = "postgresql+psycopg://nobody:sesame@127.0.0.1:1/none"
    client = Client(create_app(replace(house.settings, database_url=url)), None)
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["database"]["ok"]) == (503, False)
    assert "sesame" not in ready.text


def test_without_a_database_every_door_says_that_the_server_is_busy(house: House):
    url = "postgresql+psycopg://nobody:sesame@127.0.0.1:1/none"
    client = Client(create_app(replace(house.settings, database_url=url)), "hf_token")
    answer = client.get("/api/channels")
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (503, "server_busy")
    assert error["retryable"] is True
    (event,) = client.stream("/api/ai/stream/1")
    assert (event.data["type"], event.data["error_code"]) == ("error", "server_busy")


@pytest.mark.parametrize(
    "path", ["/api/", "/api/nothing", "/api/channels/1/nothing", "/v1/nothing"]
)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_what_is_nowhere_under_api_is_a_json_error(nobody: Client, path: str, accept: str):
    answer = nobody.get(path, headers={"Accept": accept})
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (404, "not_found")
    assert error["retryable"] is False


def test_a_method_that_a_door_does_not_take_is_a_json_error(owner: Client):
    for method, path in (("PUT", "/api/channels"), ("POST", "/api/ai/stream/1")):
        answer = owner.open(method, path)
        assert (answer.status_code, answer.get_json()["error_code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["Allow"]


def test_an_answer_carries_the_id_under_which_it_is_logged(nobody: Client):
    sent = nobody.get("/healthz", headers={"X-Request-ID": "from-the-router-1"})
    assert sent.headers["X-Request-ID"] == "from-the-router-1"
    for strange in ("x", "a b c d e f g", "é" * 10, "x" * 500, ""):
        answer = nobody.get("/healthz", headers={"X-Request-ID": strange})
        assert answer.headers["X-Request-ID"] != strange
