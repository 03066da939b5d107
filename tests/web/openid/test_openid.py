"""Signing in with an OpenID issuer, as a browser does it: there, and back."""

from urllib.parse import urlsplit

import pytest

from chat_app.errors import Unauthorized
from chat_app.services import invitations, tokens, users
from chat_app.store.users import UserRow
from tests.clients import _token
from tests.conftest import ADMIN, PASSWORD
from tests.web.openid.conftest import CALLBACK, come, someone, who
from tests.web.visitor import Visitor


def test_there_is_a_button_only_where_an_issuer_is_set(visitor, browser):
    assert "/login/openid" not in visitor.get("/login").text
    assert visitor.get("/login/openid").status_code == 404
    assert visitor.get(CALLBACK).status_code == 404
    for path in ("/login", "/register"):
        assert 'href="/login/openid"' in browser.get(path).text
        assert "with Club" in browser.page


def test_a_first_sign_in_makes_an_account_and_a_second_finds_it(browser, open_house, club, rt):
    assert come(browser, club, someone("cleo", email="Cleo@Example.com")).location == "/"
    assert who(browser) == "cleo@example.com"
    person = users.person(rt, "cleo@example.com")
    assert (person.name, list(person.roles.values())) == ("cleo", ["member"])
    again = Visitor(open_house)
    come(again, club, someone("cleo", email="new@elsewhere.example", email_verified=False))
    assert who(again) == "cleo@example.com"
    assert "as new@elsewhere.example." in again.get("/settings/account").text


def test_what_happened_is_in_the_audit_log(browser, club, open_house):
    come(browser, club, someone("dora"))
    ada = Visitor(open_house)
    ada.sign_in(ADMIN, PASSWORD)
    page = ada.get("/settings/audit").text
    assert "Connected a sign-in" in page
    assert "Club: dora@example.com" in page
    assert "(Club)" in page


def test_an_account_with_the_verified_address_is_theirs_and_nobody_elses_any_more(
    browser, club, rt, open_house
):
    users.create(rt, "eve@example.com", PASSWORD, "Eve", "admin")
    squatter, machine = Visitor(open_house), _token(rt, "eve@example.com")
    squatter.sign_in("eve@example.com", PASSWORD)
    assert come(browser, club, someone("eve")).location == "/settings/account?saved=linked"
    assert users.person(rt, "eve@example.com").roles == {1: "admin"}
    assert "count no more" in browser.get("/settings/account?saved=linked").text
    assert who(squatter) == ""
    assert Visitor(open_house).sign_in("eve@example.com", PASSWORD).status_code == 401
    with pytest.raises(Unauthorized):
        tokens.identify(rt, machine)


def test_an_operator_keeps_the_password_for_the_day_the_issuer_is_down(browser, club, open_house):
    assert come(browser, club, someone("owner")).location == "/"
    assert who(browser) == ADMIN
    assert Visitor(open_house).sign_in(ADMIN, PASSWORD).status_code == 303


def test_who_has_no_password_can_set_one_without_an_old_one(browser, club, open_house):
    come(browser, club, someone("finn"))
    assert 'name="current_password"' not in browser.get("/settings/account").text
    assert Visitor(open_house).sign_in("finn@example.com", "").status_code == 401
    browser.submit("/settings/account/password", new_password="battery-staple")
    assert Visitor(open_house).sign_in("finn@example.com", "battery-staple").status_code == 303
    assert 'name="current_password"' in browser.get("/settings/account").text
    refused = browser.submit("/settings/account/password", new_password="another-staple")
    assert refused.status_code == 401


UNPROVEN = {
    "has not verified": {"email_verified": False},
    "Club does not tell us": {"email": None},
    "Club does not tell us your email address": {"email": "no address"},
    "Club does not tell us your": {"email": "\N{KELVIN SIGN}elp@example.com"},
}


@pytest.mark.parametrize("said", UNPROVEN)
@pytest.mark.parametrize("name", ["gil", "owner"])
def test_an_address_that_is_not_proven_leads_to_no_account(browser, club, rt, said, name):
    refused = come(browser, club, someone(name, sub=f"{said} {name}", **UNPROVEN[said]))
    assert refused.status_code == 403
    assert said in refused.text
    assert 'href="/login/openid"' in refused.text
    assert who(browser) == ""
    assert all(user.email != "gil@example.com" for user in users.list_users(rt))


def test_an_address_that_changed_hands_at_the_issuer_does_not_hand_over_the_account(browser, club):
    come(browser, club, someone("hana"))
    other = Visitor(browser.client.application)
    refused = come(other, club, someone("hana", sub="another Hana"))
    assert refused.status_code == 403
    assert "somebody else" in refused.text
    assert who(other) == ""


def test_who_may_not_sign_in_is_not_let_in(browser, club, rt):
    come(browser, club, someone("ivan"))
    with rt.db.transaction() as session:
        session.get_one(UserRow, users.person(rt, "ivan@example.com").id).is_active = False
    refused = come(browser, club)
    assert refused.status_code == 403
    assert "switched off" in refused.text


