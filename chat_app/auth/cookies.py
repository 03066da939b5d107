"""The session cookie."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from chat_app.settings import LOOPBACK_HOSTS


class SessionCookie(SecureCookieSessionInterface):
    """Signed, and only over TLS, except on loopback where there is none."""

    def get_cookie_secure(self, app: Flask) -> bool:
        host = request.host.rsplit(":", 1)[0].strip("[]")
        return host not in LOOPBACK_HOSTS
