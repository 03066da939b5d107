"""Secrets at rest: unreadable without the key, readable after it was rotated."""

import pytest

from chat_app.errors import ProviderNotConfigured
from chat_app.store.secrets import Cipher

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
def test_what_no_key_opens_asks_for_the_key_again(encrypted: bytes):
    with pytest.raises(ProviderNotConfigured):
        Cipher([NEW, OLD]).decrypt(encrypted)


def test_a_lost_key_asks_for_the_providers_again():
    with pytest.raises(ProviderNotConfigured, match="SECRET_KEY"):
        Cipher([NEW]).decrypt(Cipher([OLD]).encrypt("sk"))
