"""Tokens are fresh when they are used, are made new by one process at a time, and go only where
they belong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import gevent
import pytest

from chat_app.errors import HoldfastError, ServerBusy, ToolUnavailable
from chat_app.store import tool_logins as store
from chat_app.store.base import now
from chat_app.store.db import Database
from chat_app.store.tool_logins import ToolClientRow, ToolLoginRow
from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.users import UserRow
from chat_app.toolbox.logins import LEASE, Logins
from chat_app.toolbox.specs import spec_of
from chat_app.tools.oauth import OAuthClient, Tokens
from chat_app.tools.values import ServerSpec
from tests.sockets import eventually
from tests.toolbox.conftest import CIPHER, add_server

ISSUER = "https://issuer.example"
URL = "https://tools.example/mcp"
FIRST, AGAIN = (
    "S wants you to sign in first: open Tools.",
    "S wants you to sign in again: open Tools.",
)


@dataclass
class Issuer:
    """Stands for the requests: each refresh gives the next token after `takes_s`, or `fault`."""

    takes_s: float = 0.0
    fault: HoldfastError | None = None
    life_s: int | None = 3600
    rotates: bool = True
    asked: list[tuple[str, str, OAuthClient]] = field(default_factory=list)

    def refresh(
        self, spec: ServerSpec, url: str, client: OAuthClient, refresh_token: str, resource: str
    ) -> Tokens:
        self.asked.append((url, refresh_token, client))
        gevent.sleep(self.takes_s)
        if self.fault is not None:
            raise self.fault
        number = len(self.asked)
        again = f"again-{number}" if self.rotates else None
        return Tokens(f"new-{number}", again, self.life_s)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def logins(db: Database, issuer: Issuer) -> Logins:
    return Logins(db, CIPHER, issuer)  # type: ignore[arg-type]


@pytest.fixture
def server(db: Database) -> ToolServerRow:
    with db.transaction() as session:
        return add_server(session, "S", url=URL, auth="oauth")


@pytest.fixture
def spec(server: ToolServerRow) -> ServerSpec:
    return spec_of(server, CIPHER, 1)


def sign_in(
    db: Database,
    server: ToolServerRow,
    left_s: float | None = 3600,
    lived_s: float = 600,
    again: str | None = "again-0",
    **values: Any,
) -> int:
    """A login of Ann's whose token has so many seconds left."""
    moment = now()
    with db.transaction() as session:
        client = ToolClientRow(
            server_id=server.id,
            issuer=ISSUER,
            client_id="c",
            secret_encrypted=CIPHER.encrypt("client-secret"),
            auth_method="client_secret_basic",
            given=values.pop("given", False),
        )
        session.add(client)
        session.flush()
        given = {
            "user_id": 1,
            "resource": URL,
            "token_endpoint": f"{ISSUER}/token",
            "access_token_encrypted": CIPHER.encrypt("old"),
            "refresh_token_encrypted": CIPHER.encrypt(again) if again else None,
            "issued_at": moment - timedelta(seconds=lived_s),
            "expires_at": None if left_s is None else moment + timedelta(seconds=left_s),
        }
        login = ToolLoginRow(server_id=server.id, client_id=client.id, **{**given, **values})
        session.add(login)
        session.flush()
        return login.id


def token(logins: Logins, spec: ServerSpec, refused: str | None = None) -> str:
    old = ServerSpec(1, "S", "http", headers=(("Authorization", f"Bearer {refused}"),))
    signed = logins.signed(spec, old if refused else None)
    return dict(signed.headers)["Authorization"].removeprefix("Bearer ")


def refusal(asking: Callable[[], Any]) -> ToolUnavailable:
    with pytest.raises(ToolUnavailable) as refused:
        asking()
    return refused.value


def held(db: Database) -> list[ToolLoginRow]:
    with db.reading() as session:
        return session.query(ToolLoginRow).all()


# --- using ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_s", [61, 3600, None])
def test_a_good_token_is_used_as_it_is(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, left_s: float | None
):
    sign_in(db, server, left_s)
    assert token(logins, spec_of(server, CIPHER, 1)) == "old"
    assert issuer.asked == []


def test_the_token_takes_the_place_of_a_header_and_leaves_the_others(
    db: Database, logins: Logins, server: ToolServerRow
):
    sign_in(db, server)
    headers = (("X-Tenant", "t"), ("authorization", "Basic x"))
    spec = ServerSpec(server.id, "S", "http", URL, headers=headers, session="user:1")
    assert logins.signed(spec).headers == (("Authorization", "Bearer old"), ("X-Tenant", "t"))


