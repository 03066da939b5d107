"""An AI server that is played, and our client of it with short time limits."""

from collections.abc import Iterator

import pytest

from chat_app.egress import Networks
from chat_app.remote.client import AiServers
from tests.remote.ai_server import AiServer, ai_server

ANSWER_S = 1.5
SILENCE_S = 1.5


@pytest.fixture
def server() -> Iterator[AiServer]:
    with ai_server() as started:
        yield started


@pytest.fixture
def client() -> Iterator[AiServers]:
    ours = AiServers(Networks(), answer_s=ANSWER_S, silence_s=SILENCE_S)
    yield ours
    ours.close()
