"""One Holdfast for all of these tests, and each tool server once, started when first wanted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chat_app.runtime import Runtime
from chat_app.services import installation, tokens
from chat_app.settings import Settings
from tests.conftest import ADMIN, PASSWORD
from tests.fakes import FakeProvider
from tests.houses import Caller
from tests.real import others
from tests.real.desk import Desk, Known
from tests.real.others import Command
from tests.servers import serve

Start = Callable[[str], Known]
EVERY = ["everything stdio", "everything http", "everything sse"]
SDK = [f"{edition} {over}" for edition in ("modern", "older") for over in ("stdio", "http", "sse")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of all installs what is not there yet."""
    for item in items:
        if "real" in item.path.parts:
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def model() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="session")
def desk(model: FakeProvider, folder: Path) -> Iterator[Desk]:
    settings = Settings(
        secret_keys=("a-secret-for-tests-long-enough",),
        database_url=f"sqlite:///{folder}/test.db",
        admin_email=ADMIN,
        admin_password=PASSWORD,
        openai_api_key="sk-test",
        openai_base_url=model.base_url,
        openai_model="fake",
        log_level="WARNING",
    )
    runtime = Runtime.build(settings)
    installation.upgrade(runtime)
    operator = tokens.owner_of(runtime, ADMIN)
    token = tokens.issue(runtime, operator.id, "test", tokens.SCOPES, 1).secret
    with serve(settings, folder / "log") as server:
        yield Desk(runtime, Caller(server.url, token), model)
        print(server.log)
    runtime.close()


@pytest.fixture(scope="session")
def modern() -> Command:
    return others.MODERN


@pytest.fixture(scope="session")
def older() -> Command:
    return others.older()


@pytest.fixture(scope="session")
def everything() -> Command:
    return others.everything()


@pytest.fixture(scope="session")
def start(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Gives the server of a name such as `older sse`, the same one each time."""
    started: dict[str, Known] = {}
    with ExitStack() as running:

        def begin(name: str) -> Known:
            who, transport = name.split()
            if who == "time":
                return desk.declare(name, others.TIME, {})
            command: Command = request.getfixturevalue(who)
            if transport == "stdio":
                return desk.declare(name, command.over(transport), command.env)
            url = running.enter_context(others.listening(command, transport))
            return desk.connect(name, url, transport)

        def start(name: str) -> Known:
            if name not in started:
                started[name] = begin(name)
            return started[name]

        yield start


@pytest.fixture(params=["time stdio", *EVERY, *SDK])
def anyone(request: pytest.FixtureRequest, start: Start) -> Known:
    """Each server over each of its transports."""
    return start(request.param)


@pytest.fixture(params=SDK)
def with_sdk(request: pytest.FixtureRequest, start: Start) -> Known:
    """The SDK's server, of both editions and so of both eras."""
    return start(request.param)


@pytest.fixture(params=EVERY)
def known(request: pytest.FixtureRequest, start: Start) -> Known:
    """npm's server-everything, over each of its transports."""
    return start(request.param)
