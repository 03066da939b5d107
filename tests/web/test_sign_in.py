"""Signing in and out, through the real form."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ADMIN, PASSWORD


@pytest.fixture
def ada(visitor):
    """Signed in for this test alone, so that signing out is nobody else's end."""
    visitor.sign_in(ADMIN, PASSWORD)
    return visitor


def test_signing_in_leads_to_the_channel_where_one_talked_last(visitor, path):
    assert visitor.sign_in(ADMIN, PASSWORD).location == "/"
    assert visitor.get("/").location == path
    assert visitor.get(path).status_code == 200


@pytest.mark.parametrize(
    ("email", "password"), [(ADMIN, "wrong-horse"), ("who@example.com", PASSWORD), (ADMIN, "")]
)
def test_a_wrong_login_shows_the_form_again_and_says_why(visitor, email, password):
    answer = visitor.sign_in(email, password)
    assert answer.status_code == 401
    assert "The email or the password is not right." in answer.text
    assert f'value="{email}"' in answer.text
    assert not password or password not in answer.text


def test_a_form_without_fields_is_a_wrong_login(visitor):
    visitor.get("/login")
    assert visitor.submit("/login").status_code == 401


@pytest.mark.parametrize("field", ["email", "password"])
def test_what_cannot_be_stored_is_refused_in_the_form(visitor, field):
    visitor.get("/login")
    answer = visitor.submit("/login", **{"email": ADMIN, "password": PASSWORD} | {field: "a\0b"})
    assert answer.status_code == 400
    assert "cannot be stored" in answer.text


def test_a_form_without_our_token_is_refused(visitor):
    visitor.get("/login")
    answer = visitor.submit("/login", email=ADMIN, password=PASSWORD, csrf_token="made up")
    assert answer.status_code == 403
    assert "This form has expired." in answer.text


def test_one_comes_back_to_where_one_wanted_to_go(visitor):
    sent = visitor.get("/channels/1?before=9")
    assert sent.status_code == 303
    assert parse_qs(urlsplit(sent.location).query) == {"next": ["/channels/1?before=9"]}
    assert visitor.sign_in(ADMIN, PASSWORD, sent.location).location == "/channels/1?before=9"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/%5Cevil.example"])
def test_nobody_is_sent_to_another_site(visitor, target):
    assert visitor.sign_in(ADMIN, PASSWORD, f"/login?next={target}").location == "/"


def test_nothing_of_the_visitors_session_lives_on(visitor):
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    visitor.sign_in(ADMIN, PASSWORD)
    with visitor.client.session_transaction() as session:
        assert "planted" not in session


def test_the_cookie_is_for_the_server_alone_and_lasts_thirty_days(visitor):
    cookie = visitor.sign_in(ADMIN, PASSWORD).headers["Set-Cookie"]
    parts = dict(part.strip().partition("=")[::2] for part in cookie.split(";"))
    assert "HttpOnly" in parts
    assert parts["SameSite"] == "Lax"
    left = parsedate_to_datetime(parts["Expires"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


def test_a_cookie_is_worth_nothing_after_signing_out(ada):
    kept = ada.client.get_cookie("session").value
    ada.get("/channels")
    assert ada.submit("/logout").location == "/login"
    ada.client.set_cookie("session", kept)
    assert ada.get("/channels").location.startswith("/login")


def test_signing_out_twice_is_fine(ada):
    ada.get("/channels")
    ada.submit("/logout")
    ada.get("/login")
    assert ada.submit("/logout").status_code == 303


def test_a_write_is_not_repeated_after_signing_in(visitor):
    visitor.get("/login")
    assert visitor.submit("/channels", title="Mine").location == "/login"


def test_guessing_passwords_is_slowed_down(visitor):
    tries = [visitor.sign_in(ADMIN, "guess").status_code for _ in range(11)]
    assert tries == [401] * 10 + [429]
    refused = visitor.sign_in(ADMIN, PASSWORD)
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many requests." in refused.text
