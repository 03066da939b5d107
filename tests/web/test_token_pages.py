"""Tokens for machines, made and revoked on their page."""

import re

import pytest

from tests.clients import Client


def make(visitor, **fields):
    visitor.get("/settings/tokens")
    return visitor.submit("/settings/tokens", **{"name": "Report", "days": "30"} | fields)


def secret_on(page: str) -> str:
    return re.search(r"<code>(hf_\S+)</code>", page)[1]


def id_of(page: str) -> str:
    """The newest token's."""
    return re.search(r"/settings/tokens/(\d+)/revoke", page)[1]


def test_a_token_is_shown_once_and_lets_a_program_in(ada, app):
    answer = make(ada, name="Kelp report", scopes="read")
    assert answer.headers["Cache-Control"] == "no-store"
    secret = secret_on(answer.text)
    page = ada.get("/settings/tokens").text
    assert secret not in page
    assert "Kelp report" in page
    program = Client(app, secret)
    assert program.get("/api/v1/auth/me").status_code == 200
    assert program.post("/api/channels").status_code == 403
    assert "last used" in ada.get("/settings/tokens").text


def test_a_revoked_token_is_worth_nothing(ada, app):
    secret = secret_on(make(ada, scopes="write").text)
    page = ada.get("/settings/tokens").text
    assert ada.submit(f"/settings/tokens/{id_of(page)}/revoke").status_code == 303
    assert Client(app, secret).get("/api/v1/auth/me").status_code == 401


def test_a_token_may_last_for_ever(member):
    make(member, days="", scopes="read")
    assert "for ever" in member.get("/settings/tokens").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " ", "scopes": "read"}, "A token needs a name."),
        ({"scopes": "all"}, "not a valid choice"),
        ({}, "A scope is one of"),
        ({"days": "9999", "scopes": "read"}, "Not a valid choice"),
        ({"name": "a\0b", "scopes": "read"}, "cannot be stored"),
    ],
)
def test_what_is_wrong_is_said_in_the_form(ada, fields, sentence):
    refused = make(ada, **fields)
    assert refused.status_code == 400
    assert sentence in refused.text
    assert "<code>" not in refused.text


@pytest.mark.parametrize("who", ["member", "stranger"])
def test_nobody_sees_or_revokes_somebody_elses(who, ada, request):
    make(ada, name="Of Ada alone", scopes="read")
    own, other = id_of(ada.get("/settings/tokens").text), request.getfixturevalue(who)
    assert "Of Ada alone" not in other.get("/settings/tokens").text
    assert other.submit(f"/settings/tokens/{own}/revoke").status_code == 404
    assert "Of Ada alone" in ada.get("/settings/tokens").text


def test_nobody_gets_to_the_page_without_signing_in(visitor):
    assert visitor.get("/settings/tokens").location.startswith("/login")
