"""Agents: their shape, the default, handles."""

import uuid

import pytest

from tests.clients import Client, People
from tests.houses import House

SHAPE = {
    "id",
    "public_id",
    "name",
    "handle",
    "system_prompt",
    "greeting",
    "provider_id",
    "model",
    "temperature",
    "max_tokens",
    "tool_server_ids",
    "disabled_tool_ids",
    "tool_policies",
    "is_default",
    "enabled",
    "kind",
    "project_id",
}


def made(owner: Client, **fields: object) -> dict[str, object]:
    answer = owner.post("/api/agents", {"name": f"A {uuid.uuid4().hex[:8]}", **fields})
    assert answer.status_code == 201, answer.text
    agent: dict[str, object] = answer.get_json()
    return agent


def test_a_new_agent_is_returned_bare_with_201(owner: Client):
    fields = {
        "name": "Helper 助手",
        "handle": "Helper",
        "system_prompt": "Be {{ agent }}.",
        "greeting": "你好",
        "provider_id": 1,
        "model": "m",
        "temperature": 0.5,
        "max_tokens": 100,
        "enabled": False,
    }
    agent = made(owner, **fields)
    assert set(agent) == SHAPE
    assert agent.items() >= {**fields, "handle": "helper"}.items()
    assert (agent["tool_server_ids"], agent["disabled_tool_ids"]) == ([], [])
    assert agent["tool_policies"] == {}
    assert agent["is_default"] is False
    assert owner.get(f"/api/agents/{agent['id']}").get_json() == agent
    assert owner.get(f"/api/agents/{agent['public_id']}").get_json() == agent


def test_a_name_is_enough(owner: Client):
    agent = made(owner, name="Research Helper!")
    assert (agent["handle"], agent["provider_id"]) == ("research-helper", 1)
    assert (agent["enabled"], agent["model"], agent["temperature"]) == (True, None, None)


def test_two_agents_of_one_name_get_two_handles(owner: Client):
    one, two = made(owner, name="Twin"), made(owner, name="Twin")
    assert (one["handle"], two["handle"]) == ("twin", "twin-2")


def test_a_handle_that_is_taken_is_a_conflict(owner: Client):
    first = made(owner)
    body = {"name": "Other", "handle": str(first["handle"]).upper()}
    for answer in (
        owner.post("/api/agents", body),
        owner.patch(f"/api/agents/{made(owner)['id']}", {"handle": first["handle"]}),
    ):
        error = answer.get_json()
        assert (answer.status_code, error["error_code"]) == (409, "conflict")
        assert error["field"] == "handle"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "New"},
        {"greeting": ""},
        {"model": None},
        {"temperature": None},
        {"temperature": 1},
        {"enabled": False},
        {"provider_id": None},
    ],
    ids=str,
)
def test_a_patch_changes_only_what_it_names(owner: Client, change: dict[str, object]):
    before = made(owner, greeting="Hi", model="m", temperature=0.5)
    answer = owner.patch(f"/api/agents/{before['id']}", change)
    assert (answer.status_code, answer.get_json()) == (200, {**before, **change})


def test_there_is_one_default_and_it_comes_first(owner: Client):
    old = owner.get("/api/agents").get_json()["items"][0]
    new = made(owner, is_default=True)
    shown = owner.get("/api/agents").get_json()
    assert set(shown) == {"items", "next"}
    assert [a["id"] for a in shown["items"] if a["is_default"]] == [new["id"]]
    assert shown["items"][0]["id"] == new["id"]
    owner.patch(f"/api/agents/{old['id']}", {"is_default": True})
    assert owner.get("/api/agents").get_json()["items"][0]["id"] == old["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"handle": ""}, "handle"),
        ({"handle": "two words"}, "handle"),
        ({"handle": "İ" * 40}, "handle"),
        ({"handle": "x\n"}, "handle"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"provider_id": 999_999}, "provider_id"),
        ({"enabled": 1}, "enabled"),
        ({"enabled": None}, "enabled"),
        ({"greeting": "a\0b"}, "greeting"),
        ({"system_prompt": "x" * 32_001}, "system_prompt"),
        ({"id": 5}, "id"),
        ({"temperatur": 1}, "temperatur"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_field_is_refused_by_name(owner: Client, fields: dict[str, object], field: str):
    agent = made(owner)
    for answer in (
        owner.post("/api/agents", {"name": "X", **fields}),
        owner.patch(f"/api/agents/{agent['id']}", fields),
    ):
        error = answer.get_json()
        assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
        assert error["field"] == field
    assert owner.get(f"/api/agents/{agent['id']}").get_json() == agent


def test_a_deleted_agent_is_gone_and_its_words_stay(owner: Client):
    agent = made(owner, name="Brief")
    channel_id = owner.channel(agent_id=agent["id"])
    owner.say(channel_id, "Hi", reply="wait")
    assert owner.delete(f"/api/agents/{agent['id']}").status_code == 204
    assert owner.get(f"/api/agents/{agent['id']}").get_json()["error_code"] == "agent_not_found"
    said = owner.get(f"/api/channels/{channel_id}/messages").get_json()["items"][-1]
    assert (said["author"]["name"], said["body"]) == ("Brief", "Hello, world!")
    assert owner.get(f"/api/channels/{channel_id}").get_json()["agent_id"] is None


def test_only_who_runs_the_workspace_makes_and_changes_agents(people: People, house: House):
    agent = made(people.owner)
    for person in (people.member, people.viewer, house.reader()):
        for answer in (
            person.post("/api/agents", {"name": "X"}),
            person.patch(f"/api/agents/{agent['id']}", {"name": "X"}),
            person.delete(f"/api/agents/{agent['id']}"),
        ):
            assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")
        assert person.get(f"/api/agents/{agent['id']}").get_json() == agent


def test_a_stranger_sees_no_agent_of_ours_and_cannot_use_one(people: People):
    agent = made(people.owner)
    assert people.stranger.get("/api/agents").get_json() == {"items": [], "next": None}
    for answer in (
        people.stranger.get(f"/api/agents/{agent['id']}"),
        people.stranger.patch(f"/api/agents/{agent['id']}", {"name": "X"}),
        people.stranger.delete(f"/api/agents/{agent['id']}"),
        people.stranger.post("/api/channels", {"agent_id": agent["id"]}),
    ):
        assert (answer.status_code, answer.get_json()["error_code"]) == (404, "agent_not_found")


def test_the_system_prompt_is_told_with_its_variables(owner: Client, house: House, fake):
    prompt = "{{ agent }} in {{channel}}, {{ date }}, {{ SECRET_KEY }} {{ config }}"
    agent = made(owner, name=f"Bo {uuid.uuid4().hex[:6]}", system_prompt=prompt)
    channel_id = owner.channel(agent_id=agent["id"], title="Ops")
    owner.say(channel_id, "Hi", reply="wait")
    told = fake.requests[0].json["messages"][0]["content"]
    assert told.startswith(f"{agent['name']} in Ops, 2")
    assert told.endswith("{{ SECRET_KEY }} {{ config }}")


def test_an_agent_that_was_read_may_be_sent_back(owner: Client):
    agent = made(owner)
    back = {name: value for name, value in agent.items() if name not in ("id", "public_id")}
    back["temperature"] = 1.0
    answer = owner.patch(f"/api/agents/{agent['id']}", back)
    assert answer.status_code == 200, answer.text
    assert answer.get_json() == agent | {"temperature": 1.0}
