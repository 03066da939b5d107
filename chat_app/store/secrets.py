"""Encryption of what must be kept but never shown: keys, headers, tokens."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unreadable(Exception):
    """It was encrypted with a secret that we no longer have."""


class Cipher:
    """Encrypts with the first secret, decrypts with any: put a new one in front to rotate."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_key(secret)) for secret in secrets])

    def encrypt(self, plain: str) -> bytes:
        return self._fernet.encrypt(plain.encode())

    def decrypt(self, encrypted: bytes) -> str:
        """Raises `Unreadable` when no secret of ours fits, as after its loss."""
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken as error:
            raise Unreadable from error


def _key(secret: str) -> bytes:
    digest = hashlib.sha256(b"holdfast/store/" + secret.encode()).digest()
    return base64.urlsafe_b64encode(digest)
