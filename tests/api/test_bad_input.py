"""What no client should send, at every door that there is: a refusal of ours, never a mistake.

The doors come from the application's own map, so that a new one is tried without being named.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from chat_app.errors import codes
from tests.api.tools import project, servers_of, synced
from tests.clients import Client, read_events, uploaded
from tests.houses import House
from tests.listers import FakeTools

CODES = {cls.error_code for cls in codes()}
UUID = "0192f0c1-2345-7abc-8def-0123456789ab"


class Doors:
    """The doors of the API, each with ids that exist."""

    def __init__(self, app: Flask, owner: Client) -> None:
        self.app = app
        # Of its own, for what changes them must not spoil the other tests.
        named = {"name": secrets.token_hex(8)}
        agent = owner.post("/api/agents", named | {"provider_id": 1}).get_json()
        provider = owner.post(
            "/api/providers", named | {"base_url": "http://127.0.0.1:1/v1"}
        ).get_json()
        channel_id = owner.channel(agent_id=agent["id"])
        said = owner.say(channel_id, "Hi", reply="wait")
        token = owner.post("/api/tokens", {"name": "Spare"}).get_json()
        session = owner.get(f"/api/channels/{channel_id}").get_json()["public_id"]
        server, (tool, _) = synced(owner)
        mine = project(owner)
        own, (own_tool, _) = synced(owner, servers_of(mine))
        self.ids: dict[str, Any] = {
            "channel_id": channel_id,
            "message_id": said["message"]["id"],
            "attachment_id": uploaded(owner)["id"],
            "run_id": said["run_id"],
            "call_id": "none",
            "agent_id": agent["id"],
            "provider_id": provider["id"],
            "token_id": token["id"],
            "user_id": 1,
            "session_id": session,
            "server_id": server["id"],
            "tool_id": tool["id"],
            "project_id": mine["id"],
            "workspace_id": 1,
            "invitation_id": owner.post("/api/invitations", {}).get_json()["id"],
        }
        self.of_project = {"server_id": own["id"], "tool_id": own_tool["id"]}
        self.agent = agent["public_id"]

    def __iter__(self) -> Iterator[tuple[str, Rule]]:
        for rule in self.app.url_map.iter_rules():
            if rule.rule.startswith(("/api/", "/v1/", "/healthz", "/readyz")):
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    yield method, rule

    def path(self, rule: Rule, **ids: Any) -> str:
        """The address of a door, with these ids instead of those that exist."""
        known = dict(self.ids)
        if rule.endpoint.startswith("agent_chat"):
            known["agent_id"] = self.agent
        if rule.endpoint.startswith("project_tools"):
            known |= self.of_project
        path = rule.rule
        for name in rule.arguments:
            for form in (f"<{name}>", f"<path:{name}>"):
                path = path.replace(form, str({**known, **ids}[name]))
        return path


@pytest.fixture(scope="module")
def made() -> dict[str, Doors]:
    return {}


@pytest.fixture
def doors(house: House, made: dict[str, Doors], mcp: FakeTools) -> Doors:
    """The doors of this installation, made once."""
    url = house.settings.database_url
    if url not in made:
        made[url] = Doors(house.app, house.people.owner)
    return made[url]


@pytest.fixture
def client(house: House) -> Client:
    """The owner, with a token that may be lost to the door that signs out."""
    return house.client(house.token(house.settings.admin_email))


def assert_is_ours(answer: TestResponse, about: object) -> None:
    """A good answer, or a refusal in the contract's form."""
    assert answer.status_code < 500 or answer.status_code in (502, 503, 504), about
    if answer.content_type and answer.content_type.startswith("text/event-stream"):
        for event in read_events(answer.data):
            assert event.data.get("error_code") in {*CODES - {"internal_error"}, None}, about
        return
    if answer.status_code in (204, 304) or "Content-Disposition" in answer.headers:
        return  # nothing, or a file
    assert answer.content_type == "application/json", (about, answer.content_type)
    if answer.status_code >= 400:
        error = answer.get_json()
        assert {"error", "error_code", "retryable"} <= set(error), about
        assert error["error_code"] in CODES - {"internal_error"}, about
        assert type(error["error"]) is str, about
        assert type(error["retryable"]) is bool, about


