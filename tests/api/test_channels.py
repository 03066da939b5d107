"""Channels: their shape, their list, their people."""

import re
from urllib.parse import quote

import pytest

from tests.clients import Client, People
from tests.houses import on_each_database

SHAPE = {
    "id",
    "public_id",
    "title",
    "reply_mode",
    "agent_id",
    "project_id",
    "created_at",
    "updated_at",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_new_channel_is_returned_bare_with_201(owner: Client):
    made = owner.post("/api/channels", {"title": "Ops"})
    channel = made.get_json()
    assert made.status_code == 201
    assert set(channel) == SHAPE
    assert channel["title"] == "Ops"
    assert type(channel["id"]) is int
    assert UUID7.fullmatch(channel["public_id"])
    assert TIME.fullmatch(channel["created_at"])
    assert TIME.fullmatch(channel["updated_at"])
    assert channel["created_at"] <= channel["updated_at"]
    assert channel["project_id"] is None


def test_a_new_channel_is_auto_and_has_the_default_agent(owner: Client):
    agents = owner.get("/api/agents").get_json()["items"]
    default = next(agent["id"] for agent in agents if agent["is_default"])
    channel = owner.post("/api/channels", {}).get_json()
    assert channel["reply_mode"] == "auto"
    assert channel["agent_id"] == default


def test_the_body_may_say_otherwise(owner: Client):
    fields = {"title": "頻道 🙂", "reply_mode": "mention", "agent_id": None}
    channel = owner.post("/api/channels", fields).get_json()
    assert {name: channel[name] for name in fields} == fields


def test_a_channel_reads_as_it_was_made(owner: Client):
    made = owner.post("/api/channels", {"title": "Ops"}).get_json()
    assert owner.get(f"/api/channels/{made['id']}").get_json() == made


@pytest.mark.parametrize(
    "change",
    [{"title": "New"}, {"reply_mode": "mention"}, {"agent_id": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_patch_changes_only_what_it_names(owner: Client, change: dict[str, object]):
    before = owner.post("/api/channels", {"title": "Ops"}).get_json()
    answer = owner.patch(f"/api/channels/{before['id']}", change)
    after = answer.get_json()
    assert answer.status_code == 200
    assert after == {**before, **change, "updated_at": after["updated_at"]}
    assert owner.get(f"/api/channels/{before['id']}").get_json() == after


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"color": "red"}, "color"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": 5}, "title"),
        ({"title": None}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"reply_mode": "always"}, "reply_mode"),
        ({"agent_id": "1"}, "agent_id"),
        ({"agent_id": 0}, "agent_id"),
        ({"agent_id": 2**63}, "agent_id"),
        ({"agent_id": True}, "agent_id"),
        ({"id": 7}, "id"),
        ({"public_id": "x"}, "public_id"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused_by_name(
    owner: Client, channel_id: int, fields: dict[str, object], field: str
):
    for answer in (
        owner.post("/api/channels", fields),
        owner.patch(f"/api/channels/{channel_id}", fields),
    ):
        error = answer.get_json()
        assert answer.status_code == 400
        assert (error["error_code"], error["field"]) == ("invalid_request", field)
        assert error["retryable"] is False


def test_an_agent_that_is_not_there_is_not_found(owner: Client, channel_id: int):
    answer = owner.patch(f"/api/channels/{channel_id}", {"agent_id": 999_999})
    assert (answer.status_code, answer.get_json()["error_code"]) == (404, "agent_not_found")


@on_each_database
def test_a_deleted_channel_is_not_found(owner: Client, channel_id: int):
    owner.say(channel_id, "Hi", reply="wait")
    gone = owner.delete(f"/api/channels/{channel_id}")
    assert (gone.status_code, gone.data) == (204, b"")
    for answer in (
        owner.get(f"/api/channels/{channel_id}"),
        owner.delete(f"/api/channels/{channel_id}"),
        owner.get(f"/api/channels/{channel_id}/messages"),
        owner.post(f"/api/channels/{channel_id}/messages", {"body": "Hi"}),
    ):
        assert (answer.status_code, answer.get_json()["error_code"]) == (404, "channel_not_found")


@on_each_database
def test_the_list_goes_on_from_its_cursor_to_the_end(owner: Client):
    made = [owner.channel(title=str(number)) for number in range(5)]
    seen: list[int] = []
    after = ""
    while True:
        page = owner.get(f"/api/channels?limit=2{after}").get_json()
        assert set(page) == {"items", "next"}
        assert all(set(channel) == SHAPE for channel in page["items"])
        seen += [channel["id"] for channel in page["items"]]
        if page["next"] is None:
            break
        assert quote(page["next"], safe="") == page["next"]  # can be pasted as it is
        after = f"&after={page['next']}"
    assert seen[:5] == made[::-1]
    assert len(seen) == len(set(seen))


def test_a_channel_comes_first_once_somebody_speaks_in_it(owner: Client):
    old, _ = owner.channel(), owner.channel()
    owner.say(old, "Hi", reply="none")
    assert owner.get("/api/channels?limit=1").get_json()["items"][0]["id"] == old


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "1",
        "_",
        "1_x",
        "x_1",
        "1_99999999999999999999",
        "99999999999999999999_1",
        "１_１",
        "2024-01-01T00:00:00+00:00_5",
        "-1_-1",
        "1e3_1",
        "%00",
        "1_1%00",
        "_" * 100,
        "9" * 101,
        f"{2**63 - 1}_1",
        f"1_{2**63}",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(owner: Client, cursor: str):
    answer = owner.get(f"/api/channels?after={cursor}")
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
    assert error["field"] == "after"


def test_people_see_only_the_channels_they_are_in(people: People):
    channel_id = people.owner.channel()
    for person in (people.member, people.viewer, people.stranger):
        found = person.get("/api/channels?limit=200").get_json()["items"]
        assert channel_id not in [channel["id"] for channel in found]


def test_a_member_is_added_by_address_or_id_and_can_then_read(people: People):
    by_email, by_id = people.owner.channel(), people.owner.channel()
    me = people.member.get("/api/v1/auth/me").get_json()
    for channel_id, who in ((by_email, {"email": me["email"]}), (by_id, {"user_id": me["id"]})):
        added = people.owner.post(f"/api/channels/{channel_id}/members", who)
        assert added.status_code == 201
        assert added.get_json()["id"] == me["id"]
        assert people.member.get(f"/api/channels/{channel_id}").status_code == 200
        names = people.owner.get(f"/api/channels/{channel_id}/members").get_json()
        assert [person["name"] for person in names["items"]] == ["Member", "Owner"]


def test_adding_a_member_twice_is_once(people: People):
    channel_id = people.owner.channel()
    for _ in range(2):
        added = people.owner.post(
            f"/api/channels/{channel_id}/members", {"email": "MEMBER@example.com"}
        )
        assert added.status_code == 201
    found = people.owner.get(f"/api/channels/{channel_id}/members").get_json()["items"]
    assert len(found) == 2


@on_each_database
@pytest.mark.parametrize(
    "who", [{"email": "stranger@example.com"}, {"email": "no@example.com"}, {"user_id": 2**62}]
)
def test_only_people_of_the_workspace_can_be_added(people: People, who: dict[str, object]):
    added = people.owner.post(f"/api/channels/{people.owner.channel()}/members", who)
    assert (added.status_code, added.get_json()["error_code"]) == (404, "user_not_found")


def test_adding_nobody_is_refused(owner: Client, channel_id: int):
    added = owner.post(f"/api/channels/{channel_id}/members", {})
    assert (added.status_code, added.get_json()["error_code"]) == (400, "invalid_request")


def test_a_removed_member_is_refused_again(people: People):
    channel_id = people.owner.channel()
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    me = people.member.get("/api/v1/auth/me").get_json()
    gone = people.owner.delete(f"/api/channels/{channel_id}/members/{me['id']}")
    assert gone.status_code == 204
    answer = people.member.get(f"/api/channels/{channel_id}")
    assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")
    again = people.owner.delete(f"/api/channels/{channel_id}/members/{me['id']}")
    assert again.get_json()["error_code"] == "user_not_found"
