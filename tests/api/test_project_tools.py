"""Tool servers of a project: for whoever runs it, invisible to all else, and never inwards."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network

import pytest

from chat_app.runtime import Runtime
from chat_app.store.tool_servers import ToolServerRow
from chat_app.toolbox.specs import spec_of
from tests.api.tools import KEY, SYSTEM, URL, code, made, name, project, refused, servers_of, synced
from tests.clients import Client, People
from tests.houses import House, on_each_database
from tests.listers import FakeTools


def test_a_server_of_a_project_says_so(people: People, mcp: FakeTools):
    mine = project(people.member)
    server, _ = synced(people.member, servers_of(mine), api_key=KEY)
    assert (
        server.items()
        >= {
            "scope": "project",
            "project_id": mine["id"],
            "url": URL,
            "has_key": True,
            "state": "connected",
        }.items()
    )
    (spec,) = mcp.asked
    assert spec.is_guarded
    by_public_id = f"/api/projects/{mine['public_id']}/tool-servers/{server['id']}"
    assert people.member.get(by_public_id).get_json() == server
    assert people.owner.get(by_public_id).get_json() == server


def test_whoever_runs_the_project_does_all_with_its_servers(people: People, mcp: FakeTools):
    for person in (people.member, people.owner):
        mine = project(people.member)
        server, (_, send) = synced(person, servers_of(mine))
        path = f"{servers_of(mine)}/{server['id']}"
        tool = f"/api/projects/{mine['id']}/tools/{send['id']}"
        assert person.patch(tool, {"policy": "auto"}).get_json()["policy"] == "auto"
        assert person.patch(f"/api/tools/{send['id']}", {"policy": None}).status_code == 200
        assert person.patch(path, {"name": "Renamed"}).get_json()["name"] == "Renamed"
        assert person.post(f"{path}/test").get_json()["tools"] == 2
        assert person.get(servers_of(mine)).get_json()["items"][0]["name"] == "Renamed"
        assert person.delete(path).status_code == 204
        assert mcp.forgotten[-1] == server["id"]


def test_a_server_is_found_in_its_own_project_only(owner: Client, mcp: FakeTools):
    mine, other = project(owner), project(owner)
    server, (echo, _) = synced(owner, servers_of(mine))
    system, (shared, _) = synced(owner)
    for path in (
        f"{SYSTEM}/{server['id']}",
        f"{servers_of(other)}/{server['id']}",
        f"{servers_of(mine)}/{system['id']}",
    ):
        for answer in (
            owner.get(path),
            owner.patch(path, {"name": "x"}),
            owner.delete(path),
            owner.post(f"{path}/sync"),
            owner.post(f"{path}/test"),
            owner.get(f"{path}/tools"),
        ):
            assert code(answer) == (404, "tool_server_not_found")
    for tool_path in (
        f"/api/projects/{other['id']}/tools/{echo['id']}",
        f"/api/projects/{mine['id']}/tools/{shared['id']}",
    ):
        assert code(owner.patch(tool_path, {})) == (404, "tool_not_found")
    assert server not in owner.get(SYSTEM).get_json()["items"]


def test_a_tool_of_somebody_elses_project_is_not_found(people: People, mcp: FakeTools):
    _, (echo, _) = synced(people.owner, servers_of(project(people.owner)))
    for person in (people.member, people.viewer, people.stranger):
        answer = person.patch(f"/api/tools/{echo['id']}", {"policy": "auto"})
        assert code(answer) == (404, "tool_not_found")


def test_a_project_that_is_none_has_no_servers(owner: Client):
    for ref in ("0", "x", "999999", "%00", "0192f0c1-2345-7abc-8def-0123456789ab"):
        base = f"/api/projects/{ref}"
        for answer in (
            owner.get(f"{base}/tool-servers"),
            owner.post(f"{base}/tool-servers", {"name": "x", "url": URL}),
            owner.get(f"{base}/tool-servers/1"),
            owner.patch(f"{base}/tools/1", {}),
        ):
            assert code(answer) == (404, "project_not_found")


@on_each_database
def test_a_name_is_taken_once_in_a_project_and_free_elsewhere(owner: Client, house: House):
    mine, other, body = project(owner), project(owner), {"name": name(), "url": URL}
    token = house.token(house.settings.admin_email)

    def attempt() -> int:
        return house.client(token).post(servers_of(mine), body).status_code

    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(attempt) for _ in range(4)]
    assert sorted(attempt.result() for attempt in tries) == [201, 409, 409, 409]
    assert owner.post(servers_of(other), body).status_code == 201
    assert owner.post(SYSTEM, body).status_code == 201
    again = owner.post(servers_of(mine), body)
    assert (code(again), again.get_json()["field"]) == ((409, "conflict"), "name")


@on_each_database
def test_a_project_has_so_many_servers_and_no_more_also_at_once(owner: Client, house: House):
    mine, most = project(owner), house.settings.tool_servers_max
    token = house.token(house.settings.admin_email)

    def attempt() -> int:
        body = {"name": name(), "url": URL}
        return house.client(token).post(servers_of(mine), body).status_code

    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(attempt) for _ in range(most + 3)]
    assert sorted(attempt.result() for attempt in tries) == [*[201] * most, *[429] * 3]
    assert len(owner.get(servers_of(mine)).get_json()["items"]) == most


# --- inwards -----------------------------------------------------------------------------------

INWARDS = [
    "http://127.0.0.1/mcp",
    "http://10.1.2.3:8080/mcp",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/mcp",
    "http://[fd00::1]/mcp",
    "http://[fe80::1%25eth0]/mcp",
    "http://[::ffff:127.0.0.1]/mcp",
    "http://[64:ff9b::7f00:1]/mcp",
    "http://100.64.0.1/mcp",
    "http://0.0.0.0/mcp",
]


@pytest.mark.parametrize("url", INWARDS)
def test_what_members_type_leads_to_no_private_address_and_what_operators_type_to_any(
    people: People, url: str
):
    place = servers_of(project(people.member))
    there = f"{place}/{made(people.member, place)['id']}"
    for answer in (
        people.member.post(place, {"name": name(), "url": url}),
        people.member.patch(there, {"url": url}),
    ):
        assert refused(answer) == (400, "invalid_request", "url")
    for operators in (place, SYSTEM):
        assert people.owner.post(operators, {"name": name(), "url": url}).status_code == 201
    assert people.owner.patch(there, {"url": url}).status_code == 200


def test_a_server_is_guarded_as_long_as_its_address_is_a_members(people: People, rt: Runtime):
    place = servers_of(project(people.member))
    server_id = made(people.member, place)["id"]

    def is_guarded() -> bool:
        with rt.db.reading() as session:
            return spec_of(session.get_one(ToolServerRow, server_id), rt.cipher).is_guarded

    assert is_guarded()
    people.owner.patch(f"{place}/{server_id}", {"url": "http://127.0.0.1:1/mcp"})
    assert not is_guarded()
    people.member.patch(f"{place}/{server_id}", {"name": name()})
    assert not is_guarded()
    people.member.patch(f"{place}/{server_id}", {"url": "https://tools.example/other"})
    assert is_guarded()


def test_what_egress_allow_names_may_be_reached(house: House, monkeypatch: pytest.MonkeyPatch):
    member = house.people.member
    settings = replace(house.settings, egress_allow=(ip_network("10.0.0.0/8"),))
    runtime = replace(house.rt, settings=settings)
    monkeypatch.setitem(house.app.extensions, "holdfast", runtime)
    place = servers_of(project(member))
    assert made(member, place, url="http://10.1.2.3/mcp")["url"] == "http://10.1.2.3/mcp"
    answer = member.post(place, {"name": name(), "url": "http://127.0.0.1/mcp"})
    assert refused(answer) == (400, "invalid_request", "url")


def test_a_command_is_no_way_in(people: People):
    place = servers_of(project(people.member))
    for field, value in (("transport", "stdio"), ("command", ["sh"]), ("env", {}), ("args", [])):
        answer = people.member.post(place, {"name": name(), "url": URL, field: value})
        assert refused(answer) == (400, "invalid_request", field)
