"""Invitations by link: made once, used by whoever has them, and over when they are over."""

import re
from datetime import timedelta
from html import unescape

import pytest

from chat_app.auth import secrets
from chat_app.errors import InvitationOver
from chat_app.services import invitations
from chat_app.store.base import now
from chat_app.store.invitations import InvitationRow, invitation_by_hash
from tests.conftest import ADMIN, PASSWORD
from tests.web.test_people import (
    ada,
    app,
    boss,
    member,
    people,
    role_of,
    stranger,
)
from tests.web.visitor import Visitor

__all__ = ["ada", "app", "boss", "member", "people", "stranger"]


def invite(visitor: Visitor, workspace: int = 1, **fields: str):
    visitor.get("/settings/people")
    given = {"role": "member", "days": "7", "uses": "1"} | fields
    return visitor.submit(f"/settings/people/{workspace}/invitations", **given)


def link(visitor: Visitor, **fields: str) -> str:
    """The path of a fresh invitation, read off the page."""
    page = invite(visitor, **fields).text
    found = re.search(r"<code>(\S+)</code>", page)
    assert found, page
    return unescape(found[1]).partition("8000")[2]


def row_of(rt, path: str) -> InvitationRow:
    with rt.db.reading() as session:
        found = invitation_by_hash(session, secrets.token_hash(path.rpartition("/")[2]))
        assert found is not None
        return found


def spoil(rt, path: str, **values) -> None:
    with rt.db.transaction() as session:
        found = session.get_one(InvitationRow, row_of(rt, path).id)
        for name, value in values.items():
            setattr(found, name, value)


def register(visitor: Visitor, path: str, email: str = "bo@example.com", password=PASSWORD):
    visitor.get(path)
    return visitor.submit(f"{path}/register", name="Bo", email=email, password=password)


def test_the_link_is_shown_once_and_kept_as_a_hash(ada, rt):
    path = link(ada)
    secret = path.rpartition("/")[2]
    assert secret not in ada.get("/settings/people").text
    row = row_of(rt, path)
    assert secret not in (row.secret_hash, str(vars(row)))
    assert timedelta(days=6, hours=23) < row.expires_at - now() <= timedelta(days=7)


def test_a_page_with_a_secret_is_kept_by_no_browser(ada):
    assert invite(ada).headers["Cache-Control"] == "no-store"


def test_the_link_says_who_invites_into_what(ada, visitor):
    page = visitor.get(link(ada, role="viewer")).text
    assert "Owner invites you to Home" in page
    assert "Viewer" in page


def test_somebody_new_joins_with_the_role_of_the_link(ada, visitor, rt):
    path = link(ada, role="viewer")
    assert register(visitor, path).location == "/channels"
    assert "Bo" in visitor.get("/channels").text
    assert role_of(rt, 5) == "viewer"


def test_an_invitation_opens_where_signing_up_is_closed(ada, rt, visitor):
    path = link(ada)
    object.__setattr__(rt.settings, "signup", False)
    assert visitor.get("/register").status_code == 403
    assert register(visitor, path).status_code == 303


def test_somebody_who_has_an_account_signs_in_and_joins(ada, stranger, visitor, rt):
    path = link(ada, role="admin")
    sign_in = re.search(r'href="(/login[^"]+)"', visitor.get(path).text)[1]
    assert visitor.sign_in("stranger@example.com", PASSWORD, unescape(sign_in)).location == path
    assert "You are signed in as Stranger" in visitor.get(path).text
    assert visitor.submit(f"{path}/join").status_code == 303
    assert role_of(rt, 4) == "admin"


def test_who_is_in_already_keeps_the_role_and_uses_nothing_up(ada, member, rt):
    path = link(ada, role="viewer")
    member.get(path)
    assert member.submit(f"{path}/join").status_code == 303
    assert role_of(rt, 2) == "member"
    assert row_of(rt, path).uses == 0


def test_a_link_for_one_is_used_up_by_one(ada, stranger, app):
    path = link(ada)
    assert register(Visitor(app), path).status_code == 303
    over = stranger.get(path)
    assert over.status_code == 410
    assert "This invitation was used already." in over.text
    refused = register(stranger, path, "other@example.com")
    assert refused.status_code in (403, 410)


