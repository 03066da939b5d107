"""The session cookie."""

from urllib.parse import urlsplit

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from chat_app.settings import LOOPBACK_HOSTS


class SessionCookie(SecureCookieSessionInterface):
    """Signed, and only over TLS, except on loopback where there is none."""

    def get_cookie_secure(self, app: Flask) -> bool:
        try:
            host = urlsplit(f"//{request.host}").hostname
        except ValueError:
            return True
        return host not in LOOPBACK_HOSTS
