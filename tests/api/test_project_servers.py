"""A project's AI server: who says where it is, what is secret, and how it becomes ready."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chat_app.store.projects import ProjectRow
from tests.api.tools import Json, code, project, refused
from tests.clients import Client, People
from tests.houses import House, on_each_database
from tests.sockets import eventually

PROJECTS = "/api/v1/projects"
SOMEWHERE = "https://ai.example/base"
TOKEN = "ais-very-secret-0123456789"


def path(of: Json) -> str:
    return f"{PROJECTS}/{of['id']}"


def row(house: House, of: Json) -> ProjectRow:
    with house.rt.db.reading() as session:
        return session.get_one(ProjectRow, of["id"])


def set_status(house: House, of: Json, status: str) -> None:
    with house.rt.db.transaction() as session:
        session.get_one(ProjectRow, of["id"]).status = status


@on_each_database
def test_a_token_goes_in_encrypted_and_never_out(house: House, owner: Client):
    made = project(owner, ai_server_url=f"{SOMEWHERE}/", ai_server_token=TOKEN)
    assert (made["ai_server_url"], made["has_token"]) == (SOMEWHERE, True)
    answers = (owner.get(path(made)), owner.get(PROJECTS), owner.patch(path(made), {"name": "x"}))
    assert not any(TOKEN in answer.text for answer in answers)
    stored = row(house, made).ai_server_token_encrypted
    assert stored is not None
    assert TOKEN.encode() not in stored
    assert house.rt.cipher.decrypt(stored) == TOKEN
    for nothing in (None, ""):
        owner.patch(path(made), {"ai_server_token": TOKEN})
        assert (
            owner.patch(path(made), {"ai_server_token": nothing}).get_json()["has_token"] is False
        )


def test_a_token_goes_only_to_whom_it_was_given_for(owner: Client):
    made = project(owner, ai_server_url=SOMEWHERE, ai_server_token=TOKEN)
    moved = {"ai_server_url": "https://evil.example"}
    assert refused(owner.patch(path(made), moved)) == (400, "invalid_request", "ai_server_token")
    same_host = owner.patch(path(made), {"ai_server_url": "https://ai.example/other"}).get_json()
    assert same_host["has_token"] is True
    assert owner.patch(path(made), moved | {"ai_server_token": ""}).get_json()["has_token"] is False
    # Taking the address away takes the token along: else it would go to the next one.
    owner.patch(path(made), {"ai_server_token": TOKEN})
    gone = owner.patch(path(made), {"ai_server_url": None}).get_json()
    assert (gone["ai_server_url"], gone["has_token"]) == (None, False)


def test_a_members_address_is_guarded_and_an_operators_is_free(people: People, house: House):
    private = {"ai_server_url": "http://127.0.0.1:9000"}
    answer = people.member.post(PROJECTS, {"name": "x"} | private)
    assert refused(answer) == (400, "invalid_request", "ai_server_url")
    theirs = project(people.member, ai_server_url=SOMEWHERE)
    assert row(house, theirs).by_operator is False
    people.owner.patch(path(theirs), private)
    assert row(house, theirs).by_operator is True
    people.member.patch(path(theirs), {"name": "x", "spec": "y"})
    assert row(house, theirs).by_operator is True
    assert code(people.member.patch(path(theirs), private)) == (400, "invalid_request")
    people.member.patch(path(theirs), {"ai_server_url": "http://localhost:9000"})
    assert row(house, theirs).by_operator is False  # its name is judged when it is connected to


@pytest.mark.parametrize(
    "change",
    [
        {"ai_server_url": "https://ai.example/new"},
        {"ai_server_token": "another"},
        {"ai_server_token": None},
        {"ai_server_url": None},
    ],
    ids=str,
)
def test_another_address_or_token_has_to_be_provisioned_anew(
    owner: Client, house: House, change: Json
):
    made = project(owner, ai_server_url=SOMEWHERE, ai_server_token=TOKEN)
    set_status(house, made, "READY")
    assert owner.patch(path(made), {"name": "x", "context": "y"}).get_json()["status"] == "READY"
    assert owner.patch(path(made), {"ai_server_url": SOMEWHERE}).get_json()["status"] == "READY"
    assert owner.patch(path(made), change).get_json()["status"] == "CREATED"


# --- provision and stop ------------------------------------------------------------------------


@dataclass
class Health:
    """An AI server that answers with this status."""

    status: int = 200
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def health() -> Iterator[Health]:
    found = Health()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.tokens.append(self.headers["Authorization"])
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *about: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def supervised(house: House) -> House:
    """As a server's process is."""
    house.rt.supervisor.start()
    return house


