"""Signing in and out."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError, RequestError
from chat_app.services import tokens
from chat_app.services.tokens import Issued
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
    _keep(tokens.sign_in(current.runtime(), email, password, "session", where))


def enter_proven(user_id: int, by: str) -> None:
    """Sign this browser in as somebody for whom `by`, an issuer, has vouched."""
    where = browser_name(request.user_agent.string)
    _keep(tokens.open_session(current.runtime(), user_id, where, by))


def page(
    form: SignInForm,
    error: HoldfastError | None = None,
    target: str | None = None,
) -> str:
    """The page to sign in on, which leads to `target`, an address of ours."""
    settings = current.runtime().settings
    return render_template(
        "sign_in.html",
        form=form,
        error=error,
        target=target,
        has_signup=settings.signup,
        oidc=settings.oidc,
    )


def _keep(issued: Issued) -> None:
    # Nothing of the visitor's session lives on: who planted it must not know what it becomes.
    session.clear()
    session[current.SESSION_TOKEN] = issued.secret
    session.permanent = True


def _page(form: SignInForm, error: RequestError | None = None) -> str:
    return page(form, error, own_path(request.args.get("next")))


@bp.post("/logout")
def sign_out() -> ResponseReturnValue:
    tokens.sign_out(current.runtime(), session.get(current.SESSION_TOKEN, ""))
    session.clear()
    return redirect(url_for("web.sign_in"), 303)
