"""Signing in and up, tokens, and cookies."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import session
from flask_wtf.csrf import generate_csrf
from limits import parse

from chat_app import create_app
from chat_app.services import tokens
from tests.clients import Client, People, read_events
from tests.conftest import ADMIN, PASSWORD
from tests.houses import House, on_each_database

PERSON = {"id", "public_id", "email", "name", "is_operator"}
TOKEN = {"id", "name", "scopes", "created_at", "expires_at", "last_used_at"}


def new_email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def register(client: Client, **fields: object) -> dict[str, object]:
    body = {"email": new_email(), "password": "long enough", **fields}
    answer = client.post("/api/v1/auth/register", body)
    assert answer.status_code == 201, answer.text
    person: dict[str, object] = answer.get_json()
    return person


# --- signing in --------------------------------------------------------------------------------


def test_signing_in_gives_a_bearer_token_that_works(house: House, nobody: Client):
    answer = nobody.post("/api/v1/auth/login", {"email": ADMIN.upper(), "password": PASSWORD})
    issued = answer.get_json()
    assert (answer.status_code, set(issued)) == (200, {"access_token", "token_type", "expires_in"})
    assert issued["token_type"] == "bearer"
    assert type(issued["expires_in"]) is int
    me = house.client(issued["access_token"]).get("/api/v1/auth/me").get_json()
    assert set(me) >= PERSON
    assert (me["email"], me["is_operator"]) == (ADMIN, True)


@pytest.mark.parametrize(
    ("email", "password"),
    [(ADMIN, "wrong"), (ADMIN, ""), ("no@example.com", PASSWORD), ("", ""), ("x", "x" * 1000)],
)
def test_who_does_not_fit_is_unauthorized_whatever_is_wrong(
    built: House, house: House, email: str, password: str
):
    nobody = Client(create_app(built.settings), None)  # with counters of its own
    answer = nobody.post("/api/v1/auth/login", {"email": email, "password": password})
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (401, "unauthorized")
    assert error["error"] == "The email or the password is not right."


def test_a_deactivated_person_does_not_come_in(house: House, nobody: Client):
    email = str(register(nobody)["email"])
    user = tokens.owner_of(house.rt, email)
    with house.rt.db.transaction() as session:
        session.merge(user).is_active = False
    answer = nobody.post("/api/v1/auth/login", {"email": email, "password": "long enough"})
    assert (answer.status_code, answer.get_json()["error_code"]) == (401, "unauthorized")


def test_guessing_passwords_is_slowed_down(house: House):
    nobody = Client(create_app(house.settings), None)
    guess = {"email": ADMIN, "password": "wrong"}
    for _ in range(10):
        assert nobody.post("/api/v1/auth/login", guess).status_code == 401
    answer = nobody.post("/api/v1/auth/login", {"email": ADMIN, "password": PASSWORD})
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (429, "rate_limited")
    assert (error["retryable"], 0 < error["retry_after"] <= 60) == (True, True)
    assert answer.headers["Retry-After"] == str(error["retry_after"])


def test_mistakes_in_a_body_lock_nobody_out(house: House):
    nobody = Client(create_app(house.settings), None)
    for _ in range(20):
        assert nobody.post("/api/v1/auth/login", {"email": 5}).status_code == 400
    answer = nobody.post("/api/v1/auth/login", {"email": ADMIN, "password": PASSWORD})
    assert answer.status_code == 200


def test_signing_out_ends_the_token(house: House):
    client = house.client(house.token(ADMIN))
    assert client.get("/api/v1/auth/me").status_code == 200
    assert client.post("/api/v1/auth/logout").status_code == 204
    assert client.get("/api/v1/auth/me").get_json()["error_code"] == "unauthorized"
    assert client.post("/api/v1/auth/logout").get_json()["error_code"] == "unauthorized"


# --- signing up --------------------------------------------------------------------------------


def test_who_signs_up_is_a_member_who_can_sign_in(nobody: Client, house: House):
    person = register(nobody, name="Ana 安娜")
    assert set(person) >= PERSON
    assert (person["name"], person["is_operator"]) == ("Ana 安娜", False)
    body = {"email": person["email"], "password": "long enough"}
    client = house.client(nobody.post("/api/v1/auth/login", body).get_json()["access_token"])
    found = client.get("/api/members").get_json()["items"]
    assert {m["role"] for m in found if m["id"] == person["id"]} == {"member"}
    assert client.channel()


@on_each_database
@pytest.mark.parametrize(
    "domain", ["corp.local", "localhost", "host.test", "例え.jp", "EXAMPLE.com"]
)
def test_an_address_of_an_intranet_is_an_address(nobody: Client, domain: str):
    email = f"{uuid.uuid4().hex}@{domain}"
    assert register(nobody, email=email)["email"] == email.lower()


@on_each_database
def test_without_a_name_one_is_called_by_the_address(nobody: Client):
    local = "a" * 150 + uuid.uuid4().hex
    assert register(nobody, email=f"{local}@example.com")["name"] == local[:100]


@on_each_database
def test_an_address_that_is_taken_is_a_conflict_in_any_case(nobody: Client):
    email = str(register(nobody)["email"])
    body = {"email": email.upper(), "password": "long enough"}
    answer = nobody.post("/api/v1/auth/register", body)
    assert (answer.status_code, answer.get_json()["error_code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "x"}, "email"),
        ({"email": "a b@c"}, "email"),
        ({"email": "a@b\0"}, "email"),
        ({"email": "a@" + "x" * 253}, "email"),
        ({"email": None}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"password": 12345678}, "password"),
        ({"name": ""}, "name"),
        ({"is_operator": True}, "is_operator"),
        ({"role": "owner"}, "role"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_field_is_refused_by_name(nobody: Client, fields: dict[str, object], field: str):
    body = {"email": new_email(), "password": "long enough", **fields}
    answer = nobody.post("/api/v1/auth/register", body)
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
    assert error["field"] == field


def test_where_signing_up_is_closed_nobody_signs_up(house: House):
    nobody = Client(create_app(replace(house.settings, signup=False)), None)
    body = {"email": new_email(), "password": "long enough"}
    answer = nobody.post("/api/v1/auth/register", body)
    assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")


# --- tokens ------------------------------------------------------------------------------------


@on_each_database
def test_a_token_is_shown_once_and_stored_as_a_hash(house: House, owner: Client):
    answer = owner.post("/api/tokens", {"name": "CI", "scopes": ["read"], "days": 7})
    made = answer.get_json()
    secret = made.pop("token")
    assert (answer.status_code, set(made), made["scopes"]) == (201, TOKEN, ["read"])
    expires = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < expires <= timedelta(days=7)
    assert house.client(secret).get("/api/v1/auth/me").status_code == 200
    shown = owner.get("/api/tokens")
    assert made["id"] in [token["id"] for token in shown.get_json()["items"]]
    assert secret not in shown.text
    with house.rt.db.engine.connect() as connection:
        assert secret not in str(connection.exec_driver_sql("select * from tokens").fetchall())


def test_a_token_without_an_end_does_not_expire(owner: Client):
    assert owner.post("/api/tokens", {"name": "Ever"}).get_json()["expires_at"] is None


def test_a_token_that_was_taken_back_is_dead(house: House, owner: Client):
    made = owner.post("/api/tokens", {"name": "CI"}).get_json()
    assert owner.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert house.client(made["token"]).get("/api/v1/auth/me").status_code == 401
    assert owner.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_nobody_touches_somebody_elses_tokens(people: People):
    made = people.owner.post("/api/tokens", {"name": "Mine"}).get_json()
    for person in (people.member, people.viewer, people.stranger):
        ids = [token["id"] for token in person.get("/api/tokens").get_json()["items"]]
        assert made["id"] not in ids
        assert person.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_a_token_that_may_only_read_makes_and_ends_no_tokens(house: House, owner: Client):
    made = owner.post("/api/tokens", {"name": "Mine"}).get_json()
    reader = house.reader()
    for answer in (
        reader.post("/api/tokens", {"name": "More", "scopes": ["read", "write"]}),
        reader.delete(f"/api/tokens/{made['id']}"),
    ):
        assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 3651}, "days"),
        ({"days": 2**62}, "days"),
        ({"days": 1.5}, "days"),
        ({"user_id": 2}, "user_id"),
    ],
    ids=str,
)
def test_a_wrong_token_is_refused_by_field(owner: Client, fields: dict[str, object], field: str):
    answer = owner.post("/api/tokens", {"name": "X", **fields})
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
    assert error["field"] == field


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer  ",
        "Basic b3duZXI6eA==",
        "hf_x",
        "Bearer hf_x hf_y",
        "Bearer é",
    ],
)
def test_a_header_that_is_no_token_is_unauthorized(nobody: Client, header: str):
    answer = nobody.get("/api/v1/auth/me", headers={"Authorization": header})
    assert (answer.status_code, answer.get_json()["error_code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_may_be_written_in_any_case(owner: Client, nobody: Client):
    headers = {"Authorization": f"bEARER {owner.token}"}
    assert nobody.get("/api/v1/auth/me", headers=headers).status_code == 200


# --- cookies -----------------------------------------------------------------------------------


def test_a_cookie_alone_writes_nothing(house: House):
    answer = house.browser().post("/api/channels", {})
    assert (answer.status_code, answer.get_json()["error_code"]) == (403, "csrf_failed")


def test_a_cookie_with_its_token_writes(house: House):
    with house.app.test_request_context():
        signed, raw = generate_csrf(), session["csrf_token"]
    browser = house.browser(csrf_token=raw)
    for headers, status in (({"X-CSRFToken": signed}, 201), ({"X-CSRFToken": "x"}, 403), ({}, 403)):
        assert browser.post("/api/channels", {}, headers=headers).status_code == status


def test_a_cookie_reads(house: House):
    assert house.browser().get("/api/v1/auth/me").get_json()["email"] == ADMIN


@pytest.mark.parametrize("cookie", ["x", "", "é", ".", "e30.x.y", "x" * 4000])
def test_a_forged_cookie_is_nobody(house: House, cookie: str):
    client = house.client(None)
    client.set_cookie("session", cookie)
    assert client.get("/api/v1/auth/me").get_json()["error_code"] == "unauthorized"


# --- limits ------------------------------------------------------------------------------------


def test_who_asks_too_much_is_told_when_to_come_back(house: House, channel_id: int):
    app = create_app(house.settings)  # with counters of its own
    client = Client(app, house.people.owner.token)
    limiter = app.extensions["limiter"]
    (counters,) = limiter if isinstance(limiter, set) else (limiter,)
    for endpoint in ("channels.stream", "agent_chat.chat_event_source", "messages.post_message"):
        counters.limiter.hit(parse("6000 per minute"), "person 1", endpoint, cost=6000)
    posted = client.post(f"/api/channels/{channel_id}/messages", {"body": "Hi"})
    assert (posted.status_code, posted.get_json()["error_code"]) == (429, "rate_limited")
    agent = client.get("/api/agents").get_json()["items"][0]["public_id"]
    for path in (f"/api/ai/stream/{channel_id}", f"/api/agents/{agent}/chat/stream?message=Hi"):
        answer = client.get(path)
        assert answer.status_code == 200
        (event,) = read_events(answer.data)
        assert (event.data["error_code"], event.data["done"]) == ("rate_limited", True)
        assert 0 < event.data["retry_after"] <= 60
