"""What a browser is told to keep: choices of its person that the first bytes of a page need."""

from collections.abc import Container

from flask import Response, request

KEPT_S = 365 * 86_400


def keep(response: Response, cookie: str, value: str | None, known: Container[str]) -> None:
    """Keep `value` in the cookie; forget what was in it when the value is none that is known."""
    secure = request.is_secure
    if value in known:
        response.set_cookie(
            cookie, value or "", max_age=KEPT_S, httponly=True, samesite="Lax", secure=secure
        )
    else:
        response.delete_cookie(cookie, httponly=True, samesite="Lax", secure=secure)
