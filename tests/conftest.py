"""A fresh installation for each test, on SQLite and on PostgreSQL, with a scripted provider."""

import os
import shutil
import tempfile
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
from tests.template import KINDS, Template

ADMIN = "owner@example.com"
PASSWORD = "correct-horse"
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30


def is_roomy(folder: Path) -> bool:
    """Whether all that tests write fits in there, and PostgreSQL can be started from there."""
    if not folder.is_dir() or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free >= MEMORY_BYTES


# A commit waits for the disk, 5 ms and more: databases of tests are in memory where it is large.
if is_roomy(MEMORY):
    tempfile.tempdir = str(MEMORY)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL server, started for the first test that wants one."""
    with start_postgres() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture(params=KINDS)
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite; a test module that is to run on both overrides this with `each_installation`."""
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
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A migrated and seeded installation, of `settings_at`."""
    return Template(install, request, tmp_path_factory.mktemp("template"))


def install(url: str) -> None:
    """Migrate and seed the database at an address."""
    runtime = Runtime.build(settings_at(url, "http://127.0.0.1:1/v1"))
    installation.upgrade(runtime)
    runtime.close()


@pytest.fixture(params=KINDS)
def each_installation(
    request: pytest.FixtureRequest, template: Template, tmp_path: Path
) -> Iterator[str]:
    """The address of a migrated and seeded database, once of each kind."""
    with template.lent(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def app(
    settings: Settings, fake: FakeProvider, sqlite_url: str, template: Template, tmp_path: Path
) -> Iterator[Flask]:
    """A migrated and seeded application whose provider is the fake."""
    if settings.database_url == sqlite_url:
        template.copy("sqlite", tmp_path)
    app = create_app(settings)
    runtime: Runtime = app.extensions["holdfast"]
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
