"""Reading ID tokens: who signed them, for whom, when, and for which sign-in. Pure.

https://openid.net/specs/openid-connect-core-1_0.html, section 3.1.3.7
"""

from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from chat_app.openid.documents import Metadata

# How far the issuer's clock may be from ours.
SKEW_S = 120


def claims_of(id_token: str, keys: KeySet, algorithms: tuple[str, ...]) -> jwt.Token:
    """The token, if one of these keys signed it. Raises joserfc's `JoseError`, `ValueError`."""
    registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
    return jwt.decode(id_token, keys, registry=registry)


def check(
    token: jwt.Token, metadata: Metadata, client_id: str, nonce: str, access_token: str
) -> dict[str, Any]:
    """The claims, if they are for this client and this sign-in, and of now.

    Raises joserfc's `JoseError`; `ExpiredTokenError`, and an `InvalidClaimError` of `iat` or `nbf`,
    mean that the time is not ours.
    """
    options = {
        "iss": {"essential": True, "value": metadata.issuer},
        # Authlib by itself would take a token for others that names us as its `azp`.
        "aud": {"essential": True, "value": client_id},
    }
    # For Ed25519 Authlib knows no hash, and refuses `at_hash`, which is optional in this flow.
    is_known = not str(token.header.get("alg")).startswith("Ed")
    params = {"client_id": client_id, "nonce": nonce, "access_token": is_known and access_token}
    claims = CodeIDToken(token.claims, token.header, options, params)
    claims.validate(leeway=SKEW_S)
    return dict(claims)
