"""Signing up, where that is open."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import AccessDenied, RequestError
from chat_app.services import users
from chat_app.web.blueprint import bp
from chat_app.web.forms import RegisterForm
from chat_app.web.sign_in import enter


@bp.get("/register")
def show_register() -> ResponseReturnValue:
    if not current.runtime().settings.signup:
        raise AccessDenied("Signing up is closed here. An admin can add you.")
    return _page(RegisterForm())


@bp.post("/register")
def register() -> ResponseReturnValue:
    form = RegisterForm()
    email, password, name = form.text("email"), form.text("password"), form.text("name")
    try:
        form.check()
        users.register(current.runtime(), email, password, name)
    except RequestError as error:
        return _page(form, error), error.http_status
    enter(email, password)
    return redirect(url_for("web.home"), 303)


def _page(form: RegisterForm, error: RequestError | None = None) -> str:
    oidc = current.runtime().settings.oidc
    return render_template("register.html", form=form, error=error, oidc=oidc)
