"""Providers: where the models are. For operators."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.access import Person
from chat_app.errors import HoldfastError, RequestError
from chat_app.services import providers
from chat_app.web import shell
from chat_app.web.blueprint import bp
from chat_app.web.provider_form import ADDRESSES, ProviderForm

LIST = "web.list_providers"
MODELS_SHOWN = 100


@bp.get("/settings/providers")
def list_providers() -> ResponseReturnValue:
    _operator()
    found = providers.list_providers(current.runtime())
    return shell.page("providers.html", section=LIST, providers=found)


@bp.get("/settings/providers/new")
def new_provider() -> ResponseReturnValue:
    return _page(ProviderForm(data={"enabled": True, "serve": True}))


@bp.post("/settings/providers/new")
def create_provider() -> ResponseReturnValue:
    rt, person, form = current.runtime(), _operator(), ProviderForm()
    try:
        made = providers.create(rt, person, form.fields())
    except RequestError as error:
        return _page(form, error=error), error.http_status
    if form.serve.data:
        providers.serve_those_in_need(rt, person, made.id)
    return redirect(url_for("web.show_provider", provider_id=made.id, saved=1), 303)


@bp.get("/settings/providers/<provider_id>")
def show_provider(provider_id: str) -> ResponseReturnValue:
    return _stored(provider_id)


@bp.post("/settings/providers/<provider_id>")
def change_provider(provider_id: str) -> ResponseReturnValue:
    rt, person, form = current.runtime(), _operator(), ProviderForm()
    try:
        providers.update(rt, person, provider_id, form.fields())
    except RequestError as error:
        page = _page(form, provider=providers.get(rt, provider_id), error=error)
        return page, error.http_status
    return redirect(url_for("web.show_provider", provider_id=provider_id, saved=1), 303)


@bp.post("/settings/providers/<provider_id>/test")
def test_provider(provider_id: str) -> ResponseReturnValue:
    """Whether it answers; what is wrong where it does not is what was asked for, no refusal."""
    person = _operator()
    try:
        check = providers.check(current.runtime(), person, provider_id)
    except HoldfastError as error:
        if isinstance(error, RequestError):
            raise
        return _stored(provider_id, test_error=error)
    return _stored(provider_id, check=check)


@bp.post("/settings/providers/<provider_id>/delete")
def delete_provider(provider_id: str) -> ResponseReturnValue:
    providers.delete(current.runtime(), current.person(), provider_id)
    return redirect(url_for(LIST), 303)


def _operator() -> Person:
    """Who asks, if they may. Raises `AccessDenied`."""
    person = current.person()
    person.must_operate()
    return person


def _stored(provider_id: str, **shown: Any) -> str:
    _operator()
    provider = providers.get(current.runtime(), provider_id)
    return _page(ProviderForm(obj=provider), provider=provider, **shown)


def _page(form: ProviderForm, **shown: Any) -> str:
    nothing = dict.fromkeys(("provider", "error", "check", "test_error"))
    return shell.page(
        "provider.html",
        section=LIST,
        form=form,
        addresses=ADDRESSES,
        in_need=providers.count_in_need(current.runtime(), _operator()),
        models_shown=MODELS_SHOWN,
        saved="saved" in request.args,
        **nothing | shown,
    )
