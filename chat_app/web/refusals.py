"""Refusals as pages: what is wrong, what to do, and the incident's number if there is one."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import sentences
from chat_app.errors import HoldfastError, Unauthorized
from chat_app.web.destinations import own_path


def refuse(error: HoldfastError) -> ResponseReturnValue:
    """The error as a page; who must sign in first is sent there, and comes back after."""
    if isinstance(error, Unauthorized):
        return redirect(url_for("web.sign_in", next=_asked_for()), 303)
    page = make_response(
        render_template("error.html", error=sentences.translated(error)), error.http_status
    )
    if (seconds := error.fields.get("retry_after")) is not None:
        page.headers["Retry-After"] = str(seconds)
    return page


def _asked_for() -> str | None:
    # A write is not repeated after signing in: only what was to be read is worth coming back to.
    path = request.full_path.rstrip("?")
    return own_path(path) if request.method == "GET" and path != "/" else None
