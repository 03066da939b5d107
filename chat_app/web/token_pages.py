"""One's own tokens for machines."""

from flask import make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from chat_app import access, current
from chat_app.errors import RequestError
from chat_app.services import tokens
from chat_app.services.tokens import Issued
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.people_forms import TokenForm


@bp.get("/settings/tokens")
def list_tokens() -> ResponseReturnValue:
    return _page(TokenForm(formdata=None))


@bp.post("/settings/tokens")
def create_token() -> ResponseReturnValue:
    person, form = current.person(), TokenForm()
    try:
        form.check()
        scopes, days = tuple(form.scopes.data or ()), access.number(form.text("days"))
        issued = tokens.create(current.runtime(), person, form.text("name"), scopes, days)
    except RequestError as error:
        return _page(form, error)
    return _page(TokenForm(formdata=None), issued=issued)


@bp.post("/settings/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> ResponseReturnValue:
    tokens.revoke_own(current.runtime(), current.person(), token_id)
    return redirect(url_for("web.list_tokens"), 303)


def _page(
    form: TokenForm, error: RequestError | None = None, issued: Issued | None = None
) -> ResponseReturnValue:
    found = tokens.list_tokens(current.runtime(), current.person().id)
    page = shell.page("tokens.html", tokens=found, form=form, error=error, issued=issued)
    response = make_response(page, error.http_status if error else 200)
    if issued is not None:
        response.headers["Cache-Control"] = "no-store"  # the token is shown this once
    return response
