"""What an invitation's link leads to: who invites into what, and joining."""

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.access import Person
from chat_app.errors import RequestError, Unauthorized
from chat_app.services import invitations
from chat_app.web.blueprint import bp
from chat_app.web.forms import RegisterForm
from chat_app.web.roles import MEANINGS, ROLES
from chat_app.web.sign_in import enter


@bp.get("/invite/<secret>")
def show_invitation(secret: str) -> ResponseReturnValue:
    return _page(secret, RegisterForm(formdata=None))


@bp.post("/invite/<secret>/join")
def join(secret: str) -> ResponseReturnValue:
    invitations.join(current.runtime(), current.person(), secret)
    return redirect(url_for("web.list_channels"), 303)


@bp.post("/invite/<secret>/register")
def register_invited(secret: str) -> ResponseReturnValue:
    form = RegisterForm()
    email, password, name = form.text("email"), form.text("password"), form.text("name")
    try:
        form.check()
        invitations.register(current.runtime(), secret, email, password, name)
    except RequestError as error:
        return _page(secret, form, error), error.http_status
    enter(email, password)
    return redirect(url_for("web.list_channels"), 303)


def _page(secret: str, form: RegisterForm, error: RequestError | None = None) -> str:
    return render_template(
        "invitation.html",
        secret=secret,
        invited=invitations.look(current.runtime(), secret),
        person=_visitor(),
        roles=ROLES,
        meanings=MEANINGS,
        form=form,
        error=error,
        oidc=current.runtime().settings.oidc,
    )


def _visitor() -> Person | None:
    """Who follows the link, if we know them."""
    try:
        return current.person() if current.SESSION_TOKEN in session else None
    except Unauthorized:
        return None
