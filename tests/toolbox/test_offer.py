"""What an agent may use, and where."""

import pytest

from chat_app.store.db import Database
from chat_app.store.tool_servers import set_state
from chat_app.store.tools import choose
from chat_app.toolbox.offer import Offer, offer
from chat_app.toolbox.specs import sealed
from chat_app.tools.values import ToolLimits
from tests.toolbox.conftest import CIPHER, add_server, add_tool

READ_ONLY = {"readOnlyHint": True}


def offered(db: Database, project_id: int | None = None, servers_max: int = 10) -> Offer:
    with db.reading() as session:
        return offer(session, CIPHER, ToolLimits(servers_an_agent=servers_max), 1, project_id)


def test_an_agent_without_servers_is_offered_nothing(db: Database) -> None:
    assert offered(db).tools == {}


def test_it_is_offered_the_tools_of_its_connected_servers(db: Database) -> None:
    with db.transaction() as session:
        add_tool(session, add_server(session, "a"), "look", description="Looks.")
        add_tool(session, add_server(session, "b", state="error"), "send")
        add_tool(session, add_server(session, "c", enabled=False), "read")
    found = offered(db)
    assert list(found.tools) == ["look"]
    assert found.waiting == (2,)


def test_what_is_switched_off_is_not_offered(db: Database) -> None:
    with db.transaction() as session:
        server = add_server(session, "a")
        add_tool(session, server, "off", enabled=False)
        add_tool(session, server, "gone", listed=False)
        mine = add_tool(session, server, "not for this agent")
        add_tool(session, server, "look")
        choose(session, 1, [mine.id], {})
    assert list(offered(db).tools) == ["look"]


def test_a_projects_tools_are_offered_in_its_channels_only(db: Database) -> None:
    with db.transaction() as session:
        server = add_server(session, "mine", scope="project", project_id=1)
        add_tool(session, server, "secret")
    assert list(offered(db, project_id=1).tools) == ["secret"]
    assert offered(db, project_id=2).tools == {}
    assert offered(db).tools == {}


def test_a_projects_server_is_guarded_and_the_systems_is_not(db: Database) -> None:
    with db.transaction() as session:
        add_tool(session, add_server(session, "a"), "system")
        add_tool(session, add_server(session, "b", scope="project", project_id=1), "project")
    tools = offered(db, project_id=1).tools
    assert {name: tool.server.is_guarded for name, tool in tools.items()} == {
        "system": False,
        "project": True,
    }


@pytest.mark.parametrize(
    ("scope", "annotations", "policy", "expected"),
    [
        ("system", {}, None, "auto"),
        ("project", {}, None, "ask"),
        ("project", READ_ONLY, None, "auto"),
        ("project", READ_ONLY, "never", "never"),
        ("system", {}, "ask", "ask"),
    ],
)
def test_who_offers_it_and_what_it_does_decide_whether_it_asks(
    db: Database, scope: str, annotations: dict[str, bool], policy: str | None, expected: str
) -> None:
    with db.transaction() as session:
        project_id = 1 if scope == "project" else None
        server = add_server(session, "a", scope=scope, project_id=project_id)
        add_tool(session, server, "tool", annotations=annotations, policy=policy)
    assert offered(db, project_id=1).tools["tool"].policy == expected


def test_an_agents_own_policy_counts_before_the_tools(db: Database) -> None:
    with db.transaction() as session:
        tool = add_tool(session, add_server(session, "a"), "tool", policy="never")
        choose(session, 1, [], {tool.id: "ask"})
    assert offered(db).tools["tool"].policy == "ask"


def test_a_tool_that_changed_asks_again(db: Database) -> None:
    with db.transaction() as session:
        add_tool(session, add_server(session, "a"), "tool", policy="auto", changed=True)
    assert offered(db).tools["tool"].policy == "ask"


def test_servers_over_the_limit_are_left_out_and_named(db: Database) -> None:
    with db.transaction() as session:
        for name in "ab":
            add_tool(session, add_server(session, name), name)
    found = offered(db, servers_max=1)
    assert (list(found.tools), found.left_out) == (["a"], ("b",))


def test_secrets_reach_the_spec_and_no_repr(db: Database) -> None:
    with db.transaction() as session:
        server = add_server(
            session,
            "a",
            api_key_encrypted=CIPHER.encrypt("sk-1"),
            headers_encrypted=sealed({"X-Team": "blue"}, CIPHER),
        )
        add_tool(session, server, "tool")
    spec = offered(db).tools["tool"].server
    assert dict(spec.headers) == {"Authorization": "Bearer sk-1", "X-Team": "blue"}
    assert "sk-1" not in repr(spec)


def test_a_server_whose_key_cannot_be_read_waits_for_it(db: Database) -> None:
    with db.transaction() as session:
        server = add_server(session, "a")
        add_tool(session, server, "tool")
        set_state(session, server.id, api_key_encrypted=b"of another secret")
    assert offered(db).waiting == (1,)


def test_a_model_is_offered_no_more_tools_than_it_takes(db: Database) -> None:
    with db.transaction() as session:
        server = add_server(session, "a")
        for number in range(130):
            add_tool(session, server, f"tool{number}")
    found = offered(db)
    assert (len(found.tools), found.left_out) == (128, ("2 tools",))
