"""Providers: the operator's endpoints for models."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from chat_app import current
from chat_app.api import reading
from chat_app.api.schemas.base import show
from chat_app.api.schemas.providers import ProviderChanges, ProviderIn, ProviderOut
from chat_app.services import providers

bp = Blueprint("providers", __name__, url_prefix="/api/providers")


@bp.get("")
def list_providers() -> ResponseReturnValue:
    current.person()
    found = providers.list_providers(current.runtime())
    return {"items": [show(ProviderOut, provider) for provider in found], "next": None}


@bp.post("")
def create_provider() -> ResponseReturnValue:
    person = current.person()
    provider = providers.create(current.runtime(), person, reading.body(ProviderIn).given())
    return show(ProviderOut, provider), 201


@bp.get("/<provider_id>")
def get_provider(provider_id: str) -> ResponseReturnValue:
    current.person()
    return show(ProviderOut, providers.get(current.runtime(), provider_id))


@bp.patch("/<provider_id>")
def update_provider(provider_id: str) -> ResponseReturnValue:
    person, changes = current.person(), reading.body(ProviderChanges).given()
    return show(ProviderOut, providers.update(current.runtime(), person, provider_id, changes))


@bp.delete("/<provider_id>")
def delete_provider(provider_id: str) -> ResponseReturnValue:
    providers.delete(current.runtime(), current.person(), provider_id)
    return "", 204


@bp.post("/<provider_id>/test")
def test_provider(provider_id: str) -> ResponseReturnValue:
    found = providers.check(current.runtime(), current.person(), provider_id)
    return {
        "ok": True,
        "model": found.model,
        "first_token_ms": found.first_token_ms,
        "models": found.models,
    }
