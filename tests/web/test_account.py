"""One's own account: name, password, sign-ins, theme and language."""

import re

import pytest

from chat_app.services import users
from tests.clients import Client, _token
from tests.conftest import PASSWORD
from tests.web.visitor import Visitor

NEW = "battery-staple"
EMAIL = "cleo@example.com"


@pytest.fixture
def cleo(built, app) -> Visitor:
    """Somebody for this test alone."""
    try:
        users.create(built.rt, EMAIL, PASSWORD, "Cleo", "member")
    except Exception:
        users.set_password(built.rt, EMAIL, PASSWORD)
    visitor = Visitor(app)
    visitor.sign_in(EMAIL, PASSWORD)
    visitor.get("/settings/account")
    return visitor


@pytest.fixture
def other_browser(app, cleo) -> Visitor:
    visitor = Visitor(app)
    visitor.sign_in(EMAIL, PASSWORD)
    return visitor


def change(visitor, old=PASSWORD, new=NEW):
    visitor.get("/settings/account")
    fields = {"current_password": old, "new_password": new}
    return visitor.submit("/settings/account/password", **fields)


def is_in(visitor) -> bool:
    return visitor.get("/settings/account").status_code == 200


def test_a_new_name_is_on_every_page(cleo):
    assert cleo.submit("/settings/account/name", name=" Kleo ").status_code == 303
    assert "Kleo" in cleo.get("/channels").text
    cleo.get("/settings/account")
    cleo.submit("/settings/account/name", name="Cleo")


@pytest.mark.parametrize("name", ["", " ", "n" * 101, "a\0b"])
def test_a_name_that_is_none_is_refused_in_the_form(cleo, name):
    refused = cleo.submit("/settings/account/name", name=name)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert "Cleo" in cleo.get("/channels").text


def test_a_new_password_is_the_one_that_counts(cleo, app):
    assert change(cleo).location == "/settings/account?saved=password"
    assert Visitor(app).sign_in(EMAIL, PASSWORD).status_code == 401
    assert Visitor(app).sign_in(EMAIL, NEW).status_code == 303


def test_changing_the_password_ends_every_other_sign_in_and_no_token(cleo, other_browser, built):
    program = Client(built.app, _token(built.rt, EMAIL))
    logged_in = Client(built.app, None)
    body = {"email": EMAIL, "password": PASSWORD}
    logged_in.token = logged_in.post("/api/v1/auth/login", body).get_json()["access_token"]
    change(cleo)
    assert is_in(cleo)
    assert not is_in(other_browser)
    assert logged_in.get("/api/v1/auth/me").status_code == 401
    assert program.get("/api/v1/auth/me").status_code == 200


def test_who_does_not_know_the_password_changes_nothing(cleo, other_browser, app):
    refused = change(cleo, old="guess")
    assert refused.status_code == 401
    assert "The current password is not right." in refused.text
    assert NEW not in refused.text
    assert is_in(other_browser)
    assert Visitor(app).sign_in(EMAIL, PASSWORD).status_code == 303


def test_guessing_the_password_is_slowed_down(cleo):
    tries = [change(cleo, old="guess").status_code for _ in range(11)]
    assert tries == [401] * 10 + [429]


def test_a_new_password_that_is_too_short_is_refused(cleo):
    refused = change(cleo, new="short")
    assert refused.status_code == 400
    assert "A password has 8 to 200 characters." in refused.text


def test_the_sign_ins_are_listed_and_each_can_be_ended(cleo, other_browser):
    page = cleo.get("/settings/account").text
    assert page.count(">Here<") == 1
    ended = re.findall(r"/settings/account/sessions/(\d+)/end", page)
    assert ended
    for session_id in ended:
        cleo.submit(f"/settings/account/sessions/{session_id}/end")
    assert is_in(cleo)
    assert not is_in(other_browser)


@pytest.mark.parametrize("who", ["member", "stranger"])
def test_nobody_ends_somebody_elses_sign_in(who, cleo, other_browser, request):
    page = cleo.get("/settings/account").text
    session_id = re.search(r"/settings/account/sessions/(\d+)/end", page)[1]
    other = request.getfixturevalue(who)
    other.get("/settings/account")
    path = f"/settings/account/sessions/{session_id}/end"
    assert other.submit(path).status_code == 404
    assert is_in(other_browser)


def test_a_token_for_a_machine_is_no_sign_in(cleo, built):
    _token(built.rt, EMAIL)
    page = cleo.get("/settings/account").text
    assert "A program, by the API" not in page


def test_signing_out_everywhere_means_here_too(cleo, other_browser):
    cleo.get("/settings/account")
    assert cleo.submit("/settings/account/sign-out-everywhere").location == "/login"
    assert not is_in(cleo)
    assert not is_in(other_browser)


def test_a_theme_is_in_the_first_bytes_of_every_page(cleo):
    assert 'data-theme="system"' in cleo.get("/channels").text
    cleo.get("/settings/account")
    cleo.submit("/settings/account/looks", theme="dark")
    for path in ("/channels", "/settings/account", "/nowhere"):
        page = cleo.get(path).text
        assert 'data-theme="dark"' in page
        assert '<meta name="color-scheme" content="dark">' in page
    cleo.get("/settings/account")
    cleo.submit("/settings/account/looks", theme="system")
    assert 'data-theme="system"' in cleo.get("/channels").text


def test_a_language_is_kept_and_given_back(cleo):
    cleo.submit("/settings/account/looks", language="zh-Hant")
    assert '<html lang="zh-Hant"' in cleo.get("/settings/account").text
    cleo.submit("/settings/account/looks", language="")
    assert '<html lang="en"' in cleo.get("/settings/account").text


@pytest.mark.parametrize("value", ["", "pink", '"><script>'])
def test_what_is_no_choice_is_not_kept(cleo, value):
    cleo.submit("/settings/account/looks", theme=value, language=value)
    assert cleo.client.get_cookie("theme") is None
    cleo.client.set_cookie("theme", value)
    assert 'data-theme="system"' in cleo.get("/channels").text


def test_the_sidebar_leads_to_the_settings(cleo):
    assert 'href="/settings/account">Settings</a>' in cleo.get("/channels").text


def test_nobody_gets_to_the_page_without_signing_in(visitor):
    assert visitor.get("/settings/account").location.startswith("/login")
