"""The audit log: what is written down, who may read it, and that no secret is in it."""

from chat_app.audit import KINDS
from chat_app.services import audit as reading
from chat_app.services import users
from chat_app.store.audit import AuditEventRow
from chat_app.web import audit
from tests.conftest import ADMIN, PASSWORD
from tests.web.test_invitations import link, register
from tests.web.test_people import ada, app, boss, give, member, people, remove, stranger
from tests.web.visitor import Visitor

__all__ = ["ada", "app", "boss", "member", "people", "stranger"]


def written(rt) -> list[tuple[str, str, str]]:
    """`(who, kind, about)` of everything, the oldest first."""
    with rt.db.reading() as session:
        rows = session.query(AuditEventRow).order_by(AuditEventRow.id)
        return [(row.user_name, row.kind, row.about) for row in rows]


def test_every_kind_has_a_sentence():
    assert list(audit.KINDS) == list(KINDS)


def test_signing_in_and_failing_to_is_written_down(rt, app):
    Visitor(app).sign_in(ADMIN, PASSWORD)
    Visitor(app).sign_in(ADMIN, "a wrong guess")
    Visitor(app).sign_in("my-secret-typed-in-the-wrong-field", "x")
    assert written(rt)[-3:] == [
        ("Owner", "signed_in", "Browser"),
        ("Owner", "sign_in_failed", ""),
        ("", "sign_in_failed", ""),
    ]


def test_what_is_done_to_people_is_written_down(rt, ada, app):
    path = link(ada)
    register(Visitor(app), path)
    give(ada, 2, "viewer")
    remove(ada, 3)
    link(ada)
    ada.get("/settings/people")
    ada.submit("/settings/people/1/invitations/2/revoke")
    assert [event for event in written(rt) if event[1] != "signed_in"][-7:] == [
        ("Owner", "invitation_made", "#1: member, 1×"),
        ("Bo", "account_made", "bo@example.com"),
        ("Bo", "member_joined", "Bo: member (#1)"),
        ("Owner", "member_role_changed", "Member: member → viewer"),
        ("Owner", "member_removed", "Viewer"),
        ("Owner", "invitation_made", "#2: member, 1×"),
        ("Owner", "invitation_revoked", "#2"),
    ]


def test_what_is_done_to_providers_agents_and_tool_servers_is_written_down(rt, people):
    owner = people.owner
    key = {"base_url": "http://127.0.0.1:1/v1", "api_key": "sk-very-secret"}
    provider = owner.post("/api/providers", {"name": "P"} | key).get_json()["id"]
    owner.patch(f"/api/providers/{provider}", {"enabled": False})
    owner.delete(f"/api/providers/{provider}")
    agent = owner.post("/api/agents", {"name": "A"}).get_json()["id"]
    owner.patch(f"/api/agents/{agent}", {"greeting": "Hi"})
    owner.delete(f"/api/agents/{agent}")
    place = {"url": "https://x.example/mcp", "api_key": "sk-very-secret"}
    server = owner.post("/api/tool-servers", {"name": "T"} | place).get_json()["id"]
    owner.patch(f"/api/tool-servers/{server}", {"enabled": False})
    owner.delete(f"/api/tool-servers/{server}")
    token = owner.post("/api/tokens", {"name": "K"}).get_json()
    owner.delete(f"/api/tokens/{token['id']}")
    events = written(rt)
    assert [(kind, about) for _, kind, about in events[-11:]] == [
        ("provider_made", "P"),
        ("provider_changed", "P"),
        ("provider_deleted", "P"),
        ("agent_made", "A"),
        ("agent_changed", "A"),
        ("agent_deleted", "A"),
        ("tool_server_made", "T"),
        ("tool_server_changed", "T"),
        ("tool_server_deleted", "T"),
        ("token_made", "K"),
        ("token_revoked", "K"),
    ]
    assert "sk-very-secret" not in str(events)
    assert token["token"] not in str(events)


def test_what_is_refused_is_not_written_down(rt, ada, member):
    before = written(rt)
    give(member, 1, "viewer")
    give(ada, 1, "member")  # the last owner
    assert written(rt) == before


def test_a_new_password_is_written_down_without_it(rt, ada, app):
    ada.get("/settings/account")
    fields = {"current_password": PASSWORD, "new_password": "battery-staple"}
    ada.submit("/settings/account/password", **fields)
    users.set_password(rt, ADMIN, "other-battery")
    assert written(rt)[-2:] == [
        ("Owner", "password_changed", ""),
        ("", "password_changed", ADMIN),
    ]
    assert "battery" not in str(written(rt))


def test_managers_read_what_happened_in_their_workspaces_and_operators_everything(
    ada, boss, member, stranger, people
):
    people.owner.post("/api/providers", {"name": "Prov", "base_url": "http://127.0.0.1:1/v1"})
    people.stranger.post("/api/agents", {"name": "Elsewhere-agent"})
    people.owner.post("/api/agents", {"name": "Home-agent"})
    seen = {
        name: visitor.get("/settings/audit").text
        for name, visitor in (("ada", ada), ("boss", boss), ("stranger", stranger))
    }
    assert [name for name in seen if "Home-agent" in seen[name]] == ["ada", "boss"]
    assert [name for name in seen if "Elsewhere-agent" in seen[name]] == ["ada", "stranger"]
    assert [name for name in seen if ">Prov<" in seen[name]] == ["ada"]
    assert "member@example.com" not in seen["stranger"]
    assert member.get("/settings/audit").status_code == 403
    assert 'href="/settings/audit"' not in member.get("/settings/people").text


def test_it_is_filtered_by_person_and_kind(ada, people):
    people.owner.post("/api/agents", {"name": "Of the owner"})
    people.owner.post("/api/tokens", {"name": "Key of the owner"})
    page = ada.get("/settings/audit?kind=agent_made").text
    assert "Of the owner" in page
    assert "Key of the owner" not in page
    assert "Of the owner" not in ada.get("/settings/audit?person=2").text
    assert "Key of the owner" in ada.get("/settings/audit?person=1&kind=token_made").text
    assert ada.get("/settings/audit?kind=nonsense").status_code == 400
    assert ada.get("/settings/audit?person=x&before=x").status_code == 200


def test_it_comes_in_pages(ada, rt, people):
    for at in range(reading.PAGE + 5):
        people.owner.post("/api/tokens", {"name": f"token-{at}."})
    first = ada.get("/settings/audit").text
    assert f"token-{reading.PAGE + 4}." in first
    assert "token-3." not in first
    older = first.partition('class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "token-3." in ada.get(older).text


def test_a_hostile_name_is_only_a_name(ada, people):
    people.owner.post("/api/agents", {"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in ada.get("/settings/audit").text


def test_nobody_gets_to_the_page_without_signing_in(visitor):
    assert visitor.get("/settings/audit").location.startswith("/login")
