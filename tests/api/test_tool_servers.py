"""Tool servers of the system: their shape, their secrets, what HTTP may not say, who may touch
them, and reaching them.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from chat_app.errors import ToolTimeout
from chat_app.services import tool_servers, users
from tests.api.tools import KEY, SYSTEM, URL, code, made, name, refused, synced
from tests.clients import Client, People
from tests.houses import House, on_each_database
from tests.listers import FakeTools

SHAPE = {
    "id",
    "name",
    "scope",
    "project_id",
    "transport",
    "url",
    "has_key",
    "state",
    "state_message",
    "last_sync",
    "enabled",
}


def test_a_new_server_is_returned_bare_with_201_and_is_a_draft(owner: Client, mcp: FakeTools):
    fields = {"name": "天氣 Weather", "url": f" {URL} ", "api_key": KEY, "headers": {"X-Team": KEY}}
    answer = owner.post(SYSTEM, fields)
    server = answer.get_json()
    assert (answer.status_code, set(server)) == (201, SHAPE)
    assert server == server | {
        "name": "天氣 Weather",
        "scope": "system",
        "project_id": None,
        "transport": "http",
        "url": URL,
        "has_key": True,
        "state": "draft",
        "state_message": None,
        "last_sync": None,
        "enabled": True,
    }
    assert owner.get(f"{SYSTEM}/{server['id']}").get_json() == server
    shown = owner.get(SYSTEM)
    assert set(shown.get_json()) == {"items", "next"}
    assert server in shown.get_json()["items"]
    assert KEY not in answer.text + shown.text
    assert mcp.asked == []


def test_what_is_secret_is_kept_encrypted_and_goes_to_the_server(
    owner: Client, house: House, mcp: FakeTools, caplog: pytest.LogCaptureFixture
):
    server, _ = synced(owner, api_key=KEY, headers={"X-Team": f"team {KEY}"})
    (spec,) = mcp.asked
    mcp.fault = RuntimeError("A mistake of ours, which is logged with its stack.")
    assert owner.post(f"{SYSTEM}/{server['id']}/sync").status_code == 500
    said = caplog.text
    assert "A mistake of ours" in said
    assert dict(spec.headers) == {"Authorization": f"Bearer {KEY}", "X-Team": f"team {KEY}"}
    assert (spec.url, spec.transport, spec.is_guarded) == (URL, "http", False)
    assert KEY not in repr(spec) + said + str(server)
    with house.rt.db.engine.connect() as connection:
        stored = connection.exec_driver_sql("select * from tool_servers").fetchall()
    assert KEY not in str(stored)


@pytest.mark.parametrize(
    ("spelling", "transport"),
    [("http", "http"), ("streamable-http", "http"), ("streamable_http", "http"), ("sse", "sse")],
)
def test_a_transport_is_taken_in_the_spellings_that_are_about(
    owner: Client, spelling: str, transport: str
):
    assert made(owner, transport=spelling)["transport"] == transport


# --- what is refused ---------------------------------------------------------------------------

HEADER = {"X-Team": "x"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"transport": "stdio"}, "transport"),
        ({"transport": "demo"}, "transport"),
        ({"transport": "HTTP"}, "transport"),
        ({"transport": None}, "transport"),
        ({"command": "sh"}, "command"),
        ({"command": ["sh", "-c", "id"]}, "command"),
        ({"args": ["-c"]}, "args"),
        ({"env": {"A": "b"}}, "env"),
        ({"scope": "project"}, "scope"),
        ({"state": "connected"}, "state"),
        ({"project_id": 1}, "project_id"),
        ({"url": "ftp://x/mcp"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "x"}, "url"),
        ({"url": ""}, "url"),
        ({"url": None}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://[::1"}, "url"),
        ({"url": "http://u:p@x/mcp"}, "url"),
        ({"url": "http://x:99999/mcp"}, "url"),
        ({"url": "http://x/\nmcp"}, "url"),
        ({"url": "http://x\\@y/mcp"}, "url"),
        ({"url": f"http://x/{'y' * 2_000}"}, "url"),
        ({"url": 5}, "url"),
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"api_key": "sk 1"}, "api_key"),
        ({"api_key": "sk-\r\nX: y"}, "api_key"),
        ({"api_key": "ключ"}, "api_key"),
        ({"api_key": "x" * 4_001}, "api_key"),
        ({"headers": [HEADER]}, "headers"),
        ({"headers": {f"X-{n}": "x" for n in range(21)}}, "headers"),
        ({"headers": {"": "x"}}, "headers"),
        ({"headers": {"X Team": "x"}}, "headers"),
        ({"headers": {"X-Team:": "x"}}, "headers"),
        ({"headers": {"X-Tëam": "x"}}, "headers"),
        ({"headers": {"X" * 101: "x"}}, "headers"),
        ({"headers": {"X-Team": "x", "x-team": "y"}}, "headers"),
        ({"headers": {"X-Team": ""}}, "headers"),
        ({"headers": {"X-Team": " x"}}, "headers"),
        ({"headers": {"X-Team": "x\r\nHost: y"}}, "headers"),
        ({"headers": {"X-Team": "x\n"}}, "headers"),
        ({"headers": {"X-Team": "é"}}, "headers"),
        ({"headers": {"X-Team": "x" * 4_001}}, "headers"),
        ({"headers": {"X-Team": 5}}, "headers.X-Team"),
        ({"headers": {"Host": "x"}}, "headers"),
        ({"headers": {"content-LENGTH": "5"}}, "headers"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"headers": {"Connection": "close"}}, "headers"),
        ({"headers": {"Mcp-Session-Id": "x"}}, "headers"),
        ({"headers": {"Proxy-Authorization": "x"}}, "headers"),
        ({"has_key": True}, "has_key"),
        ({"enabled": 1}, "enabled"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_wrong_field_is_refused_by_name(owner: Client, fields: dict[str, object], field: str):
    server = made(owner, api_key=KEY)
    basic = {"name": name(), "url": URL}
    for answer in (
        owner.post(SYSTEM, basic | fields),
        owner.patch(f"{SYSTEM}/{server['id']}", fields),
    ):
        assert refused(answer) == (400, "invalid_request", field)
    assert owner.get(f"{SYSTEM}/{server['id']}").get_json() == server


@pytest.mark.parametrize("missing", ["name", "url"])
def test_a_server_needs_a_name_and_an_address(owner: Client, missing: str):
    fields = {"name": name(), "url": URL}
    del fields[missing]
    assert refused(owner.post(SYSTEM, fields)) == (400, "invalid_request", missing)


def test_a_value_that_may_be_secret_is_not_repeated(owner: Client):
    for fields in ({"headers": {"X-Team": f"{KEY}\n"}}, {"api_key": f"{KEY} x"}):
        answer = owner.post(SYSTEM, {"name": name(), "url": URL} | fields)
        assert KEY not in answer.text


@on_each_database
def test_a_name_that_is_taken_is_a_conflict(owner: Client):
    one, two = made(owner), made(owner)
    for answer in (
        owner.post(SYSTEM, {"name": one["name"], "url": URL}),
        owner.patch(f"{SYSTEM}/{two['id']}", {"name": one["name"]}),
    ):
        assert code(answer) == (409, "conflict")
    assert owner.patch(f"{SYSTEM}/{one['id']}", {"name": one["name"]}).status_code == 200


@on_each_database
def test_of_two_servers_made_at_once_under_one_name_there_is_one(house: House):
    token = house.token(house.settings.admin_email)
    body = {"name": name(), "url": URL}
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(lambda: house.client(token).post(SYSTEM, body)) for _ in range(8)]
    answers = sorted(made.result().status_code for made in tries)
    assert answers == [201, *[409] * 7]
    shown = house.people.owner.get(SYSTEM).get_json()["items"]
    assert [server["name"] for server in shown].count(body["name"]) == 1


def test_there_are_so_many_servers_and_no_more(
    owner: Client, house: House, monkeypatch: pytest.MonkeyPatch
):
    there = len(owner.get(SYSTEM).get_json()["items"])
    monkeypatch.setattr(tool_servers, "SYSTEM_SERVERS_MAX", there + 1)
    made(owner)
    assert code(owner.post(SYSTEM, {"name": name(), "url": URL})) == (429, "quota_exceeded")


# --- changing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"name": "Renamed"}, {"enabled": False}], ids=str)
def test_a_patch_changes_only_what_it_names(
    owner: Client, mcp: FakeTools, change: dict[str, object]
):
    before, _ = synced(owner, api_key=KEY)
    answer = owner.patch(f"{SYSTEM}/{before['id']}", change)
    assert (answer.status_code, answer.get_json()) == (200, {**before, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"url": f"{URL}/2"},
        {"transport": "sse"},
        {"api_key": "sk-other"},
        {"api_key": None},
        {"headers": {"X-Team": "y"}},
        {"headers": {}},
    ],
    ids=str,
)
def test_who_is_reached_otherwise_is_a_draft_again_and_forgotten(
    owner: Client, mcp: FakeTools, change: dict[str, object]
):
    server, _ = synced(owner, api_key=KEY)
    after = owner.patch(f"{SYSTEM}/{server['id']}", change).get_json()
    assert (after["state"], after["state_message"]) == ("draft", None)
    assert mcp.forgotten == [server["id"]]


def test_who_is_reached_as_before_stays_connected(owner: Client, mcp: FakeTools):
    server, _ = synced(owner)
    same = {"url": URL, "transport": "streamable-http", "name": name()}
    assert owner.patch(f"{SYSTEM}/{server['id']}", same).get_json()["state"] == "connected"
    assert mcp.forgotten == []


def test_who_is_switched_off_or_deleted_is_forgotten(owner: Client, mcp: FakeTools):
    one, two = made(owner), made(owner)
    owner.patch(f"{SYSTEM}/{one['id']}", {"enabled": False})
    assert owner.delete(f"{SYSTEM}/{two['id']}").status_code == 204
    assert mcp.forgotten == [one["id"], two["id"]]
    assert code(owner.get(f"{SYSTEM}/{two['id']}")) == (404, "tool_server_not_found")


def test_a_change_that_is_refused_forgets_nothing(owner: Client, mcp: FakeTools):
    taken, server = made(owner), made(owner)
    change = {"name": taken["name"], "url": f"{URL}/2", "enabled": False}
    assert owner.patch(f"{SYSTEM}/{server['id']}", change).status_code == 409
    assert mcp.forgotten == []


def test_a_key_is_replaced_and_taken_away(owner: Client):
    path = f"{SYSTEM}/{made(owner)['id']}"
    assert owner.patch(path, {"api_key": KEY}).get_json()["has_key"] is True
    assert owner.patch(path, {"api_key": ""}).get_json()["has_key"] is False
    assert owner.patch(path, {"headers": HEADER}).get_json()["has_key"] is True
    assert owner.patch(path, {"headers": None}).get_json()["has_key"] is False


@pytest.mark.parametrize(
    "url", ["https://evil.example/mcp", "http://tools.example/mcp", "https://tools.example:8443/"]
)
def test_a_key_does_not_follow_to_a_new_address(owner: Client, url: str):
    path = f"{SYSTEM}/{made(owner, api_key=KEY)['id']}"
    assert refused(owner.patch(path, {"url": url})) == (400, "invalid_request", "api_key")
    other = owner.patch(path, {"url": url, "headers": HEADER})
    assert refused(other) == (400, "invalid_request", "api_key")
    assert owner.patch(path, {"url": url, "api_key": "sk-new"}).get_json()["url"] == url


def test_headers_do_not_follow_to_a_new_address(owner: Client):
    path = f"{SYSTEM}/{made(owner, headers=HEADER)['id']}"
    moved = {"url": "https://evil.example/mcp"}
    assert refused(owner.patch(path, moved)) == (400, "invalid_request", "headers")
    assert owner.patch(path, moved | {"headers": None}).get_json()["has_key"] is False


def test_a_key_stays_with_its_host(owner: Client):
    server = made(owner, api_key=KEY)
    moved = owner.patch(f"{SYSTEM}/{server['id']}", {"url": "https://tools.example:443/v2"})
    assert (moved.status_code, moved.get_json()["has_key"]) == (200, True)


# --- commands ----------------------------------------------------------------------------------


@pytest.fixture
def command(house: House) -> str:
    """The path of a server that an operator declared at the shell."""
    fields = {"name": name(), "command": ["mcp-time"], "env": {"TOKEN": KEY}}
    declared = tool_servers.declare(house.rt, users.operator(house.rt), fields)
    return f"{SYSTEM}/{declared.id}"


def test_a_command_is_shown_without_itself(owner: Client, command: str):
    answer = owner.get(command)
    assert set(answer.get_json()) == SHAPE
    assert (answer.get_json()["transport"], answer.get_json()["url"]) == ("stdio", None)
    assert KEY not in answer.text
    assert "mcp-time" not in answer.text


def test_over_http_a_command_is_renamed_and_switched_off_and_no_more(owner: Client, command: str):
    change = {"name": name(), "enabled": False}
    assert owner.patch(command, change).get_json().items() >= change.items()
    for field, value in (
        ("transport", "http"),
        ("url", URL),
        ("api_key", KEY),
        ("headers", HEADER),
        ("command", ["sh"]),
        ("args", ["-c"]),
        ("env", {}),
    ):
        assert refused(owner.patch(command, {field: value})) == (400, "invalid_request", field)


def test_a_service_that_pages_use_takes_no_command(house: House):
    rt, operator = house.rt, users.operator(house.rt)
    server = tool_servers.create(rt, operator, {"name": name(), "url": URL})
    for change in ({"command": ["sh"]}, {"env": {"A": "b"}}):
        with pytest.raises(tool_servers.InvalidRequest):
            tool_servers.update(rt, operator, server.id, change)
    with pytest.raises(tool_servers.InvalidRequest):
        tool_servers.create(rt, operator, {"name": name(), "transport": "stdio"})


# --- reaching ----------------------------------------------------------------------------------


def test_a_sync_stores_what_the_server_lists(owner: Client, mcp: FakeTools):
    server, tools = synced(owner)
    assert (server["state"], server["state_message"]) == ("connected", None)
    assert server["last_sync"].endswith("Z")
    assert [tool["name"] for tool in tools] == ["echo", "send"]


def test_a_sync_that_fails_says_why_and_so_does_the_state(owner: Client, mcp: FakeTools):
    path = f"{SYSTEM}/{made(owner)['id']}"
    mcp.fail("It is away.")
    assert code(owner.post(f"{path}/sync")) == (502, "tool_unavailable")
    shown = owner.get(path).get_json()
    assert (shown["state"], shown["state_message"], shown["last_sync"]) == (
        "error",
        "It is away.",
        None,
    )
    mcp.fault = ToolTimeout()
    for verb in ("sync", "test"):
        answer = owner.post(f"{path}/{verb}")
        assert code(answer) == (504, "tool_timeout")
        assert answer.get_json()["retryable"] is True


def test_the_test_tells_the_number_of_tools_and_the_time(owner: Client, mcp: FakeTools):
    found = owner.post(f"{SYSTEM}/{made(owner)['id']}/test").get_json()
    assert found == {
        "ok": True,
        "tools": 2,
        "state": "connected",
        "duration_ms": found["duration_ms"],
    }
    assert found["duration_ms"] >= 0


def test_one_that_is_switched_off_can_be_tried_and_is_let_go(owner: Client, mcp: FakeTools):
    server = made(owner, enabled=False)
    assert owner.post(f"{SYSTEM}/{server['id']}/test").status_code == 200
    assert mcp.forgotten == [server["id"]]


# --- who ---------------------------------------------------------------------------------------


def test_only_the_operator_changes_servers_of_the_system(
    people: People, house: House, mcp: FakeTools
):
    path = f"{SYSTEM}/{made(people.owner)['id']}"
    for person in (people.member, people.viewer, people.stranger, house.reader()):
        for answer in (
            person.post(SYSTEM, {"name": name(), "url": URL}),
            person.patch(path, {"name": name()}),
            person.delete(path),
            person.post(f"{path}/test"),
            person.post(f"{path}/sync"),
        ):
            assert code(answer) == (403, "access_denied")
    assert (mcp.asked, mcp.forgotten) == ([], [])


def test_who_runs_a_workspace_sees_servers_and_not_their_addresses(people: People, mcp: FakeTools):
    server, tools = synced(people.owner, url=f"{URL}?key={KEY}")
    for path in (SYSTEM, f"{SYSTEM}/{server['id']}", f"{SYSTEM}/{server['id']}/tools"):
        answer = people.stranger.get(path)
        assert answer.status_code == 200
        assert KEY not in answer.text
        for person in (people.member, people.viewer):
            assert code(person.get(path)) == (403, "access_denied")
    shown = people.stranger.get(f"{SYSTEM}/{server['id']}").get_json()
    assert shown == server | {"url": None}
    assert people.stranger.get(f"{SYSTEM}/{server['id']}/tools").get_json()["items"] == tools


@pytest.mark.parametrize("ref", ["0", "x", "1e3", "9" * 30, "%00", "１"])
def test_an_id_of_nothing_is_not_found(owner: Client, ref: str):
    for answer in (
        owner.get(f"{SYSTEM}/{ref}"),
        owner.patch(f"{SYSTEM}/{ref}", {}),
        owner.delete(f"{SYSTEM}/{ref}"),
        owner.post(f"{SYSTEM}/{ref}/sync"),
        owner.post(f"{SYSTEM}/{ref}/test"),
        owner.get(f"{SYSTEM}/{ref}/tools"),
    ):
        assert code(answer) == (404, "tool_server_not_found")


def test_a_lost_secret_is_told_as_such(owner: Client, app: Flask, house: House, mcp: FakeTools):
    server = made(owner, api_key=KEY)
    with house.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"update tool_servers set api_key_encrypted = '' where id = {server['id']}"
        )
    answer = owner.post(f"{SYSTEM}/{server['id']}/sync")
    assert code(answer) == (502, "tool_unavailable")
    assert "SECRET_KEY" in answer.get_json()["error"]
