"""Tools that want a sign-in, from the question to the tool, in two processes and against a server
made with the SDK."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import gevent
import pytest

from chat_app.access import Person
from chat_app.errors import ToolUnavailable
from chat_app.runtime import Runtime
from chat_app.services import tool_logins
from chat_app.services.tokens import owner_of
from chat_app.services.tool_logins import CameBack
from chat_app.store.base import now
from chat_app.store.providers import ProviderRow
from chat_app.store.tool_logins import ToolLoginRow
from chat_app.store.tool_servers import ToolServerRow
from tests.clients import Client, People
from tests.conftest import ADMIN
from tests.fakes import FakeProvider, says
from tests.houses import House, address_for, built_at, on_each_database
from tests.streaming.tools import asks_for
from tests.tools.signing import Guarded, guarded, signed_in_at

MEMBER = "member@example.com"


@pytest.fixture(scope="module")
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """One installation for all; with `on_each_database` one on PostgreSQL, too."""
    with built_at(address_for(request, tmp_path_factory)) as house:
        yield house


@pytest.fixture
def rt(built: House, fake: FakeProvider) -> Runtime:
    with built.rt.db.transaction() as session:
        session.get_one(ProviderRow, 1).base_url = fake.base_url
    return built.rt


@pytest.fixture
def people(built: House) -> People:
    return built.people


@pytest.fixture(scope="module")
def guard() -> Iterator[Guarded]:
    with guarded() as server:
        yield server


@pytest.fixture
def server(rt: Runtime, owner: Client, guard: Guarded) -> Iterator[int]:
    """A server that wants a sign-in, offered to the default agent."""
    guard.control(life_s=3600, refresh_s=0)
    made = owner.post("/api/tool-servers", {"name": "Guarded", "url": guard.url}).get_json()
    owner.post(f"/api/tool-servers/{made['id']}/sync")
    owner.patch("/api/agents/1", {"tool_server_ids": [made["id"]]})
    yield int(made["id"])
    owner.delete(f"/api/tool-servers/{made['id']}")


@pytest.fixture
def elsewhere(built: House) -> Iterator[Runtime]:
    """Another process on the same database."""
    runtime = Runtime.build(built.settings)
    yield runtime
    runtime.close()


def sign_in(rt: Runtime, server: int, email: str = ADMIN) -> None:
    person = Person.of(owner_of(rt, email), {1: "owner" if email == ADMIN else "member"})
    url = signed_in_at(tool_logins.connect(rt, person, server))
    back = url.params
    answer = CameBack(back["state"], back["code"], back["iss"], None)
    tool_logins.come_back(rt, person, answer)


def ask(fake: FakeProvider, person: Client) -> dict[str, Any]:
    """What came of the agent's call of `whoami` for this person."""
    fake.enqueue(asks_for("whoami"), [*says("So it is.")])
    said = person.say(person.channel(), "Who am I?", reply="wait")
    (call,) = said["reply"]["tool_calls"]
    found: dict[str, Any] = call
    return found


def age(rt: Runtime) -> None:
    """Let the tokens that are kept come to their end."""
    with rt.db.transaction() as session:
        for login in session.query(ToolLoginRow):
            login.issued_at = now() - timedelta(hours=1)
            login.expires_at = now() + timedelta(seconds=5)


def login(rt: Runtime, email: str = ADMIN) -> ToolLoginRow | None:
    with rt.db.reading() as session:
        mine = session.query(ToolLoginRow).filter_by(user_id=owner_of(rt, email).id)
        return mine.one_or_none()


def state(rt: Runtime, server: int) -> str:
    with rt.db.reading() as session:
        return session.get_one(ToolServerRow, server).state


def test_a_tool_is_used_as_the_person_who_asks(
    rt: Runtime, fake: FakeProvider, people: People, server: int
):
    sign_in(rt, server)
    first = ask(fake, people.owner)
    assert first["result"].startswith("person-")
    call = ask(fake, people.member)
    assert call["is_error"]
    assert call["result"] == "Guarded wants you to sign in first: open Tools."
    sign_in(rt, server, MEMBER)
    second = ask(fake, people.member)
    assert second["result"].startswith("person-")
    assert second["result"] != first["result"]
    assert ask(fake, people.owner)["result"] == first["result"]


