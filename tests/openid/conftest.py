"""An issuer to sign in with, and our side of it."""

from collections.abc import Iterator

import pytest

from chat_app.openid.issuer import Issuer
from chat_app.openid.values import Client, Limits
from tests.openid.fake_issuer import CLIENT_ID, SECRET, FakeIssuer

CALLBACK = "http://127.0.0.1:8000/login/openid/callback"


@pytest.fixture(scope="module")
def served() -> Iterator[FakeIssuer]:
    with FakeIssuer() as fake:
        yield fake


@pytest.fixture
def fake(served: FakeIssuer) -> FakeIssuer:
    served.reset()
    served.person = {"sub": "s1", "email": "Cleo@Example.com", "email_verified": True}
    return served


@pytest.fixture
def issuer(fake: FakeIssuer) -> Issuer:
    return Issuer(client_of(fake))


def client_of(fake: FakeIssuer, **changed: str) -> Client:
    usual = {"issuer": fake.url, "client_id": CLIENT_ID, "secret": SECRET}
    return Client(**{**usual, "redirect_uri": CALLBACK, "name": "Club"} | changed)


def impatient(fake: FakeIssuer) -> Issuer:
    return Issuer(client_of(fake), Limits(connect_s=0.2, read_s=0.2, answer_s=0.2))