def test_every_door_is_tried(doors: Doors):
    assert len(list(doors)) >= 40
    assert {name for _, rule in doors for name in rule.arguments} <= set(doors.ids)


# --- bodies ------------------------------------------------------------------------------------

BODIES: dict[str, bytes] = {
    "empty": b"",
    "space": b"  ",
    "not JSON": b"{",
    "form": b"body=Hi&x=%00",
    "array": b"[]",
    "number": b"5",
    "null": b"null",
    "string": b'"x"',
    "true": b"true",
    "NaN": b'{"body":NaN}',
    "not UTF-8": b'{"body":"\xff\xfe"}',
    "UTF-16": '{"body":"x"}'.encode("utf-16"),
    "BOM": b'\xef\xbb\xbf{"body":"x"}',
    "5 MB": b'{"body":"' + b"x" * 5_000_000 + b'"}',
    "raw NUL": b'{"body":"\0"}',
    "deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep arrays": b'{"body":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "duplicates": b'{"title":1,"title":"x","body":1,"body":"x"}',
    "long name": b'{"' + b"x" * 100_000 + b'":1}',
    "strange name": '{"\\u0000\\n<b>漢":1}'.encode(),
    "empty name": b'{"":1}',
    "prototype": b'{"__proto__":{},"constructor":1,"__class__":1,"given":1,"model_config":1}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_none_is_refused_everywhere(house: House, doors: Doors, name: str):
    for method, rule in doors:
        if method in ("POST", "PATCH"):
            client = house.client(house.token(house.settings.admin_email))
            answer = client.open(method, doors.path(rule), data=BODIES[name])
            assert_is_ours(answer, (method, rule.rule, name))


FIELDS = [
    *("title", "reply_mode", "agent_id", "user_id", "email", "body", "client_id", "reply"),
    *("attachments", "rating", "comment", "name", "handle", "system_prompt", "greeting"),
    *("provider_id", "model", "temperature", "max_tokens", "is_default", "enabled", "base_url"),
    *("api_key", "default_model", "password", "scopes", "days", "message", "session_id", "stream"),
    *("url", "transport", "headers", "policy", "changed", "context", "project_id"),
    *("spec", "backend", "ai_server_url", "ai_server_token"),
    *("tool_server_ids", "disabled_tool_ids", "tool_policies"),
]
VALUES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "zero": "0",
    "minus one": "-1",
    "one and a half": "1.5",
    "2^63": str(2**63),
    "-2^63-1": str(-(2**63) - 1),
    "10^30": str(10**30),
    "10^400": str(10**400),
    "1e400": "1e400",
    "-0": "-0",
    "empty": '""',
    "NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "halves swapped": '"\\udc00\\ud800"',
    "1 MB": json.dumps("x" * 1_000_000),
    "1 MB of 漢": json.dumps("漢" * 330_000, ensure_ascii=False),
    "bidi": '"\\u202e\\u2028\\u200b\\ufeff"',
    "array": "[]",
    "array of all": '[1,"x",null,{}]',
    "object": '{"a":1}',
    "uuid": f'"{UUID}"',
    "digits": '"1"',
    "template": '"{{ 7*7 }} ${x} %s {0}"',
    "SQL": '"\'; drop table users; --"',
}


# What can get as far as the database, each of which has limits of its own. The rest is refused by
# its form, before.
STORABLE = ["minus one", "2^63", "-2^63-1", "10^30", "NUL", "half a character", "bidi"]


@pytest.mark.parametrize("name", VALUES)
def test_a_value_of_the_wrong_kind_is_refused_everywhere(
    house: House, doors: Doors, known: dict[str, list[str]], name: str
):
    try_everywhere(house, doors, known, name)


