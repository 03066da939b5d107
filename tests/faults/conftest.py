"""Databases, servers and sizes for the fault suite. FAULTS=full tries many more cases."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import settings_at
from tests.faults.model import Model
from tests.faults.servers import House, Server
from tests.faults.tally import Tally
from tests.template import KINDS, Template

SEED = int(os.environ.get("FAULTS_SEED", "20261120"))
IS_FULL = os.environ.get("FAULTS") == "full"

Serve = Callable[..., Server]


def size(usual: int, full: int) -> int:
    """How many cases: in every run of the tests, and in `make faults`."""
    return full if IS_FULL else usual


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests start servers and wait for leases: a minute may be too short for one."""
    for item in items:
        if "faults" in item.path.parts and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(size(300, 1_200)))


@pytest.fixture(scope="session")
def model() -> Iterator[Model]:
    with Model() as model:
        yield model


@pytest.fixture(scope="module", params=KINDS)
def house(
    request: pytest.FixtureRequest, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> House:
    """An installation for all tests of a module, once on each database."""
    return build_house(request.param, request, model, tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def sqlite_house(
    request: pytest.FixtureRequest, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> House:
    return build_house("sqlite", request, model, tmp_path_factory.mktemp("house"))


def build_house(kind: str, request: pytest.FixtureRequest, model: Model, folder: Path) -> House:
    """An installation whose provider is this model."""
    template: Template = request.getfixturevalue("template")
    return House.build(settings_at(template.copy(kind, folder), model.base_url), folder)


@pytest.fixture
def serve(house: House) -> Iterator[Serve]:
    """Starts servers over the house; what is left of them is killed after the test."""
    with serving(house) as start:
        yield start


@contextmanager
def serving(house: House) -> Iterator[Serve]:
    servers: list[Server] = []

    def start(**options: Any) -> Server:
        servers.append(Server(house, **options))
        return servers[-1].start()

    try:
        yield start
    finally:
        for server in servers:
            server.stop()


@contextmanager
def several(house: House, number: int, **options: Any) -> Iterator[list[Server]]:
    """So many servers over one house, started at the same time."""
    servers = [Server(house, **options) for _ in range(number)]
    try:
        for server in servers:
            server.spawn()
        for server in servers:
            server.wait_until_ready()
        yield servers
    finally:
        for server in servers:
            server.stop()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance of this test's own, the same in every run."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def tally(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Tally]:
    """Counts the cases of a test; prints its line and fails it at the end."""
    tally = Tally(request.node.name, SEED)
    yield tally
    if tally.tried:  # a test that was skipped says so itself
        with capsys.disabled():
            print(f"\n{tally.line}")
        tally.check()
