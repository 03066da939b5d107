"""What an issuer publishes about itself: its metadata and its keys. Pure.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

WELL_KNOWN = "/.well-known/openid-configuration"
# Signatures that only the issuer can make: none with a secret that we have, too.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
KEYS_MAX = 100


class Unreadable(Exception):
    """A document that cannot be used; its text says why, for the log."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of the metadata that a sign-in needs. With `wants_iss` each answer names the issuer
    (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_method: str
    algorithms: tuple[str, ...]
    wants_iss: bool


def metadata_of(document: Any, configured: str) -> Metadata:
    """Raises `Unreadable`, also for the metadata of somebody else."""
    if not isinstance(document, dict):
        raise Unreadable("no JSON object")
    issuer = document.get("issuer")
    # The setting has no slash at its end; some issuers do, and their tokens name them with it.
    if not isinstance(issuer, str) or issuer.rstrip("/") != configured:
        raise Unreadable(f"it calls itself {str(issuer)[:200]!r}")
    is_plain = configured.startswith("http://")
    methods = _texts(document, "token_endpoint_auth_methods_supported")
    by_post = "client_secret_post" in methods and "client_secret_basic" not in methods
    told = _texts(document, "id_token_signing_alg_values_supported") or ("RS256",)
    algorithms = tuple(one for one in told if one in ALGORITHMS)
    if not algorithms:  # joserfc would take an empty list for any
        raise Unreadable("it signs with nothing that we take")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_address(document, "authorization_endpoint", is_plain),
        token_endpoint=_address(document, "token_endpoint", is_plain),
        jwks_uri=_address(document, "jwks_uri", is_plain),
        userinfo_endpoint=_address(document, "userinfo_endpoint", is_plain)
        if document.get("userinfo_endpoint")
        else None,
        auth_method="client_secret_post" if by_post else "client_secret_basic",
        algorithms=algorithms,
        wants_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def keys_of(document: Any) -> KeySet:
    """The keys that we can use; an issuer may have others. Raises `Unreadable`."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise Unreadable("no set of keys")
    usable = []
    for key in keys[:KEYS_MAX]:
        try:
            usable.append(import_key(key))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(usable)


def _address(document: dict[str, Any], name: str, is_plain: bool) -> str:
    found = document.get(name)
    schemes = ("https://", "http://") if is_plain else ("https://",)
    if not isinstance(found, str) or not found.startswith(schemes):
        raise Unreadable(f"its {name} is no https address")
    return found


def _texts(document: dict[str, Any], name: str) -> tuple[str, ...]:
    found = document.get(name)
    return tuple(map(str, found)) if isinstance(found, list) else ()