def test_one_person_who_is_not_signed_in_takes_the_server_from_nobody(
    rt: Runtime, fake: FakeProvider, people: People, server: int
):
    sign_in(rt, server)
    assert ask(fake, people.member)["is_error"]
    gevent.sleep(1.5)  # as long as it takes until the server is tried again
    assert state(rt, server) == "connected"


def test_an_expired_token_is_refreshed_without_another_sign_in(
    rt: Runtime, fake: FakeProvider, owner: Client, server: int, guard: Guarded
):
    sign_in(rt, server)
    before = ask(fake, owner)["result"]
    age(rt)
    seen = guard.seen()
    assert ask(fake, owner)["result"] == before
    assert ask(fake, owner)["result"] == before
    later = guard.seen()
    assert later["refreshes"] == seen["refreshes"] + 1
    assert later["exchanges"] == seen["exchanges"]
    assert set(later["resources"]) == {guard.url}


@on_each_database
def test_two_processes_refresh_once_and_keep_the_new_refresh_token(
    rt: Runtime, elsewhere: Runtime, server: int, guard: Guarded
):
    sign_in(rt, server)
    for _ in range(2):
        age(rt)
        guard.control(refresh_s=0.5)
        seen, person = guard.seen(), owner_of(rt, ADMIN).id
        tries = [gevent.spawn(one.tool_servers.sync, server, person) for one in (rt, elsewhere) * 3]
        gevent.joinall(tries, raise_error=True)
        assert guard.seen()["refreshes"] == seen["refreshes"] + 1
    assert guard.seen()["reused"] == 0


def test_a_token_that_was_taken_back_is_refreshed_once(
    rt: Runtime, fake: FakeProvider, owner: Client, server: int, guard: Guarded
):
    sign_in(rt, server)
    before = ask(fake, owner)["result"]
    with rt.db.transaction() as session:
        session.query(ToolLoginRow).one().issued_at = now() - timedelta(minutes=1)
    guard.control(forget="access")
    seen = guard.seen()["refreshes"]
    assert ask(fake, owner)["result"] == before
    assert guard.seen()["refreshes"] == seen + 1


def test_a_refresh_token_that_is_over_means_to_sign_in_again(
    rt: Runtime, fake: FakeProvider, owner: Client, server: int, guard: Guarded
):
    sign_in(rt, server)
    age(rt)
    guard.control(forget="refresh")
    call = ask(fake, owner)
    assert call["result"] == "Guarded wants you to sign in again: open Tools."
    assert login(rt) is None
    assert ask(fake, owner)["result"] == "Guarded wants you to sign in first: open Tools."
    sign_in(rt, server)
    assert ask(fake, owner)["result"].startswith("person-")


def test_a_client_that_was_forgotten_is_registered_again(
    rt: Runtime, fake: FakeProvider, owner: Client, server: int, guard: Guarded
):
    sign_in(rt, server)
    age(rt)
    guard.control(forget="clients")
    assert ask(fake, owner)["result"] == "Guarded wants you to sign in again: open Tools."
    sign_in(rt, server)
    assert ask(fake, owner)["result"].startswith("person-")


def test_the_tools_are_read_as_whoever_is_signed_in(rt: Runtime, server: int, guard: Guarded):
    with pytest.raises(ToolUnavailable, match="wants you to sign in first"):
        rt.tool_servers.sync(server)
    assert state(rt, server) == "draft"
    sign_in(rt, server)
    assert rt.tool_servers.sync(server).state == "connected"


def test_nothing_of_it_reaches_the_log(
    rt: Runtime, server: int, guard: Guarded, capfd: pytest.CaptureFixture[str]
):
    sign_in(rt, server)
    kept = login(rt)
    assert kept is not None
    old = rt.cipher.decrypt(kept.refresh_token_encrypted or b"")
    age(rt)
    guard.control(forget="refresh")
    with pytest.raises(ToolUnavailable):
        rt.tool_servers.sync(server)
    out = "".join(capfd.readouterr())
    assert old not in out
    assert rt.cipher.decrypt(kept.access_token_encrypted) not in out
