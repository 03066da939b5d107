"""A fake provider, and our client that asks it."""

from collections.abc import Callable, Iterator

import pytest

from chat_app.providers import Endpoint, ModelRequest, Part, Providers
from tests.fakes import FakeProvider, Step

KEY = "sk-secret-key-0123456789"
QUESTION = ModelRequest("m", [{"role": "user", "content": "Hi"}])

Play = Callable[..., list[Part]]


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    ours = Providers(retry_pause_s=0)
    yield ours
    ours.close()


@pytest.fixture
def endpoint(fake: FakeProvider) -> Endpoint:
    return endpoint_at(fake.base_url)


@pytest.fixture
def play(fake: FakeProvider, providers: Providers, endpoint: Endpoint) -> Play:
    """Plays the scripts and gives the parts of one answer."""

    def played(*scripts: list[Step]) -> list[Part]:
        fake.enqueue(*scripts)
        return list(providers.stream(endpoint, QUESTION))

    return played


def endpoint_at(base_url: str, api_key: str | None = KEY, patience_s: float = 30.0) -> Endpoint:
    return Endpoint(base_url, api_key, connect_timeout_s=patience_s, read_timeout_s=patience_s)
