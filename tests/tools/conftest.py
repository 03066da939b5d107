"""Clients under test. Starting a sidecar takes half a second, so most tests share one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.tools.client import ToolClient
from chat_app.tools.values import ServerSpec, ToolLimits
from tests.tools.serving import Heard, served, tool_client, with_sdk


@pytest.fixture(scope="session")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="session")
def client(heard: Heard) -> Iterator[ToolClient]:
    """Shared by all: each test has servers of its own, by their ids."""
    with tool_client(heard) as made:
        yield made


@pytest.fixture(scope="session")
def hasty() -> Iterator[ToolClient]:
    """One that gives servers a second to answer."""
    with tool_client(limits=ToolLimits(sync_s=1.0, result_bytes=4 * 1024)) as made:
        yield made


@pytest.fixture(scope="session")
def lived_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lived") / "lived"


@pytest.fixture(scope="session")
def stdio_server() -> ServerSpec:
    return with_sdk()


@pytest.fixture(scope="session")
def http_server() -> Iterator[ServerSpec]:
    with served("modern") as spec:
        yield spec


@pytest.fixture(scope="session")
def old_http_server() -> Iterator[ServerSpec]:
    with served("legacy") as spec:
        yield spec


@pytest.fixture(scope="session")
def sse_server() -> Iterator[ServerSpec]:
    with served("modern", "sse") as spec:
        yield spec


@pytest.fixture(params=["stdio_server", "http_server", "old_http_server", "sse_server"])
def server(request: pytest.FixtureRequest) -> ServerSpec:
    """Each transport, and both eras of HTTP."""
    found: ServerSpec = request.getfixturevalue(request.param)
    return found
