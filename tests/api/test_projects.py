"""Projects: their shape, whose they are, and what goes with one."""

import pytest

from chat_app.services import projects
from tests.api.tools import Json, code, name, project, refused, servers_of, synced
from tests.clients import Client, People
from tests.fakes import FakeProvider
from tests.houses import House, on_each_database
from tests.listers import FakeTools

PROJECTS = "/api/v1/projects"
SHAPE = {
    "id",
    "public_id",
    "name",
    "context",
    "spec",
    "backend",
    "ai_server_url",
    "has_token",
    "status",
    "last_error",
}


def test_a_new_project_is_returned_bare_with_201(owner: Client):
    answer = owner.post(PROJECTS, {"name": "網站", "context": "We sell 🍵."})
    made = answer.get_json()
    assert (answer.status_code, set(made)) == (201, SHAPE)
    assert made == made | {
        "name": "網站",
        "context": "We sell 🍵.",
        "spec": "",
        "backend": "url",
        "ai_server_url": None,
        "has_token": False,
        "status": "CREATED",
        "last_error": None,
    }
    assert owner.get(f"{PROJECTS}/{made['id']}").get_json() == made
    assert owner.get(f"{PROJECTS}/{made['public_id']}").get_json() == made
    shown = owner.get(PROJECTS).get_json()
    assert (shown["items"][0], shown["next"]) == (made, None)


