"""Signing in with the OpenID issuer: there, and back."""

import re

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.errors import HoldfastError
from chat_app.services import identities
from chat_app.services.identities import Arrival, Attempt, CameBack
from chat_app.web import account, attempts
from chat_app.web.blueprint import bp
from chat_app.web.destinations import own_path
from chat_app.web.forms import SignInForm
from chat_app.web.people_forms import ConnectForm
from chat_app.web.sign_in import enter_proven, page

_INVITATION = re.compile(r"/invite/([\w-]+)")


@bp.get("/login/openid")
def begin_openid() -> ResponseReturnValue:
    """To the issuer. A link and no form: the policy holds forms to our own pages."""
    target = own_path(request.args.get("next"))
    try:
        url, attempt = identities.begin(current.runtime())
    except HoldfastError as error:
        return _refused(error, target)
    attempts.keep(attempt, target)
    return redirect(url, 303)


@bp.get("/login/openid/callback")
def end_openid() -> ResponseReturnValue:
    """Back from the issuer, which has the address of this in its list."""
    rt, sent = current.runtime(), request.args.get
    attempt, target = attempts.take(sent("state", ""))
    answer = CameBack(sent("code"), sent("iss"), sent("error"))
    if attempt is not None and attempt.user_id is not None:
        return _connected(attempt, answer)
    invitation = _INVITATION.fullmatch(target or "")
    try:
        arrival = identities.come_back(rt, attempt, answer, invitation and invitation[1])
    except HoldfastError as error:
        return _refused(error, target)
    enter_proven(arrival.user_id, arrival.by)
    return redirect(_place(arrival, target), 303)


@bp.post("/settings/account/connect")
def connect_account() -> ResponseReturnValue:
    """To the issuer, to come back as somebody who is signed in here already."""
    form = ConnectForm()
    try:
        form.check()
        url, attempt = identities.begin_connecting(
            current.runtime(), current.person(), form.text("password")
        )
    except HoldfastError as error:
        return account.page("connect", error), error.http_status
    attempts.keep(attempt, None)
    return redirect(url, 303)


def _connected(attempt: Attempt, answer: CameBack) -> ResponseReturnValue:
    try:
        identities.connect(current.runtime(), current.person(), attempt, answer)
    except HoldfastError as error:
        return account.page("connect", error), error.http_status
    return redirect(url_for("web.show_account", saved="connected"), 303)


def _place(arrival: Arrival, target: str | None) -> str:
    if arrival.is_cleared:
        return url_for("web.show_account", saved="linked")
    if arrival.is_invited:  # the invitation's own page would ask to join again
        return url_for("web.list_channels")
    return own_path(target) or url_for("web.home")


def _refused(error: HoldfastError, target: str | None) -> ResponseReturnValue:
    return page(SignInForm(formdata=None), error, target), error.http_status
