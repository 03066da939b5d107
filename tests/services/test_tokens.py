"""Signing in: who comes in, for how long, and what is forgotten."""

from datetime import timedelta

import pytest

from chat_app.auth import secrets
from chat_app.errors import InvalidRequest, Unauthorized
from chat_app.runtime import Runtime
from chat_app.services import tokens, users
from chat_app.store.base import now
from chat_app.store.tokens import TokenRow
from chat_app.store.workspaces import WorkspaceMemberRow, WorkspaceRow
from tests.conftest import ADMIN, PASSWORD


def stored(rt: Runtime) -> list[TokenRow]:
    with rt.db.reading() as session:
        return list(session.query(TokenRow).order_by(TokenRow.id))


def test_a_browsers_token_lasts_a_month_and_a_programs_a_week(rt: Runtime):
    for kind, days in (("session", tokens.SESSION_DAYS), ("login", tokens.LOGIN_TOKEN_DAYS)):
        row = tokens.sign_in(rt, ADMIN, PASSWORD, kind).row
        assert row.kind == kind
        assert row.expires_at is not None
        assert abs(row.expires_at - now() - timedelta(days=days)) < timedelta(minutes=1)


def test_only_the_hash_is_kept(rt: Runtime):
    issued = tokens.sign_in(rt, ADMIN, PASSWORD, "login")
    (row,) = stored(rt)
    assert row.token_hash == secrets.token_hash(issued.secret)


def test_signing_in_forgets_what_has_expired(rt: Runtime):
    old = tokens.sign_in(rt, ADMIN, PASSWORD, "login")
    with rt.db.transaction() as session:
        session.get_one(TokenRow, old.row.id).expires_at = now() - timedelta(seconds=1)
    new = tokens.sign_in(rt, ADMIN, PASSWORD, "login")
    assert [row.id for row in stored(rt)] == [new.row.id]


def test_a_token_notes_when_it_was_used_and_not_each_time(rt: Runtime):
    issued = tokens.sign_in(rt, ADMIN, PASSWORD, "login")
    tokens.identify(rt, issued.secret)
    (first,) = stored(rt)
    tokens.identify(rt, issued.secret)
    (again,) = stored(rt)
    assert first.last_used_at is not None
    assert again.last_used_at == first.last_used_at


def test_who_is_identified_has_the_roles_and_scopes_that_are_theirs(rt: Runtime):
    users.create(rt, "ana@example.com", PASSWORD, "Ana", "viewer")
    user = tokens.owner_of(rt, "ana@example.com")
    person = tokens.identify(rt, tokens.issue(rt, user.id, "x", ("read",), 1).secret)
    assert (person.roles, person.scopes) == ({1: "viewer"}, {"read"})
    assert (person.is_operator, person.home) == (False, 1)


def test_one_is_at_home_in_the_oldest_of_ones_workspaces_and_known_without_any(rt: Runtime):
    users.create(rt, "ana@example.com", PASSWORD, "Ana", "viewer")
    user = tokens.owner_of(rt, "ana@example.com")
    secret = tokens.issue(rt, user.id, "x", ("read",), 1).secret
    with rt.db.transaction() as session:
        session.add(elsewhere := WorkspaceRow(name="Elsewhere"))
        session.flush()
        member = WorkspaceMemberRow(workspace_id=elsewhere.id, user_id=user.id, role="owner")
        session.add(member)
    person = tokens.identify(rt, secret)
    assert (person.roles, person.home) == ({1: "viewer", elsewhere.id: "owner"}, 1)
    with rt.db.transaction() as session:
        for workspace_id in person.roles:
            session.delete(session.get_one(WorkspaceMemberRow, (workspace_id, user.id)))
    assert tokens.identify(rt, secret).roles == {}


@pytest.mark.parametrize("secret", ["", "hf_x", "\udcff", "x" * 100_000])
def test_what_is_no_token_identifies_nobody(rt: Runtime, secret: str):
    with pytest.raises(Unauthorized):
        tokens.identify(rt, secret)


@pytest.mark.parametrize(
    ("scopes", "days"), [((), 1), (("all",), 1), (("read",), 0), (("read",), 9999)]
)
def test_a_token_has_known_scopes_and_a_sensible_end(
    rt: Runtime, scopes: tuple[str, ...], days: int
):
    with pytest.raises(InvalidRequest):
        tokens.issue(rt, 1, "x", scopes, days)


def test_signing_out_twice_is_fine(rt: Runtime):
    issued = tokens.sign_in(rt, ADMIN, PASSWORD, "login")
    for _ in range(2):
        tokens.sign_out(rt, issued.secret)
    assert stored(rt) == []
