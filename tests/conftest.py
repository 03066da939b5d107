"""A fresh installation for each test, on SQLite and on PostgreSQL, with a scripted provider."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from chat_app import create_app
from chat_app.runtime import Runtime
from chat_app.services import installation
from chat_app.settings import Settings
from chat_app.store.providers import ProviderRow
from tests.clients import Client, People, people_of
from tests.fakes import FakeProvider
from tests.postgres import Postgres, start_postgres

ADMIN = "owner@example.com"
PASSWORD = "correct-horse"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL server, started for the first test that wants one."""
    with start_postgres() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture(params=["sqlite", "postgres"])
def each_database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite; a test module that is to run on both overrides this with `each_database`."""
    return sqlite_url


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def settings(database_url: str, fake: FakeProvider) -> Settings:
    return settings_at(database_url, fake.base_url)


def settings_at(database_url: str, provider_url: str) -> Settings:
    """An installation's settings as tests have them, with the admin of `ADMIN` and `PASSWORD`."""
    return Settings(
        secret_keys=("a-secret-for-tests-long-enough",),
        database_url=database_url,
        admin_email=ADMIN,
        admin_password=PASSWORD,
        openai_api_key="sk-test",
        openai_base_url=provider_url,
        openai_model="fake",
        log_level="WARNING",
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated and seeded SQLite file, to be copied: making one costs a quarter of a second."""
    path = tmp_path_factory.mktemp("template") / "test.db"
    runtime = Runtime.build(settings_at(f"sqlite:///{path}", "http://127.0.0.1:1/v1"))
    installation.upgrade(runtime)
    with runtime.db.engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    runtime.close()
    return path


@pytest.fixture
def app(settings: Settings, fake: FakeProvider, template: Path) -> Iterator[Flask]:
    """A migrated and seeded application whose provider is the fake."""
    scheme, _, path = settings.database_url.partition(":///")
    if scheme == "sqlite":
        shutil.copy(template, path)
    app = create_app(settings)
    runtime: Runtime = app.extensions["holdfast"]
    installation.upgrade(runtime)
    with runtime.db.transaction() as session:
        session.get_one(ProviderRow, 1).base_url = fake.base_url
    yield app
    runtime.close()


@pytest.fixture
def rt(app: Flask) -> Runtime:
    runtime: Runtime = app.extensions["holdfast"]
    return runtime


@pytest.fixture
def people(app: Flask) -> People:
    """An owner, a member of the workspace, and a stranger in a workspace of their own."""
    return people_of(app, ADMIN, PASSWORD)


@pytest.fixture
def owner(people: People) -> Client:
    return people.owner


@pytest.fixture
def nobody(app: Flask) -> Client:
    return Client(app, None)


@pytest.fixture
def closed_signup(settings: Settings) -> Settings:
    return replace(settings, signup=False)
