"""Signing in with a real issuer over real sockets: what it proves, and what it may get wrong."""

import base64
import hashlib
import json
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from chat_app.errors import AccessDenied, IssuerUnavailable
from chat_app.openid.documents import ALGORITHMS, Unreadable, keys_of, metadata_of
from chat_app.openid.issuer import ATTEMPT_S, Issuer
from chat_app.openid.values import CameBack, Limits
from tests.openid.conftest import client_of, impatient
from tests.openid.fake_issuer import SECRET, WELL_KNOWN


def there_and_back(fake, issuer):
    """A whole sign-in; who it proves."""
    url, attempt = issuer.begin()
    return issuer.come_back(attempt, answer_of(fake.visit(url)))


def in_base64(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def answer_of(url):
    sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return CameBack(sent.get("code"), sent.get("iss"), sent.get("error"))


def test_a_sign_in_proves_who_somebody_is(fake, issuer):
    fake.person["name"] = "Cleo"
    proven = there_and_back(fake, issuer)
    assert (proven.issuer, proven.subject) == (fake.url, "s1")
    assert (proven.email, proven.is_email_verified, proven.name) == (
        "Cleo@Example.com",
        True,
        "Cleo",
    )


def test_every_sign_in_has_chances_of_its_own(issuer):
    (first_url, first), (second_url, second) = issuer.begin(), issuer.begin()
    assert not {first.state, first.nonce, first.verifier} & {second.state, second.nonce}
    assert first.verifier not in first_url
    assert first.state in first_url
    assert first_url != second_url


def test_what_is_published_is_asked_for_once(fake, issuer):
    for _ in range(3):
        there_and_back(fake, issuer)
    assert (fake.seen[WELL_KNOWN], fake.seen["/jwks"], fake.seen["/token"]) == (1, 1, 3)


def test_what_is_published_is_asked_for_again_once_it_is_old(fake):
    issuer = Issuer(client_of(fake), Limits(kept_s=0.0))
    there_and_back(fake, issuer)
    assert fake.seen[WELL_KNOWN] == 2


def test_a_new_key_is_fetched_when_a_token_has_it(fake, issuer):
    there_and_back(fake, issuer)
    fake.rotate()
    assert there_and_back(fake, issuer).subject == "s1"
    assert fake.seen["/jwks"] == 2


def test_a_key_that_nobody_published_signs_nobody_in(fake, issuer):
    there_and_back(fake, issuer)
    fake.answers["/jwks"] = fake.jwks()
    fake.rotate()
    with pytest.raises(AccessDenied, match="cannot be used"):
        there_and_back(fake, issuer)


WRONG_CLAIMS = {
    "of another issuer": {"iss": "https://evil.example"},
    "for another client": {"aud": "other"},
    "for another client that names us": {"aud": "other", "azp": "holdfast"},
    "for two, of whom another was meant": {"aud": ["holdfast", "other"], "azp": "other"},
    "of another sign-in": {"nonce": "another"},
    "of no sign-in": {"nonce": None},
    "of nobody": {"sub": None},
    "of an empty name": {"sub": ""},
    "of a long name": {"sub": "s" * 256},
    "of a name that cannot be stored": {"sub": "s\0"},
    "of a number": {"sub": 7},
    "without an end": {"exp": None},
    "with another access token": {"at_hash": "AAAA"},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
def test_a_token_that_is_not_for_this_sign_in_is_refused(fake, issuer, claims):
    fake.claims = claims
    with pytest.raises(AccessDenied, match=r"The sign-in of Club sent a token that cannot"):
        there_and_back(fake, issuer)


@pytest.mark.parametrize("claims", [{"exp": -200}, {"iat": 200}, {"nbf": 200}])
def test_clocks_that_differ_by_minutes_are_named(fake, issuer, claims):
    fake.claims = {name: int(time.time()) + skew for name, skew in claims.items()}
    with pytest.raises(AccessDenied, match="clocks"):
        there_and_back(fake, issuer)


@pytest.mark.parametrize("claims", [{"exp": -60}, {"iat": 60}, {"nbf": 60}])
def test_a_clock_may_be_a_minute_off(fake, issuer, claims):
    fake.claims = {name: int(time.time()) + skew for name, skew in claims.items()}
    assert there_and_back(fake, issuer).subject == "s1"


FORGERIES = {
    "with the secret that we share": lambda claims: jwt.encode({"alg": "HS256"}, claims, SHARED),
    "by nobody": lambda claims: f"{in_base64({'alg': 'none'})}.{in_base64(claims)}.",
    "by a stranger": lambda claims: jwt.encode({"alg": "RS256"}, claims, STRANGER),
    "not at all": lambda claims: "not a token",
    "in no way known": lambda claims: "eyJhbGciOiJYIn0.e30.AA",
}
SHARED = OctKey.import_key(SECRET)
STRANGER = RSAKey.generate_key(2048)


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_token_that_the_issuer_did_not_sign_is_refused(fake, issuer, forge):
    fake.forge = forge
    with pytest.raises(AccessDenied, match="cannot be used"):
        there_and_back(fake, issuer)


def test_a_code_is_good_for_the_browser_that_began_and_for_once(fake, issuer):
    url, attempt = issuer.begin()
    _, other = issuer.begin()
    answer = answer_of(fake.visit(url))
    with pytest.raises(AccessDenied, match="start again"):
        issuer.come_back(other, answer)  # the code came into other hands: they lack the verifier
    again = answer_of(fake.visit(url))
    assert issuer.come_back(attempt, again).subject == "s1"
    with pytest.raises(AccessDenied, match="start again"):
        issuer.come_back(attempt, again)


def test_a_sign_in_that_began_long_ago_is_over(fake, issuer):
    url, attempt = issuer.begin()
    late = replace(attempt, begun_at=int(time.time()) - ATTEMPT_S - 1)
    with pytest.raises(AccessDenied, match="expired"):
        issuer.come_back(late, answer_of(fake.visit(url)))
    assert fake.seen["/token"] == 0


def test_who_says_no_is_not_signed_in_and_quoted_nowhere(fake, issuer):
    fake.denies = True
    with pytest.raises(AccessDenied) as refused:
        there_and_back(fake, issuer)
    assert refused.value.message == "You were not signed in at Club."


def test_an_answer_of_another_issuer_is_refused(fake, issuer):
    _, attempt = issuer.begin()
    with pytest.raises(AccessDenied, match="did not come from"):
        issuer.come_back(attempt, CameBack("code", "https://evil.example", None))
    fake.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(AccessDenied, match="did not come from"):
        Issuer(client_of(fake)).come_back(attempt, CameBack("code", None, None))


@pytest.mark.parametrize("aud", [["holdfast"], ["holdfast", "other"]])
def test_a_token_may_be_for_others_too_if_it_was_made_for_us(fake, issuer, aud):
    fake.claims = {"aud": aud, "azp": "holdfast"}
    assert there_and_back(fake, issuer).subject == "s1"


def test_a_hash_of_the_access_token_is_checked_where_there_is_one(fake, issuer):
    digest = hashlib.sha256(b"token").digest()[:16]
    half = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    fake.on_exchange = lambda answer: answer | {"access_token": "token"}
    fake.claims = {"at_hash": half}
    assert there_and_back(fake, issuer).subject == "s1"


def test_a_token_signed_with_ed25519_is_good(fake):
    key = OKPKey.generate_key("Ed25519", {"kid": "ed"})
    fake.metadata = {"id_token_signing_alg_values_supported": ["Ed25519"]}
    fake.answers["/jwks"] = (200, {"keys": [key.as_dict(private=False)]})
    fake.claims = {"at_hash": "AAAA"}
    fake.forge = lambda claims: jwt.encode(
        {"alg": "Ed25519", "kid": "ed"}, claims, key, algorithms=["Ed25519"]
    )
    assert there_and_back(fake, Issuer(client_of(fake))).subject == "s1"


def test_an_issuer_that_wants_the_secret_in_the_body_gets_it_there(fake):
    fake.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert there_and_back(fake, Issuer(client_of(fake))).subject == "s1"


def test_an_address_is_verified_by_whoever_names_it(fake, issuer):
    thin = {"sub": "s1", "email": "cleo@example.com", "email_verified": False}
    fake.person = {"sub": "s1", "email_verified": True, "userinfo": thin}
    assert not there_and_back(fake, issuer).is_email_verified


def test_what_a_thin_token_lacks_is_asked_for(fake, issuer):
    about = {"sub": "s1", "email": "cleo@example.com", "email_verified": "true"}
    fake.person = {"sub": "s1", "userinfo": about}
    proven = there_and_back(fake, issuer)
    assert (proven.email, proven.is_email_verified) == ("cleo@example.com", True)
    fake.person = {"sub": "s1", "userinfo": about | {"sub": "s2"}}
    with pytest.raises(AccessDenied, match="cannot be used"):
        there_and_back(fake, issuer)


@pytest.mark.parametrize("said", [False, None, "false", "yes", 1])
def test_an_email_is_verified_only_where_the_issuer_says_so(fake, issuer, said):
    fake.person["email_verified"] = said
    assert not there_and_back(fake, issuer).is_email_verified


def test_a_refused_exchange_is_a_sentence(fake):
    issuer = Issuer(client_of(fake, secret="of long ago"))
    with pytest.raises(AccessDenied, match="did not accept this"):
        there_and_back(fake, issuer)


PATHS = (WELL_KNOWN, "/jwks", "/token")
BROKEN = ((500, {}), (404, {}), (302, {}), (200, []), (200, {"keys": "x" * 300_000}))


@pytest.mark.parametrize("path", PATHS)
def test_an_issuer_that_is_broken_is_told_as_that(fake, path):
    for said in BROKEN:
        fake.answers[path] = said
        with pytest.raises((IssuerUnavailable, AccessDenied)) as refused:
            there_and_back(fake, Issuer(client_of(fake)))
        assert refused.value.message.startswith("The sign-in of Club ")


def test_an_issuer_that_is_down_is_told_as_that(fake):
    nobody = Issuer(client_of(fake, issuer="http://127.0.0.1:1"))
    with pytest.raises(IssuerUnavailable, match="cannot be reached"):
        nobody.begin()


def test_an_issuer_that_hangs_is_waited_for_no_longer_than_it_may(fake):
    fake.stalled = True
    with pytest.raises(IssuerUnavailable, match="in time"):
        impatient(fake).begin()


RIGHT = {
    "issuer": "https://club.example/",
    "authorization_endpoint": "https://club.example/a",
    "token_endpoint": "https://club.example/t",
    "jwks_uri": "https://club.example/k",
}


def test_metadata_may_name_the_issuer_with_a_slash():
    found = metadata_of(RIGHT, "https://club.example")
    assert found.issuer == "https://club.example/"
    assert (found.algorithms, found.auth_method) == (("RS256",), "client_secret_basic")


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://club.example/t"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": 7},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    ],
)
def test_metadata_that_lead_astray_are_refused(wrong):
    with pytest.raises(Unreadable):
        metadata_of(RIGHT | wrong, "https://club.example")


def test_no_algorithm_is_taken_whose_key_we_have_too():
    told = {"id_token_signing_alg_values_supported": ["none", "HS256", "ES256"]}
    assert metadata_of(RIGHT | told, "https://club.example").algorithms == ("ES256",)
    assert not {"none", "HS256"} & set(ALGORITHMS)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}])
def test_keys_that_are_none_are_refused(document):
    with pytest.raises(Unreadable):
        keys_of(document)


def test_a_key_that_nobody_knows_does_not_hide_the_others():
    keys = [None, {"kty": "?"}, {"kty": "RSA"}, STRANGER.as_dict(private=False)]
    assert len(keys_of({"keys": keys}).keys) == 1
