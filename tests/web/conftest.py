"""People at their browsers, in one installation that all these tests share.

Making one, and signing in to it, costs a second: so each test works in a channel of its own.
"""

from collections.abc import Iterator

import pytest
from flask import Flask

from chat_app.store.providers import ProviderRow
from tests.clients import Client, People
from tests.conftest import ADMIN, PASSWORD
from tests.fakes import FakeProvider
from tests.houses import House, built_at
from tests.template import Template
from tests.web.visitor import Visitor


@pytest.fixture(scope="session")
def built(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with built_at(template.copy("sqlite", tmp_path_factory.mktemp("house"))) as house:
        yield house


@pytest.fixture(scope="session")
def cookies(built: House) -> dict[str, str]:
    """The session cookies of people who signed in through the form, by address."""
    emails = (ADMIN, "member@example.com", "viewer@example.com", "stranger@example.com")
    return {email: _signed_in(built.app, email) for email in emails}


def _signed_in(app: Flask, email: str) -> str:
    visitor = Visitor(app)
    assert visitor.sign_in(email, PASSWORD).status_code == 303
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    return cookie.value


@pytest.fixture
def app(built: House, fake: FakeProvider) -> Flask:
    """The installation as it was in the beginning, but for what people said in their channels."""
    with built.rt.db.transaction() as session:
        provider = session.get_one(ProviderRow, 1)
        provider.base_url, provider.enabled = fake.base_url, True
    for limiter in built.app.extensions["limiter"]:
        limiter.reset()
    return built.app


@pytest.fixture
def people(app: Flask, built: House) -> People:
    return built.people


@pytest.fixture
def channel(owner: Client) -> int:
    """A new channel of Ada's, without a word in it."""
    return owner.channel(title="Harbour")


@pytest.fixture
def path(channel: int) -> str:
    """Where that channel is."""
    return f"/channels/{channel}"


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Nobody in particular."""
    return Visitor(app)


@pytest.fixture
def ada(app: Flask, cookies: dict[str, str]) -> Visitor:
    """The owner of the workspace and operator, signed in."""
    return Visitor(app, cookies[ADMIN])


@pytest.fixture
def member(app: Flask, cookies: dict[str, str]) -> Visitor:
    """A member of the workspace who is in none of its channels, signed in."""
    return Visitor(app, cookies["member@example.com"])


@pytest.fixture
def viewer(app: Flask, cookies: dict[str, str]) -> Visitor:
    """Somebody who may only read, signed in."""
    return Visitor(app, cookies["viewer@example.com"])


@pytest.fixture
def stranger(app: Flask, cookies: dict[str, str]) -> Visitor:
    """Somebody of another workspace, signed in."""
    return Visitor(app, cookies["stranger@example.com"])
