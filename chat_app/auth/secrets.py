"""The secrets that clients hold: made here, kept only as hashes."""

import hashlib
import secrets

TOKEN_PREFIX = "hf_"  # noqa: S105  so that people and scanners recognise one


def new_token() -> str:
    """A fresh token with 256 bits of chance."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored. A token is pure chance, so a plain hash is as good as a slow one."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def new_invitation() -> str:
    """A fresh secret for a link, with 192 bits of chance."""
    return secrets.token_urlsafe(24)


def new_password() -> str:
    """A password for a first sign-in: four groups that can be read aloud."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