@pytest.mark.parametrize("built", ["postgres"], indirect=True)
@pytest.mark.parametrize("name", STORABLE)
def test_a_value_that_is_too_much_for_postgresql_is_refused_everywhere(
    house: House, doors: Doors, known: dict[str, list[str]], name: str
):
    try_everywhere(house, doors, known, name)


def try_everywhere(house: House, doors: Doors, known: dict[str, list[str]], name: str) -> None:
    """Give this value to every field of every door."""
    for method, rule in doors:
        if method not in ("POST", "PATCH"):
            continue
        client = house.client(house.token(house.settings.admin_email))
        for field in known_fields(known, client, method, doors.path(rule), rule.endpoint):
            body = f'{{"{field}":{VALUES[name]}}}'
            answer = client.open(method, doors.path(rule), data=body.encode())
            assert_is_ours(answer, (method, rule.rule, field, name))


@pytest.fixture(scope="module")
def known() -> dict[str, list[str]]:
    """The fields that doors take, once asked."""
    return {}


def known_fields(
    known: dict[str, list[str]], client: Client, method: str, path: str, endpoint: str
) -> list[str]:
    """The fields that a door takes, as it says itself: the others it refuses by name."""
    if endpoint not in known:
        known[endpoint] = [field for field in FIELDS if is_known(client, method, path, field)]
        if known[endpoint] == FIELDS:  # it reads no body at all
            known[endpoint] = []
    return known[endpoint]


def is_known(client: Client, method: str, path: str, field: str) -> bool:
    answer = client.open(method, path, data=b'{"%s":[[]]}' % field.encode())
    return b"There is no field" not in answer.data


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/json; charset=utf-16",
        "x",
        "é/é",
    ],
)
def test_the_content_type_does_not_matter(client: Client, content_type: str | None):
    answer = client.post("/api/channels", {"title": "x"}, content_type=content_type)
    assert answer.status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "x"])
def test_a_packed_body_is_refused(client: Client, encoding: str):
    answer = client.open(
        "POST", "/api/channels", data=b"\x1f\x8b\x08", headers={"Content-Encoding": encoding}
    )
    assert (answer.status_code, answer.get_json()["error_code"]) == (400, "invalid_request")


# --- ids ---------------------------------------------------------------------------------------

IDS = {
    "zero": "0",
    "minus one": "-1",
    "2^31": str(2**31),
    "2^63": str(2**63),
    "2^63-1": str(2**63 - 1),
    "10^30": str(10**30),
    "5000 digits": "9" * 5000,
    "word": "abc",
    "exponent": "1e3",
    "fraction": "1.0",
    "full width": "１",
    "Arabic": "١",
    "superscript": "²",
    "signed": "+1",
    "leading zeros": "0000000000000000000001",
    "space": "%201",
    "uuid": UUID,
    "uuid in capitals": UUID.upper(),
    "uuid in braces": "{" + UUID + "}",
    "no dashes": UUID.replace("-", ""),
    "NUL": "%00",
    "1 and NUL": "1%00",
    "newline": "1%0a",
    "not UTF-8": "%ff%fe",
    "half a character": "%ed%a0%80",
    "SQL": "1'%20or%201=1--",
    "wildcard": "%25",
    "hex": "0x1",
    "underscore": "1_0",
    "long": "x" * 3000,
}


# As with values.
STORABLE_IDS = ["minus one", "2^31", "2^63", "10^30", "5000 digits", "NUL", "not UTF-8"]


@pytest.mark.parametrize("name", IDS)
def test_an_id_of_nothing_is_not_found_everywhere(client: Client, doors: Doors, name: str):
    look_everywhere(client, doors, name)


@pytest.mark.parametrize("built", ["postgres"], indirect=True)
@pytest.mark.parametrize("name", STORABLE_IDS)
def test_an_id_that_is_too_much_for_postgresql_is_not_found_everywhere(
    client: Client, doors: Doors, name: str
):
    look_everywhere(client, doors, name)


