"""The session cookie: not for scripts, not for other sites, and only over TLS off loopback."""

import pytest
from flask import Flask, session

from chat_app import current


@pytest.fixture
def app_that_signs_in(app: Flask) -> Flask:
    """An application with a door that puts something into the cookie."""

    @app.get("/sign-in-for-test")
    def sign_in() -> str:
        session[current.SESSION_TOKEN] = "x"
        return "in"

    return app


@pytest.mark.parametrize(
    ("host", "is_secure"),
    [
        ("localhost", False),
        ("localhost:8000", False),
        ("127.0.0.1:8000", False),
        ("[::1]:8000", False),
        ("[::1]", False),
        ("chat.example.com", True),
        ("localhost.example.com", True),
        ("127.0.0.1.example.com:80", True),
    ],
)
def test_the_cookie_is_secure_except_on_loopback(
    app_that_signs_in: Flask, host: str, is_secure: bool
):
    answer = app_that_signs_in.test_client().get("/sign-in-for-test", headers={"Host": host})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is is_secure
