"""Tokens: pure chance, recognisable, stored as hashes."""

from chat_app.auth import secrets


def test_tokens_are_long_different_and_recognisable():
    made = {secrets.new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(token.startswith("hf_") and len(token) >= 40 for token in made)


def test_a_hash_is_the_same_each_time_and_does_not_hold_the_token():
    token = secrets.new_token()
    assert secrets.token_hash(token) == secrets.token_hash(token)
    assert token not in secrets.token_hash(token)
    assert len(secrets.token_hash(token)) == 64


def test_bytes_that_are_no_text_have_a_hash_too():
    assert len(secrets.token_hash("\udcff\udcfe")) == 64


def test_a_first_password_can_be_read_aloud():
    groups = secrets.new_password().split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert not set("".join(groups)) & set("01lio")
