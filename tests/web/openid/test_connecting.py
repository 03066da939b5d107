"""Who has a password connects their account with the one that they have at the issuer."""

from urllib.parse import urlsplit

import pytest

from chat_app.services import users
from tests.conftest import PASSWORD
from tests.web.openid.conftest import come, someone, who
from tests.web.visitor import Visitor


def connect(browser, club, person, password=PASSWORD):
    """Connect the account of who is signed in; the last answer."""
    club.person = person
    browser.get("/settings/account")
    sent = browser.submit("/settings/account/connect", password=password)
    if sent.status_code != 303 or "prompt=login" not in sent.location:
        return sent
    back = urlsplit(club.visit(sent.location))
    return browser.get(f"{back.path}?{back.query}")


@pytest.fixture
def tess(open_house, rt) -> Visitor:
    """Somebody with a password, signed in by it."""
    if all(user.email != "tess@example.com" for user in users.list_users(rt)):
        users.create(rt, "tess@example.com", PASSWORD, "Tess", "member")
    browser = Visitor(open_house)
    browser.sign_in("tess@example.com", PASSWORD)
    return browser


def test_who_is_signed_in_connects_the_account_that_they_have_at_the_issuer(tess, club, open_house):
    refused = connect(tess, club, someone("t", email="t@work.example"), password="guess")
    assert refused.status_code == 401
    assert "The current password is not right." in refused.text
    assert "https: http:" in refused.headers["Content-Security-Policy"]
    done = connect(tess, club, someone("t", email="t@work.example"))
    assert done.location == "/settings/account?saved=connected"
    assert "as t@work.example." in tess.get("/settings/account?saved=connected").text
    assert 'action="/settings/account/connect"' not in tess.page
    again = Visitor(open_house)
    come(again, club, someone("t", email="t@work.example"))
    assert who(again) == who(tess) == "tess@example.com"
    assert Visitor(open_house).sign_in("tess@example.com", PASSWORD).status_code == 303
    second = connect(tess, club, someone("t2", email="t2@work.example"))
    assert (second.status_code, "another account of Club" in second.text) == (409, True)


def test_an_account_at_the_issuer_is_one_persons_here(open_house, browser, club, rt):
    come(browser, club, someone("uma"))
    users.create(rt, "wes@example.com", PASSWORD, "Wes", "member")
    wes = Visitor(open_house)
    wes.sign_in("wes@example.com", PASSWORD)
    refused = connect(wes, club, someone("uma"))
    assert refused.status_code == 409
    assert "Somebody signs in here with this account of Club already." in refused.text
    assert who(browser) == "uma@example.com"


def test_only_who_began_connects_and_nobody_who_is_not_signed_in(tess, club, rt):
    users.create(rt, "vic@example.com", PASSWORD, "Vic", "member")
    club.person = someone("v", email="v@work.example")
    tess.get("/settings/account")
    sent = tess.submit("/settings/account/connect", password=PASSWORD)
    back = urlsplit(club.visit(sent.location))
    with tess.client.session_transaction() as kept:
        begun = kept["openid"]
    tess.sign_in("vic@example.com", PASSWORD)
    with tess.client.session_transaction() as kept:
        kept["openid"] = begun
    refused = tess.get(f"{back.path}?{back.query}")
    assert (refused.status_code, "Please start again." in refused.text) == (403, True)
    nobody = Visitor(tess.client.application)
    with nobody.client.session_transaction() as kept:
        kept["openid"] = begun
    assert nobody.get(f"{back.path}?{back.query}").location.startswith("/login")
    assert who(nobody) == ""
    assert nobody.client.post("/settings/account/connect").status_code in (303, 401, 403)