def test_a_link_for_two_is_good_for_two(ada, app, rt):
    path = link(ada, uses="2")
    for email, status in (("a@example.com", 303), ("b@example.com", 303)):
        assert register(Visitor(app), path, email).status_code == status
    with pytest.raises(InvitationOver):
        invitations.register(rt, path.rpartition("/")[2], "c@example.com", PASSWORD, "C")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"expires_at": now() - timedelta(seconds=1)}, "This invitation has expired."),
        ({"revoked_at": now()}, "This invitation was taken back."),
        ({"uses": 1}, "This invitation was used already."),
    ],
)
def test_one_that_is_over_says_why_and_what_to_do(ada, visitor, rt, values, sentence):
    path = link(ada)
    visitor.get(path)
    spoil(rt, path, **values)
    sent = {"name": "Bo", "email": "bo@example.com", "password": PASSWORD}
    refused = visitor.submit(f"{path}/register", **sent)
    assert refused.status_code == 410
    for page in (refused.text, visitor.get(path).text):
        assert sentence in page
        assert "Ask whoever sent it to you" in page
    assert visitor.sign_in("bo@example.com", PASSWORD).status_code == 401


def test_a_link_that_there_is_not_is_not_found(visitor):
    for secret in ("x", "a" * 300, "%00", "ü"):
        assert visitor.get(f"/invite/{secret}").status_code == 404


def test_an_owner_takes_one_back(ada, visitor, rt):
    path = link(ada)
    row = row_of(rt, path)
    ada.get("/settings/people")
    assert ada.submit(f"/settings/people/1/invitations/{row.id}/revoke").status_code == 303
    assert f"#{row.id} ·" not in ada.get("/settings/people").text
    assert visitor.get(path).status_code == 410


@pytest.mark.parametrize("path", ["role", "remove"])
def test_who_runs_the_workspace_no_more_kept_no_way_in(ada, boss, visitor, rt, path):
    kept, of_ada = link(boss, role="admin"), link(ada)
    ada.get("/settings/people")
    assert ada.submit(f"/settings/people/1/5/{path}", role="member").status_code == 303
    assert visitor.get(kept).status_code == 410
    assert visitor.get(of_ada).status_code == 200


@pytest.mark.parametrize(("who", "made", "revoked"), [("member", 403, 403), ("stranger", 404, 404)])
def test_nobody_else_makes_or_takes_back(who, made, revoked, ada, rt, request):
    visitor, row = request.getfixturevalue(who), row_of(rt, link(ada))
    assert invite(visitor).status_code == made
    visitor.get("/settings/people")
    path = f"/settings/people/1/invitations/{row.id}/revoke"
    assert visitor.submit(path).status_code == revoked
    assert row_of_id(rt, row.id).revoked_at is None


def row_of_id(rt, id: int) -> InvitationRow:
    with rt.db.reading() as session:
        return session.get_one(InvitationRow, id)


def test_nobody_invites_into_a_role_above_their_own(boss):
    assert invite(boss, role="owner").status_code == 403
    assert invite(boss, role="admin").status_code == 200


@pytest.mark.parametrize(
    "fields", [{"role": "king"}, {"days": "0"}, {"days": "x"}, {"uses": "0"}, {"uses": "101"}]
)
def test_what_is_wrong_is_said_in_the_form(ada, fields):
    refused = invite(ada, **fields)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert "<code>" not in refused.text


def test_an_address_that_is_taken_is_refused_and_nothing_is_used_up(ada, visitor, rt):
    path = link(ada)
    refused = register(visitor, path, ADMIN)
    assert refused.status_code == 409
    assert "There is an account with this email already." in refused.text
    assert PASSWORD not in refused.text
    assert row_of(rt, path).uses == 0


def test_a_form_without_our_token_is_refused(ada, visitor):
    path = link(ada)
    visitor.get(path)
    sent = {"email": "bo@example.com", "password": PASSWORD, "csrf_token": "made up"}
    assert visitor.submit(f"{path}/register", **sent).status_code == 403


def test_the_secret_never_reaches_the_log(ada, visitor, caplog):
    path = link(ada)
    with caplog.at_level("INFO"):
        visitor.get(path)
        visitor.get(f"{path}/no-such-page")
    logged = str([record.msg for record in caplog.records])
    assert "/invite/…" in logged
    assert path.rpartition("/")[2] not in logged


def test_who_is_not_signed_in_cannot_join(ada, visitor):
    path = link(ada)
    visitor.get(path)
    assert visitor.submit(f"{path}/join").location == "/login"