@pytest.mark.parametrize("user_id", [2, None])
def test_nobody_uses_the_token_of_another(
    db: Database, logins: Logins, server: ToolServerRow, user_id: int | None
):
    sign_in(db, server)
    error = refusal(lambda: logins.signed(spec_of(server, CIPHER, user_id)))
    assert (error.message, error.fields["sign_in"]) == (FIRST, True)


def test_a_token_never_goes_to_another_host(db: Database, logins: Logins, server: ToolServerRow):
    sign_in(db, server)
    server.url = "https://elsewhere.example/mcp"
    assert refusal(lambda: logins.signed(spec_of(server, CIPHER, 1))).message == FIRST
    assert held(db) == []


def test_a_token_that_cannot_be_read_is_asked_for_again(
    db: Database, logins: Logins, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server, access_token_encrypted=b"of another secret")
    assert refusal(lambda: logins.signed(spec)).message == AGAIN


# --- refreshing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("left_s", [59, 0, -86_400])
def test_a_token_at_its_end_is_made_new_and_kept(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, left_s: float
):
    sign_in(db, server, left_s)
    spec = spec_of(server, CIPHER, 1)
    assert [token(logins, spec), token(logins, spec)] == ["new-1", "new-1"]
    client = OAuthClient("c", "client-secret", "client_secret_basic")
    assert issuer.asked == [(f"{ISSUER}/token", "again-0", client)]
    (login,) = held(db)
    assert CIPHER.decrypt(login.refresh_token_encrypted or b"") == "again-1"
    assert login.refreshing_until is None
    assert login.expires_at is not None
    assert timedelta(minutes=59) < login.expires_at - now() <= timedelta(hours=1)