@pytest.mark.parametrize("change", [{"name": "New"}, {"context": ""}, {"spec": "Do."}], ids=str)
def test_a_patch_changes_only_what_it_names(owner: Client, change: Json):
    before = project(owner, context="Words")
    answer = owner.patch(f"{PROJECTS}/{before['public_id']}", change)
    assert (answer.status_code, answer.get_json()) == (200, {**before, **change})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"context": "x" * 32_001}, "context"),
        ({"context": "a\0b"}, "context"),
        ({"context": None}, "context"),
        ({"spec": "x" * 32_001}, "spec"),
        ({"spec": None}, "spec"),
        ({"backend": "shell"}, "backend"),
        ({"backend": "process"}, "backend"),  # without AI_SERVER_COMMAND
        ({"ai_server_url": "ftp://x.example"}, "ai_server_url"),
        ({"ai_server_url": "http://me:key@x.example"}, "ai_server_url"),
        ({"ai_server_url": "http://x.example/?a=b"}, "ai_server_url"),
        ({"ai_server_url": "http://x.example/" + "x" * 2_000}, "ai_server_url"),
        ({"ai_server_url": "http://x.example", "ai_server_token": "two words"}, "ai_server_token"),
        ({"ai_server_token": "secret"}, "ai_server_url"),
        ({"command": ["sh"]}, "command"),
        ({"status": "READY"}, "status"),
        ({"owner_id": 1}, "owner_id"),
        ({"workspace_id": 1}, "workspace_id"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_wrong_field_is_refused_by_name(owner: Client, fields: Json, field: str):
    there = project(owner)
    for answer in (
        owner.post(PROJECTS, {"name": "X"} | fields),
        owner.patch(f"{PROJECTS}/{there['id']}", fields),
    ):
        assert refused(answer) == (400, "invalid_request", field)
    assert owner.get(f"{PROJECTS}/{there['id']}").get_json() == there


def test_two_projects_may_have_one_name(owner: Client):
    assert project(owner, name="Same")["id"] != project(owner, name="Same")["id"]


def test_a_person_has_so_many_projects_and_no_more(people: People, monkeypatch: pytest.MonkeyPatch):
    mine = len(people.stranger.get(PROJECTS).get_json()["items"])
    monkeypatch.setattr(projects, "PROJECTS_MAX", mine + 1)
    project(people.stranger)
    answer = people.stranger.post(PROJECTS, {"name": name()})
    assert code(answer) == (429, "quota_exceeded")


# --- whose -------------------------------------------------------------------------------------


def test_a_member_has_projects_that_managers_see_and_others_do_not(people: People, house: House):
    mine = project(people.member)
    path = f"{PROJECTS}/{mine['id']}"
    for person in (people.member, people.owner, house.reader()):
        assert person.get(path).get_json() == mine
        assert mine in person.get(PROJECTS).get_json()["items"]
    assert people.owner.patch(path, {"context": "x"}).status_code == 200
    for person, refusal in (
        (people.viewer, (403, "access_denied")),
        (people.stranger, (404, "project_not_found")),
    ):
        assert mine["id"] not in [p["id"] for p in person.get(PROJECTS).get_json()["items"]]
        for answer in (
            person.get(path),
            person.get(f"{PROJECTS}/{mine['public_id']}"),
            person.patch(path, {"name": "x"}),
            person.delete(path),
            person.get(servers_of(mine)),
            person.post(servers_of(mine), {"name": "x", "url": "https://x.example"}),
        ):
            assert code(answer) == refusal
    assert code(people.viewer.post(PROJECTS, {"name": "x"})) == (403, "access_denied")


def test_who_only_reads_changes_nothing(people: People, house: House, mcp: FakeTools):
    mine = project(people.owner)
    server, (echo, _) = synced(people.owner, servers_of(mine))
    reader, path = house.reader(), f"{servers_of(mine)}/{server['id']}"
    for answer in (
        reader.post(PROJECTS, {"name": "x"}),
        reader.patch(f"{PROJECTS}/{mine['id']}", {"name": "x"}),
        reader.delete(f"{PROJECTS}/{mine['id']}"),
        reader.post(servers_of(mine), {"name": "x", "url": "https://x.example"}),
        reader.patch(path, {"name": "x"}),
        reader.post(f"{path}/sync"),
        reader.post(f"{path}/test"),
        reader.patch(f"/api/tools/{echo['id']}", {"policy": "auto"}),
        reader.delete(path),
    ):
        assert code(answer) == (403, "access_denied")
    assert reader.get(path).get_json() == server


@on_each_database
def test_who_leaves_the_workspace_leaves_their_projects(house: House):
    people = house.people
    mine = project(people.member)
    member = people.member.get("/api/v1/auth/me").get_json()["id"]
    of = f"where user_id = {member}"
    with house.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(f"delete from workspace_members {of}")
    try:
        answer = people.member.get(f"{PROJECTS}/{mine['id']}")
        assert code(answer) == (404, "project_not_found")
        assert people.member.get(PROJECTS).get_json()["items"] == []
    finally:
        with house.rt.db.engine.begin() as connection:
            connection.exec_driver_sql(
                "insert into workspace_members (workspace_id, user_id, role)"
                f" values (1, {member}, 'member')"
            )


def test_the_context_is_told_with_its_variables(owner: Client, fake: FakeProvider):
    words = "{{ project }}: {{agent}} in {{ channel }}, {{ date }}, {{ user }} {{ SECRET_KEY }}"
    mine = project(owner, name="Tea", context=words)
    channel_id = owner.channel(project_id=mine["id"], title="Ops")
    owner.say(channel_id, "Hi", reply="wait")
    told = fake.requests[0].json["messages"][0]["content"]
    assert "\n\nTea: Assistant in Ops, 2" in told
    assert told.endswith(", {{ user }} {{ SECRET_KEY }}")


# --- what goes with one ------------------------------------------------------------------------


@on_each_database
def test_a_deleted_project_takes_its_servers_along_and_leaves_its_channels(
    owner: Client, mcp: FakeTools
):
    mine = project(owner)
    server, (echo, _) = synced(owner, servers_of(mine))
    channel_id = owner.channel(project_id=mine["id"])
    assert owner.delete(f"{PROJECTS}/{mine['public_id']}").status_code == 204
    assert code(owner.get(f"{PROJECTS}/{mine['id']}")) == (404, "project_not_found")
    assert code(owner.get(servers_of(mine))) == (404, "project_not_found")
    assert code(owner.patch(f"/api/tools/{echo['id']}", {})) == (404, "tool_not_found")
    assert mcp.forgotten == [server["id"]]
    assert owner.get(f"/api/channels/{channel_id}").get_json()["project_id"] is None


def test_a_channel_is_put_into_a_project_and_taken_out(owner: Client):
    mine = project(owner)
    channel_id = owner.channel(project_id=mine["id"])
    path = f"/api/channels/{channel_id}"
    assert owner.get(path).get_json()["project_id"] == mine["id"]
    assert owner.patch(path, {"title": "New"}).get_json()["project_id"] == mine["id"]
    assert owner.patch(path, {"project_id": None}).get_json()["project_id"] is None
    assert owner.patch(path, {"project_id": mine["id"]}).get_json()["project_id"] == mine["id"]


def test_a_channel_goes_only_into_a_project_of_ones_own(people: People):
    theirs, elsewhere = project(people.owner), project(people.stranger)
    member_channel, owner_channel = people.member.channel(), people.owner.channel()
    for answer in (
        people.member.patch(f"/api/channels/{member_channel}", {"project_id": theirs["id"]}),
        people.member.post("/api/channels", {"project_id": theirs["id"]}),
        people.stranger.post("/api/channels", {"project_id": theirs["id"]}),
        people.owner.patch(f"/api/channels/{owner_channel}", {"project_id": elsewhere["id"]}),
        people.owner.post("/api/channels", {"project_id": 999_999}),
    ):
        assert code(answer) == (404, "project_not_found")
    for wrong in (0, -1, "1", 1.5, True, 2**63):
        answer = people.owner.post("/api/channels", {"project_id": wrong})
        assert refused(answer) == (400, "invalid_request", "project_id")


def test_a_channel_that_was_read_may_be_sent_back_by_who_does_not_run_its_project(people: People):
    channel_id = people.owner.channel(project_id=project(people.owner)["id"])
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    channel = people.member.get(f"/api/channels/{channel_id}").get_json()
    back = {name: channel[name] for name in ("title", "reply_mode", "agent_id", "project_id")}
    assert people.member.patch(f"/api/channels/{channel_id}", back).status_code == 200
