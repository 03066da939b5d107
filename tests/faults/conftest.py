"""Databases, servers and sizes for the fault suite. FAULTS=full tries many more cases."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chat_app.settings import Settings
from tests.faults.model import Model
from tests.faults.servers import House, Server
from tests.faults.tally import Tally
from tests.postgres import Postgres

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
            item.add_marker(pytest.mark.timeout(size(120, 1_200)))


@pytest.fixture(scope="session")
def model() -> Iterator[Model]:
    with Model() as model:
        yield model


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(
    request: pytest.FixtureRequest, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> House:
    """An installation for all tests of a module, once on each database."""
    return build_house(request.param, request, model, tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def sqlite_house(model: Model, tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    return House.build(_settings(f"sqlite:///{folder}/test.db", model), folder)


def build_house(kind: str, request: Any, model: Model, folder: Path) -> House:
    if kind == "sqlite":
        return House.build(_settings(f"sqlite:///{folder}/test.db", model), folder)
    postgres: Postgres = request.getfixturevalue("postgres")
    return House.build(_settings(postgres.new_database(), model), folder)


def _settings(url: str, model: Model) -> Settings:
    return Settings(
        secret_keys=("a secret for tests that is long enough",),
        database_url=url,
        admin_email="owner@example.com",
        admin_password="correct-horse",
        openai_api_key="sk-test",
        openai_base_url=model.base_url,
        openai_model="fake",
        log_level="WARNING",
    )


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
