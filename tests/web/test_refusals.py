"""Errors as pages, and the headers of every page."""

import pytest

from chat_app.web import channels
from tests.web.visitor import PAGE

POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "There is nothing here."),
        ("GET", "/assets/x/../../../secret", 404, "There is nothing here."),
        ("DELETE", "/login", 405, "This address does not take that method."),
        ("POST", "/login", 403, "This form has expired."),
    ],
)
def test_an_error_is_a_page_that_says_what_is_wrong_and_where_to_go(
    visitor, method, path, status, sentence
):
    answer = visitor.client.open(path, method=method, headers=PAGE)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert f"<h1>{sentence}" in answer.text
    assert "To your channels" in answer.text


def test_what_nobody_foresaw_is_a_number_and_nothing_else(ada, monkeypatch):
    def break_down(*_):
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(channels.channels, "list_channels", break_down)
    answer = ada.get("/channels")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "tell the operator this number: <code>" in answer.text
    assert "secret" not in answer.text


def test_a_program_gets_json_and_not_a_page(visitor):
    assert visitor.client.get("/nowhere").get_json()["error_code"] == "not_found"


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/channels/1"])
def test_every_page_forbids_what_it_does_not_need(visitor, path):
    headers = visitor.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-cache"
