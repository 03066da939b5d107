"""Processes on one database: `here`, whose parts are under test, and `elsewhere`.

A migrated database serves all tests of a module; each has processes and runs of its own.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from chat_app.runtime import Runtime
from chat_app.services import installation
from chat_app.settings import Settings
from chat_app.store.providers import ProviderRow
from chat_app.store.runs import LIVE, RunRow
from tests.fakes import FakeProvider
from tests.postgres import Postgres
from tests.streaming.runs import Elsewhere

SETTINGS = Settings(
    secret_keys=("a-secret-for-tests-long-enough",),
    database_url="",
    admin_email="owner@example.com",
    admin_password="correct-horse",
    openai_api_key="sk-test",
    openai_base_url="http://127.0.0.1:1/v1",
    openai_model="fake",
    log_level="WARNING",
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a migrated and seeded installation, once on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('streaming')}/test.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
    settings = replace(SETTINGS, database_url=url)
    runtime = Runtime.build(settings)
    installation.upgrade(runtime)
    runtime.close()
    return settings


@pytest.fixture
def here(migrated: Settings, fake: FakeProvider) -> Iterator[Runtime]:
    """This process; its provider is the fake, and no test before left it anything to do."""
    runtime = Runtime.build(migrated)
    with runtime.db.transaction() as session:
        session.get_one(ProviderRow, 1).base_url = fake.base_url
        session.execute(update(RunRow).where(RunRow.status.in_(LIVE)).values(status="failed"))
    yield runtime
    runtime.engine.drain(0)
    runtime.close()


@pytest.fixture
def elsewhere(here: Runtime) -> Iterator[Elsewhere]:
    """Another process."""
    other = Elsewhere(here)
    yield other
    other.close()
