"""Providers: the operator's endpoints for models."""

from typing import Any

from chat_app import audit
from chat_app.access import Person, number
from chat_app.errors import Conflict, InvalidRequest, ProviderNotConfigured, ProviderNotFound
from chat_app.providers.values import Endpoint, ProviderCheck
from chat_app.runtime import Runtime
from chat_app.store.agents import agents_without_model
from chat_app.store.db import Session
from chat_app.store.providers import ProviderRow, all_providers, provider_by_name
from chat_app.store.tool_servers import system_servers, withdraw_server
from chat_app.tools.values import DEMO


def list_providers(rt: Runtime) -> list[ProviderRow]:
    with rt.db.reading() as session:
        return all_providers(session)


def get(rt: Runtime, ref: str | int) -> ProviderRow:
    """The provider with this id or this name. Raises `ProviderNotFound`."""
    with rt.db.reading() as session:
        return _find(session, ref)


def create(rt: Runtime, person: Person, fields: dict[str, Any]) -> ProviderRow:
    """Raises `AccessDenied`, `Conflict` for a name that is taken."""
    person.must_operate()
    with rt.db.transaction() as session:
        _check_name(session, fields["name"], None)
        row = ProviderRow()
        _fill(rt, row, fields)
        session.add(row)
        session.flush()
        audit.note(session, person, "provider_made", row.name)
        return row


def update(rt: Runtime, person: Person, ref: str | int, changes: dict[str, Any]) -> ProviderRow:
    """Raises `AccessDenied`, `ProviderNotFound`, `Conflict`."""
    person.must_operate()
    with rt.db.transaction() as session:
        row = _find(session, ref)
        if "name" in changes:
            _check_name(session, changes["name"], row.id)
        moves = changes.get("base_url", row.base_url) != row.base_url
        if moves and row.has_key and "api_key" not in changes:
            # A key goes only to the address it was given for.
            raise InvalidRequest("Give the key again for the new address.", field="api_key")
        _fill(rt, row, changes)
        audit.note(session, person, "provider_changed", row.name)
        return row


def delete(rt: Runtime, person: Person, ref: str | int) -> None:
    """Its agents stay, and say `provider_not_configured` until they get another."""
    person.must_operate()
    with rt.db.transaction() as session:
        session.delete(row := _find(session, ref))
        audit.note(session, person, "provider_deleted", row.name)


def check(rt: Runtime, person: Person, ref: str | int) -> ProviderCheck:
    """Ask the provider for a word. Raises `AccessDenied` or what is wrong as a provider error."""
    person.must_operate()
    row = get(rt, ref)
    if not row.default_model:
        raise ProviderNotConfigured("Set the provider's default model first.")
    return rt.providers.check(rt.planner.endpoint(row), row.default_model)


def check_new(rt: Runtime, person: Person, fields: dict[str, Any]) -> ProviderCheck:
    """As `check`, for a provider that is not stored yet."""
    person.must_operate()
    endpoint = Endpoint(fields["base_url"], fields.get("api_key"))
    return rt.providers.check(endpoint, fields["default_model"])


def count_in_need(rt: Runtime, person: Person) -> int:
    """How many agents talk to the demo, or to no model at all. Raises `AccessDenied`."""
    person.must_operate()
    with rt.db.reading() as session:
        return len(agents_without_model(session, _demo_ids(session)))


def serve_those_in_need(rt: Runtime, person: Person, ref: str | int) -> None:
    """Give this provider to the agents that talk to the demo, or to no model at all.

    The built-in tools go, for not every model takes tools. Raises `AccessDenied`,
    `ProviderNotFound`.
    """
    person.must_operate()
    with rt.db.transaction() as session:
        provider = _find(session, ref)
        for agent in agents_without_model(session, _demo_ids(session)):
            agent.provider_id, agent.model = provider.id, None
            audit.note(session, person, "agent_changed", agent.name, agent.workspace_id)
        for server in system_servers(session):
            if server.transport == DEMO:
                withdraw_server(session, server.id)


def _demo_ids(session: Session) -> list[int]:
    return [provider.id for provider in all_providers(session) if provider.is_demo]


def _find(session: Session, ref: str | int) -> ProviderRow:
    provider_id = number(ref)
    by_id = session.get(ProviderRow, provider_id) if provider_id is not None else None
    by_name = None if "\0" in str(ref) else provider_by_name(session, str(ref))
    found = by_id or by_name
    if found is None:
        raise ProviderNotFound
    return found


def _check_name(session: Session, name: str, own_id: int | None) -> None:
    same = provider_by_name(session, name)
    if same is not None and same.id != own_id:
        raise Conflict("There is a provider with this name already.", field="name")


def _fill(rt: Runtime, row: ProviderRow, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name == "api_key":
            row.api_key_encrypted = rt.cipher.encrypt(value) if value else None
        else:
            setattr(row, name, value)
