"""Providers: their shape, their key, who may touch them, and the connection test."""

import uuid

import pytest

from tests.clients import Client, People
from tests.fakes import FakeProvider, Status
from tests.houses import House

SHAPE = {"id", "name", "base_url", "default_model", "has_key", "enabled"}
KEY = "sk-very-secret-0123456789"


def made(owner: Client, **fields: object) -> dict[str, object]:
    basic = {"name": f"P {uuid.uuid4().hex[:8]}", "base_url": "http://127.0.0.1:1/v1"}
    answer = owner.post("/api/providers", basic | fields)
    assert answer.status_code == 201, answer.text
    provider: dict[str, object] = answer.get_json()
    return provider


def test_a_new_provider_is_returned_bare_with_201_and_without_its_key(owner: Client):
    answer = owner.post(
        "/api/providers",
        {"name": "Mine", "base_url": "https://x.example/v1/", "api_key": KEY, "default_model": "m"},
    )
    provider = answer.get_json()
    assert (answer.status_code, set(provider)) == (201, SHAPE)
    assert provider["base_url"] == "https://x.example/v1"
    assert (provider["has_key"], provider["enabled"]) == (True, True)
    assert owner.get(f"/api/providers/{provider['id']}").get_json() == provider
    shown = owner.get("/api/providers")
    assert provider in shown.get_json()["items"]
    assert KEY not in answer.text + shown.text


def test_a_key_goes_to_the_provider_and_is_kept_encrypted(
    owner: Client, house: House, fake: FakeProvider
):
    provider = made(owner, base_url=fake.base_url, api_key=KEY, default_model="m")
    assert owner.post(f"/api/providers/{provider['id']}/test").status_code == 200
    assert fake.requests[0].headers["authorization"] == f"Bearer {KEY}"
    with house.rt.db.engine.connect() as connection:
        stored = connection.exec_driver_sql("select * from providers").fetchall()
    assert KEY not in str(stored)


@pytest.mark.parametrize(
    "change", [{"name": "Renamed"}, {"default_model": None}, {"enabled": False}], ids=str
)
def test_a_patch_changes_only_what_it_names(owner: Client, change: dict[str, object]):
    before = made(owner, api_key=KEY, default_model="m")
    answer = owner.patch(f"/api/providers/{before['id']}", change)
    assert (answer.status_code, answer.get_json()) == (200, {**before, **change})


def test_a_key_is_replaced_and_taken_away(owner: Client):
    provider = made(owner)
    path = f"/api/providers/{provider['id']}"
    assert owner.patch(path, {"api_key": KEY}).get_json()["has_key"] is True
    assert owner.patch(path, {"api_key": None}).get_json()["has_key"] is False


def test_a_key_does_not_follow_to_a_new_address(owner: Client):
    provider = made(owner, api_key=KEY)
    path = f"/api/providers/{provider['id']}"
    refused = owner.patch(path, {"base_url": "http://evil.example/v1"})
    assert (refused.status_code, refused.get_json()["field"]) == (400, "api_key")
    moved = owner.patch(path, {"base_url": "http://new.example/v1", "api_key": "sk-new"})
    assert moved.status_code == 200


def test_one_without_a_key_moves_freely(owner: Client):
    provider = made(owner)
    moved = owner.patch(f"/api/providers/{provider['id']}", {"base_url": "http://new.example/v1"})
    assert moved.status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"base_url": "ftp://x/v1"}, "base_url"),
        ({"base_url": "x"}, "base_url"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "http://"}, "base_url"),
        ({"base_url": "http://[::1"}, "base_url"),
        ({"base_url": "http://u:p@x/v1"}, "base_url"),
        ({"base_url": "http://x:99999/v1"}, "base_url"),
        ({"base_url": "http://x/\nv1"}, "base_url"),
        ({"base_url": "http://a b/v1"}, "base_url"),
        ({"base_url": 5}, "base_url"),
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "sk 1"}, "api_key"),
        ({"api_key": "sk-\n"}, "api_key"),
        ({"api_key": "ключ"}, "api_key"),
        ({"default_model": ""}, "default_model"),
        ({"has_key": True}, "has_key"),
        ({"read_timeout": 5}, "read_timeout"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused_by_name(owner: Client, fields: dict[str, object], field: str):
    provider = made(owner)
    basic = {"name": "X", "base_url": "http://x/v1", "api_key": "sk-x"}
    for answer in (
        owner.post("/api/providers", basic | fields),
        owner.patch(f"/api/providers/{provider['id']}", fields),
    ):
        error = answer.get_json()
        assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
        assert error["field"] == field


def test_a_name_that_is_taken_is_a_conflict(owner: Client):
    one, two = made(owner), made(owner)
    for answer in (
        owner.post("/api/providers", {"name": one["name"], "base_url": "http://x/v1"}),
        owner.patch(f"/api/providers/{two['id']}", {"name": one["name"]}),
    ):
        assert (answer.status_code, answer.get_json()["error_code"]) == (409, "conflict")


def test_a_deleted_provider_leaves_its_agents_without_one(owner: Client):
    provider = made(owner, default_model="m")
    agent = owner.post("/api/agents", {"name": "Left", "provider_id": provider["id"]}).get_json()
    assert owner.delete(f"/api/providers/{provider['id']}").status_code == 204
    answer = owner.get(f"/api/providers/{provider['id']}")
    assert (answer.status_code, answer.get_json()["error_code"]) == (404, "provider_not_found")
    assert owner.get(f"/api/agents/{agent['id']}").get_json()["provider_id"] is None
    chat = owner.post(f"/api/agents/{agent['public_id']}/chat", {"message": "Hi"})
    assert chat.get_json()["error_code"] == "provider_not_configured"


def test_the_connection_test_tells_the_model_and_the_time(owner: Client, fake: FakeProvider):
    provider = made(owner, base_url=fake.base_url, default_model="fake")
    found = owner.post(f"/api/providers/{provider['id']}/test").get_json()
    assert found.items() >= {"ok": True, "model": "fake", "models": fake.models}.items()
    assert found["first_token_ms"] >= 0


def test_the_connection_test_tells_what_is_wrong(owner: Client, fake: FakeProvider):
    provider = made(owner, base_url=fake.base_url, default_model="fake", api_key=KEY)
    fake.enqueue([Status(401, body={"error": {"message": f"Wrong key {KEY}"}})])
    answer = owner.post(f"/api/providers/{provider['id']}/test")
    assert (answer.status_code, answer.get_json()["error_code"]) == (502, "provider_auth_failed")
    assert KEY not in answer.text


def test_without_a_model_there_is_nothing_to_test(owner: Client):
    answer = owner.post(f"/api/providers/{made(owner)['id']}/test")
    assert (answer.status_code, answer.get_json()["error_code"]) == (503, "provider_not_configured")


def test_only_the_operator_touches_providers(people: People, house: House):
    provider = made(people.owner, default_model="m")
    path = f"/api/providers/{provider['id']}"
    for person in (people.member, people.viewer, people.stranger, house.reader()):
        for answer in (
            person.post("/api/providers", {"name": "X", "base_url": "http://x/v1"}),
            person.patch(path, {"name": "X"}),
            person.delete(path),
            person.post(f"{path}/test"),
        ):
            assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")
