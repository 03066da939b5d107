"""What agents may use: the servers offered to them, tools switched off, policies of their own."""

import pytest

from tests.api.tools import SYSTEM, Json, code, made, name, project, refused, servers_of, synced
from tests.clients import Client, People
from tests.houses import House, on_each_database
from tests.listers import FakeTools
from tests.statements import statements


def agent(person: Client, **fields: object) -> Json:
    answer = person.post("/api/agents", {"name": name()} | fields)
    assert answer.status_code == 201, answer.text
    found: Json = answer.get_json()
    return found


@on_each_database
def test_an_agent_gets_the_tools_that_are_given_to_it(owner: Client, mcp: FakeTools):
    one, (echo, send) = synced(owner)
    two, _ = synced(owner)
    tools = {
        "tool_server_ids": [one["id"], two["id"]],
        "disabled_tool_ids": [echo["id"]],
        "tool_policies": {str(send["id"]): "ask"},
    }
    given = agent(owner, **tools)
    assert given.items() >= tools.items()
    path = f"/api/agents/{given['id']}"
    assert owner.get(path).get_json() == given
    assert given in owner.get("/api/agents").get_json()["items"]
    assert owner.patch(path, {"name": "New"}).get_json() == given | {"name": "New"}


def test_an_agent_has_no_tools_by_itself(owner: Client, mcp: FakeTools):
    synced(owner)
    assert (
        agent(owner).items()
        >= {
            "tool_server_ids": [],
            "disabled_tool_ids": [],
            "tool_policies": {},
        }.items()
    )


@on_each_database
def test_each_choice_is_changed_without_the_others(owner: Client, mcp: FakeTools):
    server, (echo, send) = synced(owner)
    both = {str(echo["id"]): "ask", str(send["id"]): "never"}
    given = agent(
        owner,
        tool_server_ids=[server["id"]],
        disabled_tool_ids=[echo["id"]],
        tool_policies=both,
    )
    path = f"/api/agents/{given['id']}"
    for change in (
        {"disabled_tool_ids": [send["id"]]},
        {"disabled_tool_ids": [echo["id"], send["id"]]},
        {"tool_policies": {str(echo["id"]): "auto"}},
        {"disabled_tool_ids": []},
        {"tool_server_ids": []},
        {"tool_policies": {}},
        {"tool_server_ids": [server["id"]]},
    ):
        given |= change
        assert owner.patch(path, change).get_json() == given


def test_what_is_named_twice_counts_once_and_comes_in_order(owner: Client, mcp: FakeTools):
    one, (echo, send) = synced(owner)
    two = made(owner)
    given = agent(
        owner,
        tool_server_ids=[two["id"], one["id"], two["id"]],
        disabled_tool_ids=[send["id"], echo["id"], send["id"]],
    )
    assert given["tool_server_ids"] == [one["id"], two["id"]]
    assert given["disabled_tool_ids"] == [echo["id"], send["id"]]


def test_an_agent_with_tools_that_was_read_may_be_sent_back(owner: Client, mcp: FakeTools):
    server, (echo, _) = synced(owner)
    given = agent(owner, tool_server_ids=[server["id"]], tool_policies={str(echo["id"]): "never"})
    back = {name: value for name, value in given.items() if name not in ("id", "public_id")}
    assert owner.patch(f"/api/agents/{given['id']}", back).get_json() == given


