"""One workshop for all of these tests, once on each database, and the servers over it."""

from collections.abc import Iterator

import pytest

from tests.faults.conftest import IS_FULL, build_house
from tests.faults.servers import Server
from tests.faults.tools.tool_model import ToolModel
from tests.faults.tools.workshop import Workshop, running, workshop

DRAIN_S = 10
DATABASES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def tool_model() -> Iterator[ToolModel]:
    with ToolModel() as model:
        yield model


@pytest.fixture(scope="package", params=DATABASES if IS_FULL else DATABASES[:1])
def shop(
    request: pytest.FixtureRequest,
    tool_model: ToolModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Workshop]:
    house = build_house(request.param, request, tool_model, tmp_path_factory.mktemp("shop"))
    with workshop(house, tool_model) as shop:
        yield shop


@pytest.fixture(scope="package")
def servers(shop: Workshop) -> Iterator[list[Server]]:
    """Two over one house, not yet started: of two workers that wait for nothing when they are to
    stop, and of one that does.
    """
    servers = [
        Server(shop.house, workers=2, env=shop.env),
        Server(shop.house, workers=1, drain_s=DRAIN_S, env=shop.env),
    ]
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def server(servers: list[Server]) -> Server:
    """The first, with no other beside it."""
    servers[1].stop()
    return running(servers[:1])[0]


@pytest.fixture
def pair(servers: list[Server]) -> list[Server]:
    return running(servers)
