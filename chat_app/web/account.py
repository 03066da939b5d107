"""One's own account: name, password, sign-ins, theme and language."""

from flask import Response, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError, RequestError
from chat_app.services import account, identities
from chat_app.web import choices, headers, languages, shell, shortcuts, themes
from chat_app.web.blueprint import bp
from chat_app.web.people_forms import ConnectForm, NameForm, PasswordForm

SAVED = ("name", "password", "looks", "session", "linked", "connected")


@bp.get("/settings/account")
def show_account() -> ResponseReturnValue:
    return page(saved=request.args.get("saved"))


@bp.post("/settings/account/name")
def rename() -> ResponseReturnValue:
    person, form = current.person(), NameForm()
    try:
        form.check()
        account.rename(current.runtime(), person, form.text("name"))
    except RequestError as error:
        return page("name", error, name=form), error.http_status
    return _saved("name")


@bp.post("/settings/account/password")
def change_password() -> ResponseReturnValue:
    person, secret, form = current.person(), current.secret(), PasswordForm()
    old, new = form.text("current_password"), form.text("new_password")
    try:
        form.check()
        account.change_password(current.runtime(), person, secret, old, new)
    except RequestError as error:
        return page("password", error), error.http_status
    return _saved("password")


@bp.post("/settings/account/looks")
def change_looks() -> ResponseReturnValue:
    current.person()
    response = _saved("looks")
    theme = request.form.get("theme")
    choices.keep(response, themes.COOKIE, theme, themes.THEMES.keys() - {themes.SYSTEM})
    choices.keep(response, languages.COOKIE, request.form.get("language"), languages.LANGUAGES)
    keys = None if "shortcuts" in request.form else shortcuts.OFF
    choices.keep(response, shortcuts.COOKIE, keys, (shortcuts.OFF,))
    return response


@bp.post("/settings/account/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    account.end_session(current.runtime(), current.person(), session_id)
    return _saved("session")


@bp.post("/settings/account/sign-out-everywhere")
def sign_out_everywhere() -> ResponseReturnValue:
    account.end_all(current.runtime(), current.person())
    session.clear()
    return redirect(url_for("web.sign_in"), 303)


def _saved(what: str) -> Response:
    return make_response(redirect(url_for("web.show_account", saved=what), 303))


def page(
    wrong: str | None = None,
    error: HoldfastError | None = None,
    name: NameForm | None = None,
    saved: str | None = None,
) -> Response:
    """The page, with what was `wrong` in which of its parts."""
    rt, person = current.runtime(), current.person()
    html = shell.page(
        "account.html",
        wrong=wrong,
        error=error,
        saved=saved if saved in SAVED else None,
        name=name or NameForm(formdata=None, obj=person),
        password=PasswordForm(formdata=None),
        connect=ConnectForm(formdata=None),
        themes=themes.THEMES,
        chosen_language=request.cookies.get(languages.COOKIE),
        has_password=account.has_password(rt, person),
        identities=identities.list_own(rt, person),
        oidc=rt.settings.oidc,
        sessions=account.sessions(rt, person, current.secret()),
    )
    response = make_response(html)
    return headers.let_forms_out(response) if rt.settings.oidc else response