def test_a_short_life_is_not_spent_on_refreshing(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    login_id = sign_in(db, server, left_s=20, lived_s=5)
    assert token(logins, spec) == "old"
    with db.transaction() as session:
        session.get_one(ToolLoginRow, login_id).expires_at = now()
    issuer.life_s = 0
    assert [token(logins, spec), token(logins, spec)] == ["new-1", "new-2"]
    assert len(issuer.asked) == 2


def test_a_refresh_token_that_is_not_replaced_goes_on(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    issuer.rotates = False
    sign_in(db, server, 0)
    token(logins, spec)
    assert CIPHER.decrypt(held(db)[0].refresh_token_encrypted or b"") == "again-0"


def test_of_many_at_once_in_two_processes_one_refreshes(
    db: Database, url: str, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server, 0)
    issuer.takes_s = 0.3
    other = Database(url)
    both = [Logins(one, CIPHER, issuer) for one in (db, other)]  # type: ignore[arg-type]
    tries = [gevent.spawn(token, logins, spec) for logins in both * 5]
    gevent.joinall(tries, raise_error=True)
    other.close()
    assert {one.value for one in tries} == {"new-1"}
    assert len(issuer.asked) == 1


def test_who_is_cancelled_meanwhile_does_not_lose_the_new_token(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server, 0)
    issuer.takes_s = 0.3
    impatient = gevent.spawn(token, logins, spec)
    eventually(lambda: len(issuer.asked) == 1)
    impatient.kill()
    assert token(logins, spec) == "new-1"
    assert len(issuer.asked) == 1


def test_the_lease_of_a_dead_process_lapses(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    login_id = sign_in(db, server, 0)
    with db.transaction() as session:
        assert store.take_lease(session, login_id, 1, LEASE)
        assert not store.take_lease(session, login_id, 1, LEASE)
    waiting = gevent.spawn(token, logins, spec)
    gevent.sleep(0.3)
    assert issuer.asked == []
    with db.transaction() as session:
        session.get_one(ToolLoginRow, login_id).refreshing_until = now() - timedelta(seconds=1)
    assert waiting.get(timeout=30) == "new-1"


def test_one_that_wakes_up_late_overwrites_nothing(db: Database, server: ToolServerRow):
    login_id = sign_in(db, server, 0)
    with db.transaction() as session:
        for name in (b"new", b"late"):
            store.renew(session, login_id, 1, name, None, now(), None)
    assert held(db)[0].access_token_encrypted == b"new"


# --- what can go wrong ---------------------------------------------------------------------------


def test_a_grant_that_is_over_ends_the_login(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server, 30)
    issuer.fault = ToolUnavailable("No.", oauth_error="invalid_grant")
    error = refusal(lambda: token(logins, spec))
    assert (error.message, error.fields["sign_in"]) == (AGAIN, True)
    assert held(db) == []
    assert refusal(lambda: token(logins, spec)).message == FIRST


def test_a_client_that_is_over_ends_with_its_logins_unless_somebody_gave_it(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    issuer.fault = ToolUnavailable("No.", oauth_error="invalid_client")
    sign_in(db, server, 0, given=True)
    assert refusal(lambda: token(logins, spec)).message == "No."
    assert len(held(db)) == 1
    with db.transaction() as session:
        session.query(ToolClientRow).one().given = False
    assert refusal(lambda: token(logins, spec)).message == AGAIN
    assert held(db) == []


def test_an_issuer_that_is_away_costs_no_login(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    issuer.fault = ToolUnavailable("The sign-in of S cannot be reached.")
    sign_in(db, server, 30)
    assert token(logins, spec) == "old"  # good for half a minute yet
    error = refusal(lambda: token(logins, spec, refused="old"))
    assert error.message == "The sign-in of S cannot be reached."
    issuer.fault = None
    assert token(logins, spec) == "new-3"


def test_what_nobody_foresaw_lets_go_of_the_lease(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server, 0)
    issuer.fault = RuntimeError("again-0")  # type: ignore[assignment]
    assert "again" not in refusal(lambda: token(logins, spec)).message
    assert held(db)[0].refreshing_until is None


def test_a_database_that_is_busy_gets_the_new_tokens_all_the_same(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server, 0)
    busy = iter([ServerBusy(), ServerBusy()])

    class Busy:
        """The database, but for the first transactions after the refresh."""

        def __getattr__(self, name: str) -> Any:
            if name == "transaction" and issuer.asked and (fault := next(busy, None)):
                raise fault
            return getattr(db, name)

    assert token(Logins(Busy(), CIPHER, issuer), spec) == "new-1"  # type: ignore[arg-type]


@pytest.mark.parametrize(("left_s", "refused"), [(30, None), (0, None), (3600, "old")])
def test_a_token_that_nothing_can_follow_is_used_to_its_end(
    db: Database,
    logins: Logins,
    server: ToolServerRow,
    spec: ServerSpec,
    left_s: float,
    refused: str | None,
):
    sign_in(db, server, left_s, again=None)
    if left_s == 30:
        assert token(logins, spec) == "old"
    else:
        assert refusal(lambda: token(logins, spec, refused)).message == AGAIN
        assert held(db) == []


def test_a_token_that_is_refused_is_made_new_once(
    db: Database, logins: Logins, issuer: Issuer, server: ToolServerRow, spec: ServerSpec
):
    sign_in(db, server)
    assert token(logins, spec, refused="old") == "new-1"
    assert token(logins, spec, refused="old") == "new-1"  # somebody else was faster
    assert refusal(lambda: token(logins, spec, refused="new-1")).message == AGAIN
    assert len(issuer.asked) == 1


# --- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [UserRow, ToolServerRow, ToolClientRow])
def test_a_login_ends_with_its_person_its_server_and_its_client(
    db: Database, server: ToolServerRow, row: Any
):
    sign_in(db, server)
    with db.transaction() as session:
        session.delete(session.query(row).first())
    assert held(db) == []


def test_signing_in_again_takes_the_place_of_the_old_login(db: Database, server: ToolServerRow):
    sign_in(db, server)
    (old,) = held(db)
    with db.transaction() as session:
        values = {
            column.name: getattr(old, column.name)
            for column in ToolLoginRow.__table__.columns
            if column.name != "id"
        }
        store.keep_login(session, ToolLoginRow(**values))
    assert [login.id != old.id for login in held(db)] == [True]


def test_an_attempt_is_taken_once_and_by_its_person(db: Database, server: ToolServerRow):
    sign_in(db, server)
    with db.transaction() as session:
        session.add(
            store.LoginAttemptRow(
                state_hash="h",
                server_id=server.id,
                user_id=1,
                client_id=1,
                wants_iss=False,
                resource=URL,
                token_endpoint=URL,
                redirect_uri=URL,
                verifier_encrypted=b"",
                expires_at=now() + timedelta(minutes=1),
            )
        )

    def take(user_id: int) -> bool:
        with db.transaction() as session:
            return store.take_attempt(session, "h", user_id) is not None

    assert not take(2)
    tries = [gevent.spawn(take, 1) for _ in range(4)]
    gevent.joinall(tries, raise_error=True)
    assert sorted(one.value for one in tries) == [False, False, False, True]
