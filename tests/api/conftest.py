"""One installation a module, one scripted provider a test.

Making an installation costs half a second, and these tests are many: so they share one, and each
works in channels of its own.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from chat_app.store.providers import ProviderRow
from tests.clients import Client, People
from tests.fakes import FakeProvider
from tests.houses import Caller, House, address_for, built_at
from tests.listers import FakeTools, faked
from tests.servers import Server, serve


@pytest.fixture(scope="module")
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """On SQLite; with `on_each_database` on PostgreSQL, too."""
    with built_at(address_for(request, tmp_path_factory)) as house:
        yield house


@pytest.fixture
def house(built: House, fake: FakeProvider) -> House:
    """The module's installation; its provider is this test's fake."""
    with built.rt.db.transaction() as session:
        session.get_one(ProviderRow, 1).base_url = fake.base_url
    for limiter in built.app.extensions["limiter"]:
        limiter.reset()
    return built


@pytest.fixture
def app(house: House) -> Flask:
    return house.app


@pytest.fixture
def people(house: House) -> People:
    return house.people


@pytest.fixture
def mcp(app: Flask) -> Iterator[FakeTools]:
    """The tool servers of this test: they list what they are told to."""
    with faked(app) as fake:
        yield fake


@pytest.fixture(scope="module")
def server(built: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """gunicorn over the module's installation."""
    log_path = tmp_path_factory.mktemp("server") / "log"
    with serve(replace(built.settings, log_format="json"), log_path) as server:
        yield server


@pytest.fixture
def live(house: House, server: Server) -> Iterator[Server]:
    """The real server; what it logs during a test is shown when the test fails."""
    before = len(server.log)
    yield server
    print(server.log[before:])


@pytest.fixture
def caller(house: House, live: Server) -> Caller:
    """The owner at the real server."""
    return Caller(live.url, house.people.owner.token)


@pytest.fixture
def channel_id(owner: Client) -> int:
    """A new channel of the owner, with the default agent."""
    return owner.channel()
