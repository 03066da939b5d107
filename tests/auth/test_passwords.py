"""Passwords: argon2id, and a check that tells nothing by its time or by what it takes."""

import pytest

from chat_app.auth import passwords


@pytest.mark.parametrize(
    "password", ["correct horse", "пароль", "密碼密碼密碼", " spaces ", "x" * 1000]
)
def test_a_password_fits_its_own_hash_and_no_other(password: str):
    hashed = passwords.hash_password(password)
    assert hashed.startswith("$argon2id$")
    assert password not in hashed
    assert passwords.is_password(hashed, password)
    assert not passwords.is_password(hashed, password + "x")


def test_the_same_password_has_another_hash_each_time():
    assert passwords.hash_password("x") != passwords.hash_password("x")


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$", "$2b$12$abc"])
def test_a_hash_that_is_none_fits_nothing(stored: str):
    assert not passwords.is_password(stored, "x")


@pytest.mark.parametrize("password", ["", "x", "nobody has this password"])
def test_nobodys_password_fits_nobody(password: str):
    assert not passwords.is_password(None, password)
