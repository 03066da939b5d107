"""No other site may act through a person's cookie."""

from urllib.parse import urlsplit

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect

from chat_app import current
from chat_app.errors import CsrfFailed

OWN_SITES = ("same-origin", "none")


def install(app: Flask) -> None:
    """Every write that a cookie authenticates, and every form, must carry our token."""
    csrf = CSRFProtect()
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    csrf.init_app(app)

    @app.before_request
    def protect() -> None:
        is_write = request.method in app.config["WTF_CSRF_METHODS"]
        if is_write and (current.uses_cookie() or request.blueprint == "web"):
            csrf.protect()


def check_same_site() -> None:
    """For a GET that starts something: refuse a cookie that another site's page sent along.

    Browsers say where a request comes from (Fetch Metadata, W3C); those that do not are held off
    by the cookie's SameSite=Lax. Raises `CsrfFailed`.
    """
    if current.uses_cookie() and request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES:
        raise CsrfFailed


def check_own_origin() -> None:
    """For a WebSocket, which any site's page may open with the person's cookie: it must be ours.

    Browsers name the page's origin, and cannot lie about it (RFC 6455, section 10.2). Raises
    `CsrfFailed`.
    """
    if not current.uses_cookie():
        return
    own = {request.host, urlsplit(current.runtime().settings.public_url or "").netloc}
    origin = urlsplit(request.headers.get("Origin", ""))
    if origin.scheme not in ("http", "https") or origin.netloc not in own:
        raise CsrfFailed
