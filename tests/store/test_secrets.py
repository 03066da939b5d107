"""Secrets at rest: unreadable without the key, readable after it was rotated."""

import pytest

from chat_app.store.secrets import Cipher, Unreadable

OLD, NEW = "the old secret key", "the new secret key"


def test_what_was_encrypted_is_read_again_and_does_not_show():
    encrypted = Cipher([OLD]).encrypt("sk-ключ")
    assert Cipher([OLD]).decrypt(encrypted) == "sk-ключ"
    assert "sk-ключ".encode() not in encrypted


def test_the_same_secret_twice_does_not_look_the_same():
    assert Cipher([OLD]).encrypt("sk") != Cipher([OLD]).encrypt("sk")


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote():
    encrypted = Cipher([OLD]).encrypt("sk")
    assert Cipher([NEW, OLD]).decrypt(encrypted) == "sk"


def test_new_secrets_are_written_with_the_first_key():
    encrypted = Cipher([NEW, OLD]).encrypt("sk")
    assert Cipher([NEW]).decrypt(encrypted) == "sk"


@pytest.mark.parametrize("encrypted", [b"", b"x", Cipher([OLD]).encrypt("sk")[:-1]])
def test_what_no_key_opens_is_unreadable(encrypted: bytes):
    with pytest.raises(Unreadable):
        Cipher([NEW, OLD]).decrypt(encrypted)


def test_what_a_lost_key_wrote_is_unreadable():
    with pytest.raises(Unreadable):
        Cipher([NEW]).decrypt(Cipher([OLD]).encrypt("sk"))
