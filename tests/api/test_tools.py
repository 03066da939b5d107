"""Tools: their shape, what somebody decides about them, and tools that are not what they were."""

from dataclasses import replace

import pytest

from tests.api.tools import SYSTEM, Json, code, project, refused, servers_of, synced
from tests.clients import Client, People
from tests.houses import House
from tests.listers import ECHO, SEND, FakeTools

SHAPE = {
    "id",
    "server_id",
    "name",
    "description",
    "input_schema",
    "annotations",
    "enabled",
    "policy",
    "changed",
}


def resynced(owner: Client, server: Json) -> list[Json]:
    assert owner.post(f"{SYSTEM}/{server['id']}/sync").status_code == 200
    tools: list[Json] = owner.get(f"{SYSTEM}/{server['id']}/tools").get_json()["items"]
    return tools


def test_a_tool_is_shown_as_its_server_lists_it(owner: Client, mcp: FakeTools):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    mcp.tools = (replace(ECHO, description="說 🙂", input_schema=schema),)
    server, (tool,) = synced(owner)
    assert set(tool) == SHAPE
    assert tool == {
        "id": tool["id"],
        "server_id": server["id"],
        "name": "echo",
        "description": "說 🙂",
        "input_schema": schema,
        "annotations": {"readOnlyHint": True},
        "enabled": True,
        "policy": "auto",
        "changed": False,
    }


def test_a_server_that_was_never_reached_has_no_tools(owner: Client, mcp: FakeTools):
    mcp.tools = ()
    server, tools = synced(owner)
    assert tools == []
    assert owner.get(f"{SYSTEM}/{server['id']}/tools").get_json() == {"items": [], "next": None}


def test_tools_of_the_system_run_by_themselves_and_a_projects_ask_unless_they_only_read(
    owner: Client, mcp: FakeTools
):
    _, system = synced(owner)
    _, projects = synced(owner, servers_of(project(owner)))
    assert [tool["policy"] for tool in system] == ["auto", "auto"]
    assert [(tool["name"], tool["policy"]) for tool in projects] == [
        ("echo", "auto"),
        ("send", "ask"),
    ]


def test_a_policy_is_chosen_and_taken_back(owner: Client, mcp: FakeTools):
    _, (_, send) = synced(owner)
    path = f"/api/tools/{send['id']}"
    for policy in ("auto", "ask", "never"):
        answer = owner.patch(path, {"policy": policy})
        assert (answer.status_code, answer.get_json()) == (200, send | {"policy": policy})
    assert owner.patch(path, {"policy": None}).get_json() == send
    assert owner.patch(path, {"enabled": False}).get_json() == send | {"enabled": False}


@pytest.mark.parametrize(
    "other",
    [
        {"description": "Sends your keys."},
        {"input_schema": {"type": "object", "properties": {"key": {}}}},
        {"annotations": {"destructiveHint": True}},
    ],
    ids=str,
)
def test_a_tool_that_is_not_what_it_was_asks_until_somebody_agrees(
    owner: Client, mcp: FakeTools, other: Json
):
    server, (_, send) = synced(owner)
    owner.patch(f"/api/tools/{send['id']}", {"policy": "auto"})
    mcp.tools = (ECHO, replace(SEND, **other))
    for _ in range(2):
        _, changed = resynced(owner, server)
        assert (changed["changed"], changed["policy"]) == (True, "ask")
    agreed = owner.patch(f"/api/tools/{send['id']}", {"changed": False}).get_json()
    assert (agreed["changed"], agreed["policy"]) == (False, "auto")
    assert resynced(owner, server)[1] == agreed


def test_any_change_by_somebody_who_may_is_agreement(owner: Client, mcp: FakeTools):
    server, (_, send) = synced(owner)
    mcp.tools = (replace(SEND, description="x"),)
    resynced(owner, server)
    after = owner.patch(f"/api/tools/{send['id']}", {"enabled": True}).get_json()
    assert after["changed"] is False


def test_a_tool_that_never_runs_does_not_begin_to_when_it_changes(owner: Client, mcp: FakeTools):
    server, (_, send) = synced(owner)
    owner.patch(f"/api/tools/{send['id']}", {"policy": "never"})
    mcp.tools = (replace(SEND, description="x"),)
    (changed,) = resynced(owner, server)
    assert (changed["changed"], changed["policy"]) == (True, "never")


def test_a_tool_that_is_gone_is_not_found_and_comes_back_as_it_was(owner: Client, mcp: FakeTools):
    server, (_, send) = synced(owner)
    path = f"/api/tools/{send['id']}"
    never = owner.patch(path, {"policy": "never"}).get_json()
    mcp.tools = (ECHO,)
    assert [tool["name"] for tool in resynced(owner, server)] == ["echo"]
    assert code(owner.patch(path, {"policy": "auto"})) == (404, "tool_not_found")
    mcp.tools = (ECHO, SEND)
    assert resynced(owner, server)[1] == never


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"policy": "always"}, "policy"),
        ({"policy": "AUTO"}, "policy"),
        ({"policy": 1}, "policy"),
        ({"enabled": None}, "enabled"),
        ({"enabled": "true"}, "enabled"),
        ({"changed": True}, "changed"),
        ({"changed": None}, "changed"),
        ({"name": "x"}, "name"),
        ({"description": "x"}, "description"),
        ({"annotations": {}}, "annotations"),
        ({"server_id": 1}, "server_id"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused_by_name(owner: Client, mcp: FakeTools, change: Json, field: str):
    _, (_, send) = synced(owner)
    answer = owner.patch(f"/api/tools/{send['id']}", change)
    assert refused(answer) == (400, "invalid_request", field)


@pytest.mark.parametrize("ref", ["0", "x", "1e3", "9" * 30, "%00", "999999999"])
def test_an_id_of_nothing_is_not_found(owner: Client, ref: str):
    assert code(owner.patch(f"/api/tools/{ref}", {})) == (404, "tool_not_found")


def test_a_deleted_server_takes_its_tools_along(owner: Client, mcp: FakeTools):
    server, (echo, _) = synced(owner)
    owner.delete(f"{SYSTEM}/{server['id']}")
    assert code(owner.patch(f"/api/tools/{echo['id']}", {})) == (404, "tool_not_found")


def test_only_the_operator_decides_about_tools_of_the_system(
    people: People, house: House, mcp: FakeTools
):
    server, (_, send) = synced(people.owner)
    mcp.tools = (ECHO, replace(SEND, description="x"))
    resynced(people.owner, server)
    for person in (people.member, people.viewer, people.stranger, house.reader()):
        answer = person.patch(f"/api/tools/{send['id']}", {"policy": "auto"})
        assert code(answer) == (403, "access_denied")
    _, changed = people.owner.get(f"{SYSTEM}/{server['id']}/tools").get_json()["items"]
    assert (changed["changed"], changed["policy"]) == (True, "ask")
