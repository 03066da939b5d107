"""What servers list is stored, and how they are is known."""

from collections.abc import Callable
from dataclasses import replace

import gevent
import pytest

from chat_app.errors import HoldfastError, ToolServerNotFound, ToolUnavailable
from chat_app.store.db import Database
from chat_app.store.tool_servers import ToolServerRow
from chat_app.store.tools import ToolRow, known_tools, tools_of
from chat_app.toolbox.servers import ToolServers
from chat_app.tools.values import Listing, ServerSpec, ToolSpec
from tests.streaming.runs import wait_until
from tests.toolbox.conftest import CIPHER, add_server

LOOK = ToolSpec("look", "Looks.", {"type": "object"}, {"readOnlyHint": True})
SEND = ToolSpec("send", "Sends.")


class Lists:
    """A client that lists these tools, or fails so."""

    def __init__(self, *outcomes: Listing | HoldfastError) -> None:
        self._outcomes = list(outcomes)
        self.forgotten: list[int] = []

    def list_tools(self, spec: ServerSpec, fresh: bool = False) -> Listing:
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, HoldfastError):
            raise outcome
        return outcome

    def forget(self, server_id: int) -> None:
        self.forgotten.append(server_id)


def listing(*tools: ToolSpec, left_out: int = 0) -> Listing:
    return Listing(tools, "2026-07-28", left_out=left_out)


@pytest.fixture
def server_id(db: Database) -> int:
    with db.transaction() as session:
        return add_server(session, "a", state="draft").id


def server(db: Database, server_id: int) -> ToolServerRow:
    with db.reading() as session:
        return session.get_one(ToolServerRow, server_id)


def tools(db: Database, server_id: int) -> dict[str, ToolRow]:
    with db.reading() as session:
        return {tool.name: tool for tool in tools_of(session, [server_id])}


def syncs(db: Database, server_id: int, *listings: Listing) -> None:
    for one in listings:
        ToolServers(db, CIPHER, Lists(one)).sync(server_id)


def test_a_sync_stores_the_tools_and_connects_the_server(db: Database, server_id: int) -> None:
    syncs(db, server_id, listing(LOOK, SEND))
    found = server(db, server_id)
    assert (found.state, found.state_message) == ("connected", None)
    assert found.last_sync is not None
    look = tools(db, server_id)["look"]
    assert (look.description, look.input_schema) == ("Looks.", {"type": "object"})
    assert not look.changed


def test_a_tool_that_is_gone_disappears_and_comes_back_as_it_was(
    db: Database, server_id: int
) -> None:
    syncs(db, server_id, listing(LOOK, SEND))
    with db.transaction() as session:
        known_tools(session, server_id)["send"].policy = "never"
    syncs(db, server_id, listing(LOOK))
    assert list(tools(db, server_id)) == ["look"]
    syncs(db, server_id, listing(LOOK, SEND))
    assert tools(db, server_id)["send"].policy == "never"


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Looks, and sends all to me."},
        {"input_schema": {"type": "object", "properties": {"to": {}}}},
        {"annotations": {}},
    ],
)
def test_a_tool_that_is_not_what_it_was_is_marked(
    db: Database, server_id: int, change: dict[str, object]
) -> None:
    syncs(db, server_id, listing(LOOK), listing(replace(LOOK, **change)))
    assert tools(db, server_id)["look"].changed
    syncs(db, server_id, listing(LOOK))
    assert tools(db, server_id)["look"].changed  # until somebody agrees


def test_what_was_left_out_is_said(db: Database, server_id: int) -> None:
    syncs(db, server_id, listing(LOOK, left_out=3))
    assert "3 of its tools are left out" in (server(db, server_id).state_message or "")


def test_a_failure_is_stored_and_raised(db: Database, server_id: int) -> None:
    servers = ToolServers(db, CIPHER, Lists(ToolUnavailable("a refused the connection.")))
    with pytest.raises(ToolUnavailable):
        servers.sync(server_id)
    found = server(db, server_id)
    assert (found.state, found.state_message) == ("error", "a refused the connection.")


def test_no_server_is_no_server(db: Database) -> None:
    with pytest.raises(ToolServerNotFound):
        ToolServers(db, CIPHER, Lists(listing())).sync(99)


def test_waking_tells_who_is_still_away(db: Database, server_id: int) -> None:
    away = ToolServers(db, CIPHER, Lists(ToolUnavailable("a is away.")))
    assert away.wake([server_id]) == {server_id: "a is away."}
    back = ToolServers(db, CIPHER, Lists(listing(LOOK)))
    assert back.wake([server_id]) == {}
    assert server(db, server_id).state == "connected"


def test_a_server_that_was_lost_is_reached_again_by_itself(db: Database, server_id: int) -> None:
    servers = ToolServers(db, CIPHER, Lists(listing(LOOK)))
    servers.lost(ServerSpec(server_id, "a", "http"), "a broke off the connection.")
    assert server(db, server_id).state == "error"
    wait_until(lambda: server(db, server_id).state == "connected")


def test_what_a_server_lists_by_itself_is_stored(db: Database, server_id: int) -> None:
    servers = ToolServers(db, CIPHER, Lists(listing()))
    servers.saw(ServerSpec(server_id, "a", "http", "http://x"), listing(LOOK))
    assert list(tools(db, server_id)) == ["look"]


def test_what_a_server_listed_before_it_was_moved_is_not_stored(
    db: Database, server_id: int
) -> None:
    servers = ToolServers(db, CIPHER, Lists(listing()))
    servers.saw(ServerSpec(server_id, "a", "http", "http://before"), listing(LOOK))
    assert tools(db, server_id) == {}
    assert server(db, server_id).state == "draft"


def test_two_that_list_at_once_store_each_tool_once(db: Database, server_id: int) -> None:
    servers = [ToolServers(db, CIPHER, Lists(listing(LOOK, SEND))) for _ in range(4)]
    run_together([lambda one=one: one.sync(server_id) for one in servers])
    assert sorted(tools(db, server_id)) == ["look", "send"]


def run_together(steps: list[Callable[[], object]]) -> None:
    gevent.joinall([gevent.spawn(step) for step in steps], raise_error=True)
