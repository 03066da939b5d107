"""People: how they come in, their role, their password."""

import pytest

from chat_app.errors import Conflict, InvalidRequest, Unauthorized, UserNotFound
from chat_app.runtime import Runtime
from chat_app.services import tokens, users
from tests.conftest import ADMIN, PASSWORD


def test_addresses_are_compared_without_case_or_space(rt: Runtime):
    made = users.create(rt, "  Ana@Example.com ", PASSWORD, "Ana", "member")
    assert made.email == "ana@example.com"
    with pytest.raises(Conflict):
        users.create(rt, "ANA@example.com", PASSWORD, "Ana", "member")


@pytest.mark.parametrize("role", ["", "boss", "Owner"])
def test_a_role_is_one_of_ours(rt: Runtime, role: str):
    with pytest.raises(InvalidRequest):
        users.create(rt, "ana@example.com", PASSWORD, None, role)


@pytest.mark.parametrize("password", ["", "seven77", "x" * 201])
def test_a_password_is_neither_short_nor_endless(rt: Runtime, password: str):
    with pytest.raises(InvalidRequest):
        users.create(rt, "ana@example.com", password, None, "member")
    with pytest.raises(InvalidRequest):
        users.set_password(rt, ADMIN, password)


def test_a_new_password_takes_the_place_of_the_old(rt: Runtime):
    users.set_password(rt, ADMIN, "another one")
    tokens.sign_in(rt, ADMIN, "another one", "login")
    with pytest.raises(Unauthorized):
        tokens.sign_in(rt, ADMIN, PASSWORD, "login")


def test_nobody_has_no_password_to_set(rt: Runtime):
    with pytest.raises(UserNotFound):
        users.set_password(rt, "no@example.com", PASSWORD)
