"""Signing up."""

import pytest

from chat_app import create_app
from tests.conftest import ADMIN, PASSWORD
from tests.web.visitor import Visitor


@pytest.fixture
def closed(closed_signup, template, tmp_path):
    template.copy("sqlite", tmp_path)
    app = create_app(closed_signup)
    yield Visitor(app)
    app.extensions["holdfast"].close()


def test_a_new_person_is_signed_in_at_once(visitor):
    visitor.get("/register")
    made = visitor.submit("/register", name="Bo", email="bo@example.com", password=PASSWORD)
    assert made.location == "/"
    assert visitor.get("/").location == "/channels"
    assert "Bo" in visitor.get("/channels").text


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"email": ADMIN}, 409, "There is an account with this email already."),
        ({"email": "nobody"}, 400, "This is not an email address."),
        ({"password": "short"}, 400, "A password has 8 to 200 characters."),
        ({"name": "n" * 101}, 400, "This may have 100 characters at most."),
        ({"name": "a\0b"}, 400, "There is a character here that cannot be stored."),
    ],
)
def test_what_is_wrong_is_said_in_the_form(visitor, fields, status, sentence):
    visitor.get("/register")
    good = {"name": "Bo", "email": "bo@example.com", "password": PASSWORD}
    answer = visitor.submit("/register", **good | fields)
    assert answer.status_code == status
    assert sentence in answer.text
    assert PASSWORD not in answer.text


def test_where_signing_up_is_closed_there_is_no_form_and_no_link(closed):
    assert "/register" not in closed.get("/login").text
    assert closed.get("/register").status_code == 403
    closed.get("/login")
    refused = closed.submit("/register", name="Bo", email="bo@example.com", password=PASSWORD)
    assert refused.status_code == 403
    assert "Signing up is closed here." in refused.text