def look_everywhere(client: Client, doors: Doors, name: str) -> None:
    """Ask every door with this id, for each id that it takes."""
    for method, rule in doors:
        for argument in rule.arguments:
            body = b'{"body":"x","message":"x","rating":"up"}' if method == "POST" else None
            path = doors.path(rule, **{argument: IDS[name]})
            answer = client.open(method, f"{path}?message=x", data=body)
            assert_is_ours(answer, (method, path))
            if answer.content_type.startswith("text/event-stream"):
                (event,) = read_events(answer.data)
                code, status = event.data["error_code"], 404
            else:
                assert answer.status_code >= 400, (method, path)
                code, status = answer.get_json()["error_code"], answer.status_code
            # A body of the wrong form may be found first.
            assert (status, code.endswith("not_found")) == (404, True) or status == 400, path


# --- queries -----------------------------------------------------------------------------------

QUERIES = [
    "limit=0",
    "limit=abc",
    "limit=-1",
    "limit=1e3",
    "limit=１",
    f"limit={2**63}",
    f"limit={'9' * 5000}",
    "limit=%00",
    "limit=1&limit=abc",
    "limit[]=1",
    f"before={2**63}",
    "before=0&after=0",
    f"before={10**30}",
    f"after={2**63}",
    f"after={2**63 - 1}",
    "after=-1",
    "after=%00",
    "after=1_1",
    "q=%00",
    "q=%",
    "q=%zz",
    "q=%ff",
    "q=%ed%a0%80",
    "q=%25&limit=1",
    "q=_",
    "q=%5C",
    "q=" + "%E6%BC%A2" * 200,
    "message=%00",
    "message=%ff",
    "message=x&session_id=%00",
    "message=x&client_id=%00",
    f"message=x&client_id={'x' * 101}",
    "message=x&agent=%00",
    "message=x&agent=" + "x" * 3000,
    "last_event_id=%00",
    f"last_event_id={UUID}:{10**30}",
    "&&&===",
    "%00=%00",
    "a" * 5000,
]


# Those that could reach the database.
STORED = [query for query in QUERIES if any(s in query for s in ("%", "before", "after", "_id"))]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:30])
def test_a_strange_query_is_never_a_mistake_of_ours(client: Client, doors: Doors, query: str):
    ask_everywhere(client, doors, query)


@pytest.mark.parametrize("built", ["postgres"], indirect=True)
@pytest.mark.parametrize("query", STORED, ids=lambda query: query[:30])
def test_a_strange_query_is_no_mistake_on_postgresql(client: Client, doors: Doors, query: str):
    ask_everywhere(client, doors, query)


def ask_everywhere(client: Client, doors: Doors, query: str) -> None:
    for method, rule in doors:
        # A channel's own stream has no end; its cursors are tried in its own tests.
        if method == "GET" and rule.endpoint != "channels.events":
            path = f"{doors.path(rule)}?{query}"
            assert_is_ours(client.get(path), path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Last-Event-ID": "\xff"},
        {"Last-Event-ID": "x" * 9000},
        {"Authorization": "Bearer \xff"},
        {"Cookie": "session=\xff; session=x"},
        {"X-Request-ID": "\xff" * 10},
        {"Accept": "\xff"},
        {"Accept-Language": "\xff,;q=x"},
        {"Host": "a b"},
        {"Host": "[::1"},
        {"X-Forwarded-For": "x"},
        {"Content-Length": "x"},
        {"Content-Length": "-1"},
        {"Range": "bytes=0-0"},
        {"If-None-Match": "*"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a_strange_header_is_never_a_mistake_of_ours(
    house: House, owner: Client, doors: Doors, headers: dict[str, str]
):
    client = house.client(None) if "Authorization" in headers else owner
    for method, rule in doors:
        if method == "GET" and rule.endpoint != "channels.events":
            answer = client.open(method, doors.path(rule), headers=headers)
            assert_is_ours(answer, (rule.rule, headers))
