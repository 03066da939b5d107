"""Another process beside the runtime under test."""

from collections.abc import Iterator

import pytest

from chat_app.runtime import Runtime
from tests.streaming.runs import Elsewhere


@pytest.fixture
def elsewhere(rt: Runtime) -> Iterator[Elsewhere]:
    other = Elsewhere(rt)
    yield other
    other.close()
