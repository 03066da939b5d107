"""Password hashes (argon2id, RFC 9106)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from chat_app.errors import InvalidRequest

PASSWORD_MIN_CHARS = 8
PASSWORD_MAX_CHARS = 200

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def checked(password: str, field: str = "password") -> str:
    """The password itself. Raises `InvalidRequest` when it is too short or too long."""
    low, high = PASSWORD_MIN_CHARS, PASSWORD_MAX_CHARS
    if not low <= len(password) <= high:
        raise InvalidRequest(f"A password has {low} to {high} characters.", field=field)
    return password


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes as long when there is no such person (None)."""
    try:
        return _hasher.verify(password_hash or _NOBODY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


# A hash with the parameters above, written down since making it takes a tenth of a second.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$xE3GDfzWKMyIv/RUba+"
    "T4w$5p1iPAyWs+Lp6+LMlRv18MRsR/kgRLOYHnC84YH4/oc"
)