def becomes(person: Client, of: Json, status: str) -> Json:
    eventually(lambda: person.get(path(of)).get_json()["status"] == status)
    shown: Json = person.get(path(of)).get_json()
    return shown


@on_each_database
def test_provisioning_answers_at_once_and_goes_on_in_the_background(
    owner: Client, supervised: House, health: Health
):
    made = project(owner, ai_server_url=health.url, ai_server_token=TOKEN)
    answer = owner.post(f"{path(made)}/provision")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "PROVISIONING")
    assert becomes(owner, made, "READY")["last_error"] is None
    assert set(health.tokens) == {f"Bearer {TOKEN}"}
    assert owner.post(f"{path(made)}/provision").status_code == 202  # asked again
    becomes(owner, made, "READY")
    stopped = owner.post(f"{path(made)}/stop")
    assert (stopped.status_code, stopped.get_json()["status"]) == (200, "STOPPED")
    assert stopped.get_json()["ai_server_url"] == health.url


def test_an_ai_server_that_does_not_answer_leaves_the_project_as_it_was_and_says_why(
    owner: Client, supervised: House, health: Health
):
    health.status = 401
    made = project(owner, ai_server_url=health.url)
    owner.post(f"{path(made)}/provision")
    eventually(lambda: owner.get(path(made)).get_json()["last_error"] is not None)
    shown = owner.get(path(made)).get_json()
    assert shown["status"] == "PROVISIONING"  # and it is tried again
    assert "token" in shown["last_error"]
    health.status = 200
    assert becomes(owner, made, "READY")["last_error"] is None


def test_whether_there_is_a_command_says_who_supervises(house: House, owner: Client):
    """A shell, or another process, may have another environment than the one that starts it."""
    made = project(owner)
    with house.rt.db.transaction() as session:
        session.get_one(ProjectRow, made["id"]).backend = "process"
    answer = owner.post(f"{path(made)}/provision", {})
    assert (answer.status_code, answer.get_json()["status"]) == (202, "PROVISIONING")


def test_a_project_without_an_address_has_nothing_to_provision(owner: Client):
    answer = owner.post(f"{path(project(owner))}/provision")
    assert refused(answer) == (400, "invalid_request", "ai_server_url")


# --- members -----------------------------------------------------------------------------------


@on_each_database
def test_a_member_sees_and_uses_a_project_and_changes_nothing(people: People):
    member = people.member.get("/api/v1/auth/me").get_json()
    mine = project(people.owner, ai_server_url=SOMEWHERE)
    members = f"{path(mine)}/members"
    assert code(people.member.get(path(mine))) == (403, "access_denied")
    for who in ({"email": member["email"]}, {"user_id": member["id"]}):  # twice is once
        answer = people.owner.post(members, who)
        assert answer.status_code == 201
        assert answer.get_json() == answer.get_json() | {"id": member["id"], "role": "member"}
    shown = people.member.get(members).get_json()["items"]
    assert [(one["email"], one["role"]) for one in shown] == [
        ("owner@example.com", "owner"),
        ("member@example.com", "member"),
    ]
    assert people.member.get(path(mine)).get_json() == mine
    assert mine in people.member.get(PROJECTS).get_json()["items"]
    channel_id = people.member.channel(project_id=mine["id"])
    assert people.member.get(f"/api/channels/{channel_id}").get_json()["project_id"] == mine["id"]
    for answer in (
        people.member.patch(path(mine), {"name": "x"}),
        people.member.delete(path(mine)),
        people.member.post(f"{path(mine)}/provision"),
        people.member.post(f"{path(mine)}/stop"),
        people.member.post(members, {"user_id": member["id"]}),
        people.member.delete(f"{members}/1"),
        people.member.get(f"/api/projects/{mine['id']}/tool-servers"),
    ):
        assert code(answer) == (403, "access_denied")
    assert code(people.stranger.get(members)) == (404, "project_not_found")
    assert people.member.delete(f"{members}/{member['id']}").status_code == 204  # leaves
    assert code(people.member.get(path(mine))) == (403, "access_denied")
    assert code(people.owner.delete(f"{members}/{member['id']}")) == (404, "user_not_found")


def test_only_people_of_the_workspace_become_members(people: People):
    members = f"{path(project(people.owner))}/members"
    stranger = people.stranger.get("/api/v1/auth/me").get_json()["id"]
    for who in ({"user_id": stranger}, {"email": "nobody@example.com"}, {"user_id": 999_999}):
        assert code(people.owner.post(members, who)) == (404, "user_not_found")
    assert refused(people.owner.post(members)) == (400, "invalid_request", "user_id")
    assert people.owner.post(members, {"user_id": 1}).get_json()["role"] == "owner"
