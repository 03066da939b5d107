"""The page of the tool servers, and signing in there, against a server made with the SDK."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.channels import ChannelMemberRow, ChannelRow
from chat_app.store.tool_logins import LoginAttemptRow, ToolClientRow, ToolLoginRow
from chat_app.store.tool_servers import ToolServerRow, set_state
from tests.api.tools import SYSTEM, Json, made, project, servers_of
from tests.clients import Client
from tests.houses import House
from tests.tools.signing import Guarded, guarded, signed_in_at
from tests.web.visitor import Visitor

OVER = "This sign-in is over, or was begun by somebody else. Begin again."


@pytest.fixture(scope="module")
def guard() -> Iterator[Guarded]:
    with guarded() as server:
        yield server


@pytest.fixture
def rt(built: House) -> Runtime:
    return built.rt


@pytest.fixture
def server(owner: Client, guard: Guarded) -> Iterator[Json]:
    """A system server that wants a sign-in, which is known."""
    guard.control(deny=False, iss=None, life_s=3600)
    server = made(owner, url=guard.url)
    answer = owner.post(f"{SYSTEM}/{server['id']}/sync")
    assert (answer.status_code, answer.get_json()["error_code"]) == (502, "tool_unavailable")
    yield server
    owner.delete(f"{SYSTEM}/{server['id']}")


def begun(visitor: Visitor, server: Json) -> str:
    """Where somebody who presses “Sign in” is sent to."""
    visitor.get("/tools")
    answer = visitor.submit(f"/tools/{server['id']}/connect")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def back(visitor: Visitor, url: str, **changes: Any) -> TestResponse:
    """The visitor signs in there, and comes back."""
    at = signed_in_at(url)
    for name, value in changes.items():
        at = at.copy_remove_param(name) if value is None else at.copy_set_param(name, value)
    return visitor.get(at.raw_path.decode())


def signed_in(visitor: Visitor, server: Json) -> None:
    answer = back(visitor, begun(visitor, server))
    assert answer.status_code == 303, answer.text
    visitor.get(answer.headers["Location"])


def logins(rt: Runtime, server: Json) -> list[int]:
    with rt.db.reading() as session:
        found = session.query(ToolLoginRow).filter_by(server_id=server["id"])
        return [row.user_id for row in found]


def test_a_person_signs_in_and_the_tools_are_read(ada: Visitor, server: Json, guard: Guarded):
    ada.get("/tools")
    assert f'action="/tools/{server["id"]}/connect"' in ada.page
    url = begun(ada, server)
    assert url.startswith(f"{guard.origin}/authorize?response_type=code&client_id=")
    assert "code_challenge_method=S256" in url
    assert "resource=http%3A%2F%2F127.0.0.1" in url
    answer = back(ada, url)
    assert answer.headers["Location"] == f"/tools?signed_in={server['id']}"
    ada.get(answer.headers["Location"])
    assert f"You are signed in to {server['name']}." in ada.page
    assert "1 tool ·" in ada.page
    assert "read less than a minute ago" in ada.page


def test_signing_out_forgets_the_tokens(ada: Visitor, rt: Runtime, server: Json):
    signed_in(ada, server)
    assert logins(rt, server)
    answer = ada.submit(f"/tools/{server['id']}/disconnect")
    assert answer.headers["Location"] == "/tools"
    assert logins(rt, server) == []


def test_nothing_secret_is_kept_as_it_is_nor_shown(
    ada: Visitor, owner: Client, rt: Runtime, server: Json
):
    signed_in(ada, server)
    with rt.db.reading() as session:
        login = session.query(ToolLoginRow).filter_by(server_id=server["id"]).one()
        client = session.get_one(ToolClientRow, login.client_id)
        access = rt.cipher.decrypt(login.access_token_encrypted)
        again = rt.cipher.decrypt(login.refresh_token_encrypted or b"")
        secret = rt.cipher.decrypt(client.secret_encrypted or b"")
    path = f"{SYSTEM}/{server['id']}"
    shown = ada.page + owner.get(path).text + owner.get(f"{path}/tools").text
    with rt.db.engine.connect() as connection:
        for table in ("tool_logins", "tool_clients", "tool_login_attempts"):
            shown += str(connection.exec_driver_sql(f"select * from {table}").all())
    assert not [one for one in (access, again, secret) if one in shown]


def test_a_client_is_registered_once_for_all(
    ada: Visitor, member: Visitor, rt: Runtime, server: Json, guard: Guarded
):
    before = guard.seen()["registrations"]
    offered_to_the_agent(rt, server)
    signed_in(ada, server)
    signed_in(member, server)
    assert guard.seen()["registrations"] == before + 1
    assert len(logins(rt, server)) == 2


# --- what is refused ---------------------------------------------------------------------------


def test_a_state_is_good_for_once(ada: Visitor, server: Json):
    at = signed_in_at(begun(ada, server)).raw_path.decode()
    assert ada.get(at).status_code == 303
    assert ada.get(at).status_code == 400
    assert OVER in ada.page


@pytest.mark.parametrize("state", ["", "another"])
def test_a_state_that_is_not_ours_is_refused(ada: Visitor, server: Json, state: str):
    assert back(ada, begun(ada, server), state=state).status_code == 400
    assert OVER in ada.page


def test_a_state_of_somebody_else_is_refused_and_still_theirs(
    ada: Visitor, stranger: Visitor, server: Json, rt: Runtime
):
    at = signed_in_at(begun(ada, server)).raw_path.decode()
    assert stranger.get(at).status_code == 400
    assert OVER in stranger.page
    assert logins(rt, server) == []
    assert ada.get(at).status_code == 303


def test_who_is_not_signed_in_here_comes_back_after_that(visitor: Visitor):
    answer = visitor.get("/tools/callback?state=s&code=c")
    assert answer.headers["Location"] == "/login?next=/tools/callback?state%3Ds%26code%3Dc"


def test_a_sign_in_ends_after_ten_minutes(ada: Visitor, rt: Runtime, server: Json):
    url = begun(ada, server)
    with rt.db.transaction() as session:
        attempt = session.query(LoginAttemptRow).filter_by(server_id=server["id"]).one()
        assert timedelta(minutes=9) < attempt.expires_at - now() < timedelta(minutes=10)
        attempt.expires_at = now() - timedelta(seconds=1)
    assert back(ada, url).status_code == 400
    assert OVER in ada.page


def test_an_answer_of_another_issuer_is_refused(ada: Visitor, server: Json, guard: Guarded):
    before = guard.seen()["exchanges"]
    answer = back(ada, begun(ada, server), iss="https://evil.example")
    assert answer.status_code == 400
    assert "did not come from the sign-in of" in ada.page
    assert guard.seen()["exchanges"] == before


def test_an_issuer_that_names_itself_must_do_so(ada: Visitor, server: Json, rt: Runtime):
    url = begun(ada, server)
    with rt.db.transaction() as session:
        session.query(LoginAttemptRow).filter_by(server_id=server["id"]).one().wants_iss = True
    assert back(ada, url, iss=None).status_code == 400


def test_who_says_no_is_told_so(ada: Visitor, server: Json, guard: Guarded, rt: Runtime):
    guard.control(deny=True)
    answer = back(ada, begun(ada, server))
    assert answer.status_code == 502
    assert f"You are not signed in to {server['name']}: access was not granted." in ada.page
    assert "<b>No" not in ada.page
    assert logins(rt, server) == []


def test_an_error_is_never_repeated_as_it_came(ada: Visitor, server: Json):
    back(ada, begun(ada, server), code=None, error="<script>alert(1)</script>")
    assert f"The sign-in of {server['name']} did not work. Try again." in ada.page


def test_a_server_that_moved_meanwhile_gets_no_login(
    ada: Visitor, owner: Client, server: Json, rt: Runtime
):
    url = begun(ada, server)
    moved = owner.patch(f"{SYSTEM}/{server['id']}", {"url": "https://elsewhere.example/mcp"})
    assert moved.status_code == 200
    assert back(ada, url).status_code == 400
    assert logins(rt, server) == []


def test_a_form_without_our_token_begins_nothing(ada: Visitor, server: Json):
    assert ada.client.post(f"/tools/{server['id']}/connect").status_code == 403
    assert ada.client.post(f"/tools/{server['id']}/disconnect").status_code == 403
    assert ada.client.post(f"/tools/{server['id']}/sync").status_code == 403


def test_a_server_with_a_key_wants_no_sign_in(ada: Visitor, owner: Client, guard: Guarded):
    keyed = made(owner, url=guard.url, api_key="k-0123")
    ada.get("/tools")
    assert ada.submit(f"/tools/{keyed['id']}/connect").status_code == 400
    assert "This server is used with a key, so nobody has to sign in." in ada.page


# --- a client that was typed in ----------------------------------------------------------------


def test_a_client_that_was_given_is_used(
    ada: Visitor, owner: Client, server: Json, guard: Guarded, rt: Runtime
):
    path, before = f"{SYSTEM}/{server['id']}", guard.seen()["registrations"]
    given = {"oauth_client_id": "typed-client", "oauth_client_secret": "typed-secret"}
    assert "typed" not in owner.patch(path, given).text
    assert "client_id=typed-client" in begun(ada, server)
    signed_in(ada, server)
    assert guard.seen()["registrations"] == before
    assert logins(rt, server)
    assert owner.patch(path, {"oauth_client_id": ""}).status_code == 200
    assert logins(rt, server) == []


def test_it_is_given_again_for_another_host_and_another_issuer(
    ada: Visitor, owner: Client, server: Json, rt: Runtime
):
    path = f"{SYSTEM}/{server['id']}"
    given = {"oauth_client_id": "typed-client", "oauth_client_secret": "typed-secret"}
    owner.patch(path, given)
    moved = owner.patch(path, {"url": "https://elsewhere.example/mcp"})
    assert (moved.status_code, moved.get_json()["field"]) == (400, "oauth_client_id")
    with rt.db.transaction() as session:
        session.query(ToolClientRow).filter_by(given=True).one().issuer = "https://old.example"
    ada.get("/tools")
    ada.submit(f"/tools/{server['id']}/connect")
    assert "has people sign in elsewhere than before" in ada.page


def test_a_secret_without_a_client_is_refused(owner: Client, server: Json):
    answer = owner.patch(f"{SYSTEM}/{server['id']}", {"oauth_client_secret": "s"})
    assert (answer.status_code, answer.get_json()["field"]) == (400, "oauth_client_id")


def test_another_issuer_ends_the_logins_of_the_first(
    ada: Visitor, server: Json, rt: Runtime, guard: Guarded
):
    signed_in(ada, server)
    with rt.db.transaction() as session:
        client = session.query(ToolClientRow).filter_by(server_id=server["id"]).one()
        client.issuer = "https://old.example"
    before = guard.seen()["registrations"]
    begun(ada, server)
    assert logins(rt, server) == []
    assert guard.seen()["registrations"] == before + 1


# --- who sees what -----------------------------------------------------------------------------


def offered_to_the_agent(rt: Runtime, server: Json) -> None:
    with rt.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"insert into agent_tool_servers (agent_id, server_id) values (1, {server['id']})"
        )


def test_a_member_sees_what_they_have_to_sign_in_to_and_no_more(
    member: Visitor, rt: Runtime, owner: Client, server: Json
):
    plain = made(owner)
    assert "Tools</a>" not in member.get("/channels").text
    assert member.get(f"/tools/{server['id']}").status_code == 404
    member.get("/tools")
    assert server["name"] not in member.page
    assert member.submit(f"/tools/{server['id']}/connect").status_code in (403, 400)
    offered_to_the_agent(rt, server)
    assert "Tools</a>" in member.get("/channels").text
    member.get("/tools")
    assert server["name"] in member.page
    assert plain["name"] not in member.page
    assert f"/tools/{server['id']}/sync" not in member.page
    signed_in(member, server)
    assert "You are signed in." in member.page


def test_who_is_in_a_channel_of_a_project_signs_in_to_its_servers(
    ada: Visitor, member: Visitor, stranger: Visitor, owner: Client, rt: Runtime
):
    home = project(owner)
    server = made(owner, servers_of(home), name="Theirs")
    with rt.db.transaction() as session:
        set_state(session, server["id"], auth="oauth")
    member.get("/tools")
    assert "Theirs" not in member.page
    assert "tool server not found" in connect(member, server).lower()
    channel_id = owner.channel()
    with rt.db.transaction() as session:
        session.get_one(ChannelRow, channel_id).project_id = home["id"]
        session.add(ChannelMemberRow(channel_id=channel_id, user_id=2))
    member.get("/tools")
    assert "Theirs" in member.page
    assert home["name"] in member.page
    assert "Theirs" in ada.get("/tools").text
    assert "tool server not found" in connect(stranger, server).lower()
    owner.delete(f"/api/channels/{channel_id}")


def connect(visitor: Visitor, server: Json) -> str:
    visitor.get("/tools")
    visitor.submit(f"/tools/{server['id']}/connect")
    return visitor.page


def test_the_page_says_how_each_server_is(ada: Visitor, owner: Client, rt: Runtime):
    server = made(owner, name="Far & away", url="http://127.0.0.1:1/mcp")
    ada.get("/tools")
    assert "Far &amp; away" in ada.page
    ada.submit(f"/tools/{server['id']}/sync")
    assert "Far &amp; away refused the connection." in ada.page
    assert "Away" in ada.page
    with rt.db.transaction() as session:
        session.get_one(ToolServerRow, server["id"]).enabled = False
    assert "Switched off" in ada.get("/tools").text


def test_its_forms_may_lead_to_other_sites_and_no_other_pages(ada: Visitor):
    policy = ada.get("/tools").headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https: http:")
    assert ada.get("/channels").headers["Content-Security-Policy"].endswith("form-action 'self'")


# --- the same over the API ---------------------------------------------------------------------


def test_the_api_gives_the_address(owner: Client, ada: Visitor, server: Json, rt: Runtime):
    answer = owner.post(f"{SYSTEM}/{server['id']}/connect")
    assert answer.status_code == 200
    assert back(ada, answer.get_json()["authorization_url"]).status_code == 303
    assert logins(rt, server)
    assert owner.post(f"{SYSTEM}/{server['id']}/disconnect").status_code == 204
    assert logins(rt, server) == []


def test_who_is_deleted_leaves_no_login(ada: Visitor, owner: Client, server: Json, rt: Runtime):
    signed_in(ada, server)
    owner.delete(f"{SYSTEM}/{server['id']}")
    assert logins(rt, server) == []
