"""Choosing a language: for people who have not signed in, a door without a page of its own."""

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app.web import choices, languages
from chat_app.web.blueprint import bp
from chat_app.web.destinations import own_path


@bp.post("/language")
def choose_language() -> ResponseReturnValue:
    """Back to `next`, in the language that was chosen; for another one, in the browser's."""
    back = own_path(request.form.get("next")) or url_for("web.home")
    response = make_response(redirect(back, 303))
    choices.keep(response, languages.COOKIE, request.form.get("language"), languages.LANGUAGES)
    return response