def test_unknown_ids_and_those_of_projects_are_refused_alike(owner: Client, mcp: FakeTools):
    theirs, (tool, _) = synced(owner, servers_of(project(owner)))
    there = agent(owner)
    for server_id, tool_id in ((999_999, 999_999), (theirs["id"], tool["id"])):
        sentences = set()
        for fields, field in (
            ({"tool_server_ids": [server_id]}, "tool_server_ids"),
            ({"disabled_tool_ids": [tool_id]}, "disabled_tool_ids"),
            ({"tool_policies": {str(tool_id): "ask"}}, "tool_policies"),
        ):
            for answer in (
                owner.post("/api/agents", {"name": name()} | fields),
                owner.patch(f"/api/agents/{there['id']}", fields),
            ):
                assert refused(answer) == (400, "invalid_request", field)
                sentences.add(answer.get_json()["error"])
        assert sentences == {"There is no such tool server.", "There is no such tool."}
    assert owner.get(f"/api/agents/{there['id']}").get_json() == there


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tool_server_ids": None}, "tool_server_ids"),
        ({"tool_server_ids": [0]}, "tool_server_ids.0"),
        ({"tool_server_ids": ["1"]}, "tool_server_ids.0"),
        ({"tool_server_ids": [2**63]}, "tool_server_ids.0"),
        ({"tool_server_ids": list(range(1, 1_002))}, "tool_server_ids"),
        ({"disabled_tool_ids": {"1": True}}, "disabled_tool_ids"),
        ({"disabled_tool_ids": list(range(1, 1_002))}, "disabled_tool_ids"),
        ({"tool_policies": None}, "tool_policies"),
        ({"tool_policies": []}, "tool_policies"),
        ({"tool_policies": {"x": "ask"}}, "tool_policies"),
        ({"tool_policies": {"01": "ask"}}, "tool_policies"),
        ({"tool_policies": {"１": "ask"}}, "tool_policies"),
        ({"tool_policies": {"": "ask"}}, "tool_policies"),
        ({"tool_policies": {str(2**63): "ask"}}, "tool_policies"),
        ({"tool_policies": {"1": "always"}}, "tool_policies.1"),
        ({"tool_policies": {"1": None}}, "tool_policies.1"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_wrong_field_is_refused_by_name(owner: Client, fields: Json, field: str):
    answer = owner.post("/api/agents", {"name": name()} | fields)
    assert refused(answer) == (400, "invalid_request", field)


def test_an_agent_has_so_many_servers_and_no_more(owner: Client, house: House):
    most = house.settings.tool_servers_max
    ids = [made(owner)["id"] for _ in range(most + 1)]
    assert agent(owner, tool_server_ids=ids[:most])["tool_server_ids"] == ids[:most]
    answer = owner.post("/api/agents", {"name": name(), "tool_server_ids": ids})
    assert refused(answer) == (400, "invalid_request", "tool_server_ids")


@on_each_database
def test_what_is_deleted_is_no_longer_offered(owner: Client, mcp: FakeTools):
    server, (echo, send) = synced(owner)
    given = agent(
        owner,
        tool_server_ids=[server["id"]],
        disabled_tool_ids=[echo["id"]],
        tool_policies={str(send["id"]): "ask"},
    )
    owner.delete(f"{SYSTEM}/{server['id']}")
    bare = {"tool_server_ids": [], "disabled_tool_ids": [], "tool_policies": {}}
    assert owner.get(f"/api/agents/{given['id']}").get_json() == given | bare
    other, _ = synced(owner)
    given = agent(owner, tool_server_ids=[other["id"]])
    assert owner.delete(f"/api/agents/{given['id']}").status_code == 204
    assert owner.get(f"{SYSTEM}/{other['id']}").status_code == 200


def test_who_runs_a_workspace_offers_the_systems_tools_to_its_agents(
    people: People, mcp: FakeTools
):
    server, (echo, _) = synced(people.owner)
    given = agent(people.stranger, tool_server_ids=[server["id"]], disabled_tool_ids=[echo["id"]])
    assert given["tool_server_ids"] == [server["id"]]
    ours = agent(people.owner)
    change = {"tool_server_ids": [server["id"]]}
    assert code(people.member.patch(f"/api/agents/{ours['id']}", change)) == (403, "access_denied")
    answer = people.stranger.patch(f"/api/agents/{ours['id']}", change)
    assert code(answer) == (404, "agent_not_found")


# --- the cost ----------------------------------------------------------------------------------


def test_listing_agents_costs_the_same_however_many_there_are(house: House, mcp: FakeTools):
    owner = house.people.owner
    server, (echo, _) = synced(owner)
    costs = []
    for _ in range(2):
        for _ in range(3):
            agent(owner, tool_server_ids=[server["id"]], disabled_tool_ids=[echo["id"]])
        with statements(house.rt.db) as asked:
            owner.get("/api/agents")
        costs.append(len([one for one in asked if "SELECT" in one]))
    assert costs[0] == costs[1]


def test_posting_a_message_loads_none_of_an_agents_choices(house: House, mcp: FakeTools):
    owner = house.people.owner
    channel_id = owner.channel()
    with statements(house.rt.db) as asked:
        owner.say(channel_id, "Hi", reply="none")
    assert not [one for one in asked if "agent_tool" in one]