def test_where_signing_up_is_closed_only_those_with_an_account_come_in(house, club):
    closed = house(signup=False)
    refused = come(Visitor(closed), club, someone("jo"))
    assert refused.status_code == 403
    assert "There is no account for jo@example.com here." in refused.text
    users.create(closed.extensions["holdfast"], "jo@example.com", PASSWORD, "Jo", "viewer")
    known = Visitor(closed)
    come(known, club, someone("jo"))
    assert who(known) == "jo@example.com"


def test_the_allowed_domains_say_who_may_have_an_account(house, club):
    app = house(domains={"kim.example"}, signup=False)
    insider = Visitor(app)
    come(insider, club, someone("kim", email="kim@kim.example"))
    assert who(insider) == "kim@kim.example"
    open_but = house(domains={"kim.example"}, signup=True)
    for email in ("k@sub.kim.example", "k@akim.example", "k@example.com"):
        refused = come(Visitor(open_but), club, someone("k", email=email))
        assert refused.status_code == 403


def invite(rt, **more) -> str:
    return urlsplit(invitations.create(rt, users.person(rt, ADMIN), None, **more).url).path


def test_an_invitation_lets_in_by_the_issuer_what_it_lets_in(house, club):
    closed = house(signup=False)
    rt = closed.extensions["holdfast"]
    path = invite(rt, role="viewer")
    guest = Visitor(closed)
    assert f'href="/login/openid?next={path}"' in guest.get(path).text
    assert come(guest, club, someone("lou"), f"?next={path}").location == "/channels"
    assert users.person(rt, "lou@example.com").roles == {1: "viewer"}
    late = come(Visitor(closed), club, someone("max"), f"?next={path}")
    assert late.status_code == 410
    assert "used already" in late.text
    assert come(Visitor(closed), club, someone("lou"), f"?next={path}").location == path


def test_one_comes_back_to_where_one_wanted_to_go(browser, club):
    assert come(browser, club, someone("ned"), "?next=/channels/1").location == "/channels/1"
    page = browser.get("/login?next=/channels/1").text
    assert 'href="/login/openid?next=/channels/1"' in page


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/%5Cevil.example"])
def test_nobody_is_sent_to_another_site(browser, club, target):
    assert come(browser, club, someone("ned"), f"?next={target}").location == "/"


def test_only_the_browser_that_began_comes_back_and_once(browser, club, open_house):
    club.person = someone("olga")
    back = urlsplit(club.visit(browser.get("/login/openid").location))
    path = f"{back.path}?{back.query}"
    for stranger in (Visitor(open_house), browser, browser):
        answer = stranger.get(path)
        if stranger is browser and answer.status_code == 303:
            continue
        assert answer.status_code == 403
        assert "Please start again." in answer.text
    assert who(browser) == "olga@example.com"


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=y", "?error=no&state="])
def test_a_callback_out_of_nowhere_is_a_sentence(browser, query):
    answer = browser.get(f"{CALLBACK}{query}")
    assert answer.status_code == 403
    assert "Please start again." in answer.text


def test_several_tabs_may_be_at_it(browser, club):
    club.person = someone("pia")
    urls = [browser.get("/login/openid").location for _ in range(4)]
    codes = [urlsplit(club.visit(url)).query for url in urls]
    assert browser.get(f"{CALLBACK}?{codes[0]}").status_code == 403  # too long ago
    assert browser.get(f"{CALLBACK}?{codes[1]}").status_code == 303


def test_who_says_no_reads_a_sentence_of_ours(browser, club):
    club.denies = True
    refused = come(browser, club, someone("quin"))
    assert refused.status_code == 403
    assert "You were not signed in at Club." in refused.text
    assert "Buy now" not in refused.text


def test_an_issuer_that_is_down_is_a_sentence(house, club):
    app = house()
    club.answers["/.well-known/openid-configuration"] = (503, {})
    answer = Visitor(app).get("/login/openid?next=/channels/1")
    assert answer.status_code == 503
    assert "The sign-in of Club cannot be reached." in answer.text
    assert 'action="/login?next=/channels/1"' in answer.text
    assert "Traceback" not in answer.text


def test_no_session_of_the_database_waits_for_the_issuer(house, club):
    app = house()
    pool = app.extensions["holdfast"].db.engine.pool
    out = []
    club.on_ask = lambda: out.append(pool.checkedout())
    come(Visitor(app), club, someone("rosa"))
    assert out == [0] * 3


def test_nothing_of_the_visitors_session_lives_on(browser, club):
    with browser.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    come(browser, club, someone("sam"))
    with browser.client.session_transaction() as session:
        assert set(session) == {"token", "_permanent"}


def test_knocking_again_and_again_is_slowed_down(house):
    browser = Visitor(house())
    answers = [browser.get(CALLBACK).status_code for _ in range(31)]
    assert answers == [403] * 30 + [429]
