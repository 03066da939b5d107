"""Gives the agent of an installation the tool server of these tests."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from chat_app.runtime import Runtime
from chat_app.store.tool_servers import ToolServerRow, offer_servers
from chat_app.store.tools import ToolRow

ROOT = Path(__file__).resolve().parents[2]
AGENT = 1


@contextmanager
def offered(rt: Runtime, gate: Path, policies: dict[str, str]) -> Iterator[None]:
    """Offered for a while."""
    server_id = offer(rt, gate, policies)
    try:
        yield
    finally:
        with rt.db.transaction() as session:
            offer_servers(session, AGENT, [])
            session.delete(session.get_one(ToolServerRow, server_id))
        rt.tool_servers.forget(server_id)


def offer(rt: Runtime, gate: Path, policies: dict[str, str]) -> int:
    """Its id. `policies` are those of tools by name; what is not named is called without asking."""
    env = ["env", f"GATE={gate}", f"PYTHONPATH={ROOT}"]
    with rt.db.transaction() as session:
        server = ToolServerRow(
            name="Harbour",
            scope="system",
            transport="stdio",
            command=[*env, sys.executable, "-m", "tests.web.tool_server"],
        )
        session.add(server)
        session.flush()
        server_id: int = server.id
        offer_servers(session, AGENT, [server_id])
    rt.tool_servers.sync(server_id)
    with rt.db.transaction() as session:
        for tool in session.scalars(select(ToolRow).where(ToolRow.server_id == server_id)):
            tool.policy = policies.get(tool.name, "auto")
    return server_id
