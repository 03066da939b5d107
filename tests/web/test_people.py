"""The people of a workspace: who sees them, who changes what they may do, and who leaves."""

import pytest
from flask import Flask

from chat_app import create_app
from chat_app.services import users
from chat_app.store.workspaces import WorkspaceMemberRow
from tests.clients import People, people_of
from tests.conftest import ADMIN, PASSWORD
from tests.web.visitor import Visitor


@pytest.fixture
def app(settings, template, tmp_path) -> Flask:
    """An installation of one's own: roles are changed here."""
    template.copy("sqlite", tmp_path)
    app = create_app(settings)
    app.extensions["people"] = people_of(app, ADMIN, PASSWORD)
    yield app
    app.extensions["holdfast"].close()


@pytest.fixture
def people(app) -> People:
    return app.extensions["people"]


def signed_in(app: Flask, email: str) -> Visitor:
    visitor = Visitor(app)
    assert visitor.sign_in(email, PASSWORD).status_code == 303
    return visitor


@pytest.fixture
def ada(app) -> Visitor:
    return signed_in(app, ADMIN)


@pytest.fixture
def member(app) -> Visitor:
    return signed_in(app, "member@example.com")


@pytest.fixture
def stranger(app) -> Visitor:
    return signed_in(app, "stranger@example.com")


@pytest.fixture
def boss(app, rt) -> Visitor:
    """An admin of the workspace who does not run the installation."""
    users.create(rt, "boss@example.com", PASSWORD, "Boss", "admin")
    return signed_in(app, "boss@example.com")


def role_of(rt, user_id: int) -> str | None:
    with rt.db.reading() as session:
        found = session.get(WorkspaceMemberRow, (1, user_id))
        return found.role if found else None


def give(visitor: Visitor, user_id: int, role: str):
    visitor.get("/settings/people")
    return visitor.submit(f"/settings/people/1/{user_id}/role", role=role)


def remove(visitor: Visitor, user_id: int):
    visitor.get("/settings/people")
    return visitor.submit(f"/settings/people/1/{user_id}/remove")


OWNER, MEMBER = 1, 2


def test_everybody_sees_who_is_in_the_workspace_and_nobody_of_others(ada, member, stranger):
    for visitor in (ada, member):
        page = visitor.get("/settings/people").text
        assert "member@example.com" in page
        assert "stranger@example.com" not in page
    assert "member@example.com" not in stranger.get("/settings/people").text
    assert stranger.get("/settings/people?workspace=1").status_code == 404
    assert member.get("/settings/people?workspace=2").status_code == 404


def test_an_operator_looks_after_every_workspace(ada):
    assert "Elsewhere" in ada.get("/settings/people").text
    assert "stranger@example.com" in ada.get("/settings/people?workspace=2").text


def test_a_member_is_offered_nothing_to_change_but_to_leave(member):
    page = member.get("/settings/people").text
    assert "Invite somebody" not in page
    assert "/role" not in page
    assert page.count("/remove") == 1


def test_an_owner_changes_a_role(ada, rt):
    assert give(ada, MEMBER, "viewer").status_code == 303
    assert role_of(rt, MEMBER) == "viewer"


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("stranger", 404)])
def test_nobody_else_does(who, status, request, rt):
    visitor = request.getfixturevalue(who)
    assert give(visitor, OWNER, "viewer").status_code == status
    assert remove(visitor, OWNER).status_code == status
    assert role_of(rt, OWNER) == "owner"


def test_nobody_raises_themselves(boss, member, rt):
    boss_id = 5
    assert role_of(rt, boss_id) == "admin"
    assert give(boss, boss_id, "owner").status_code == 403
    assert give(member, MEMBER, "admin").status_code == 403
    assert (role_of(rt, boss_id), role_of(rt, MEMBER)) == ("admin", "member")


def test_an_admin_touches_no_owner_and_makes_none(boss, rt):
    assert give(boss, OWNER, "member").status_code == 403
    assert remove(boss, OWNER).status_code == 403
    assert give(boss, MEMBER, "owner").status_code == 403
    assert give(boss, MEMBER, "admin").status_code == 303
    assert (role_of(rt, OWNER), role_of(rt, MEMBER)) == ("owner", "admin")


def test_the_last_owner_stays(ada, rt):
    refused = give(ada, OWNER, "admin")
    assert refused.status_code == 409
    assert "A workspace keeps an owner." in refused.text
    assert remove(ada, OWNER).status_code == 409
    give(ada, MEMBER, "owner")
    assert give(ada, OWNER, "admin").status_code == 303
    assert role_of(rt, OWNER) == "admin"


def test_who_is_removed_sees_the_workspace_no_more_not_even_after_coming_back(
    ada, member, people, rt
):
    client = people.owner
    channel = client.channel(title="Kelp")
    client.post(f"/api/channels/{channel}/members", {"email": "member@example.com"})
    assert member.get(f"/channels/{channel}").status_code == 200
    assert remove(ada, MEMBER).status_code == 303
    assert member.get(f"/channels/{channel}").status_code == 404
    with rt.db.transaction() as session:
        session.add(WorkspaceMemberRow(workspace_id=1, user_id=MEMBER, role="member"))
    assert member.get(f"/channels/{channel}").status_code == 403


def test_a_member_may_leave(member, rt):
    assert remove(member, MEMBER).location == "/"
    assert role_of(rt, MEMBER) is None
    assert member.get("/channels").status_code == 200


@pytest.mark.parametrize("role", ["", "king", "owner\0"])
def test_a_role_that_there_is_not_is_refused(ada, role):
    assert give(ada, MEMBER, role).status_code == 400


@pytest.mark.parametrize("user", ["99", "x", "0", "9" * 30])
def test_somebody_who_is_not_there_cannot_be_changed(ada, user):
    ada.get("/settings/people")
    assert ada.submit(f"/settings/people/1/{user}/role", role="viewer").status_code == 404


def test_a_hostile_name_is_only_a_name(ada, rt):
    users.create(rt, "x@example.com", PASSWORD, '"><script>alert(1)</script>', "member")
    assert "<script>alert" not in ada.get("/settings/people").text
