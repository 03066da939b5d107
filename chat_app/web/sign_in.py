"""Signing in and out."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import RequestError
from chat_app.services import tokens
from chat_app.web.blueprint import bp
from chat_app.web.browsers import browser_name
from chat_app.web.destinations import own_path
from chat_app.web.forms import SignInForm


@bp.get("/login")
def show_sign_in() -> ResponseReturnValue:
    return _page(SignInForm())


@bp.post("/login")
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    try:
        form.check()
        enter(form.text("email"), form.text("password"))
    except RequestError as error:
        return _page(form, error), error.http_status
    return redirect(own_path(request.args.get("next")) or url_for("web.home"), 303)


def enter(email: str, password: str) -> None:
    """Sign this browser in. Raises `Unauthorized`."""
    where = browser_name(request.user_agent.string)
    issued = tokens.sign_in(current.runtime(), email, password, "session", where)
    # Nothing of the visitor's session lives on: who planted it must not know what it becomes.
    session.clear()
    session[current.SESSION_TOKEN] = issued.secret
    session.permanent = True


def _page(form: SignInForm, error: RequestError | None = None) -> str:
    has_signup = current.runtime().settings.signup
    return render_template("sign_in.html", form=form, error=error, has_signup=has_signup)


@bp.post("/logout")
def sign_out() -> ResponseReturnValue:
    tokens.sign_out(current.runtime(), session.get(current.SESSION_TOKEN, ""))
    session.clear()
    return redirect(url_for("web.sign_in"), 303)
