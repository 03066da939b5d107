"""Processes on one database: `here`, whose parts are under test, and `elsewhere`.

A migrated database serves all tests of a module; each has processes and runs of its own.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.store.providers import ProviderRow
from chat_app.store.runs import LIVE, RunRow
from tests.conftest import settings_at
from tests.fakes import FakeProvider
from tests.streaming.runs import Elsewhere
from tests.template import KINDS, Template


@pytest.fixture(scope="module", params=KINDS)
def migrated(
    request: pytest.FixtureRequest, template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The settings of a migrated and seeded installation, once on each database."""
    url = template.copy(request.param, tmp_path_factory.mktemp("streaming"))
    return settings_at(url, "http://127.0.0.1:1/v1")


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
