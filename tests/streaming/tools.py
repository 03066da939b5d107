"""Tools for tests of the engine: rows of a server, and a caller that does what a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from gevent.event import Event as Bell

from chat_app.errors import HoldfastError
from chat_app.runtime import Runtime
from chat_app.store.agents import AgentRow
from chat_app.store.approvals import asks_of
from chat_app.store.db import Database
from chat_app.store.tool_servers import AgentToolServerRow, ToolServerRow
from chat_app.store.tools import ToolRow
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.engine import RunEngine
from chat_app.streaming.journal import Journal
from chat_app.streaming.planning import Planner
from chat_app.streaming.points import nothing
from chat_app.streaming.relay import Relay
from chat_app.streaming.tooling import Tooling
from chat_app.tools.values import (
    CallResult,
    InputAnswers,
    InputRequired,
    Listing,
    ServerSpec,
    ToolLimits,
)
from tests.scripts import Done, FinishChunk, Step, ToolCallChunk

Does = Callable[..., CallResult | InputRequired]


def asks_for(*tools: str, args: str = "{}") -> list[Step]:
    """A model's answer that calls these tools, with ids `c0`, `c1`, …"""
    steps: list[Step] = []
    for index, tool in enumerate(tools):
        steps.append(ToolCallChunk(index, f"c{index}", tool))
        steps.append(ToolCallChunk(index, arguments=args))
    return [*steps, FinishChunk("tool_calls"), Done()]


@dataclass
class FakeTools:
    """Stands for the sidecar: `does` says what each tool does, `called` what was asked of it."""

    does: dict[str, Does] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    answers: list[InputAnswers | None] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    listing: Listing | HoldfastError = field(default_factory=lambda: Listing((), "2026-07-28"))

    def list_tools(self, spec: ServerSpec, fresh: bool = False) -> Listing:
        if isinstance(self.listing, HoldfastError):
            raise self.listing
        return self.listing

    def call(
        self,
        spec: ServerSpec,
        tool: str,
        args: dict[str, Any],
        timeout_s: float,
        on_progress: Any = None,
        answers: InputAnswers | None = None,
        on_input: Any = None,
        repeatable: bool = False,
        channel_id: int | None = None,
    ) -> CallResult | InputRequired:
        self.called.append(tool)
        self.answers.append(answers)
        try:
            return self.does[tool](on_progress=on_progress, on_input=on_input, **args)
        except HoldfastError:
            raise
        except BaseException:
            self.stopped.append(tool)
            raise

    def forget(self, server_id: int) -> None:
        pass


def gives(text: str, is_error: bool = False) -> Does:
    return lambda **_: CallResult(text, is_error)


def fails(error: HoldfastError) -> Does:
    def does(**_: Any) -> CallResult:
        raise error

    return does


def waits(bell: Bell, text: str = "at last") -> Does:
    def does(**_: Any) -> CallResult:
        bell.wait()
        return CallResult(text)

    return does


def add_tool(db: Database, name: str, **values: Any) -> int:
    """A tool of the connected server “Things”, which is made with the first one and offered to
    the seeded agent.
    """
    with db.transaction() as session:
        server = session.query(ToolServerRow).filter_by(name="Things").one_or_none()
        if server is None:
            server = ToolServerRow(
                name="Things", scope="system", transport="http", url="http://x", state="connected"
            )
            session.add(server)
            session.flush()
            agent = session.query(AgentRow).order_by(AgentRow.id).first()
            assert agent is not None
            session.add(AgentToolServerRow(agent_id=agent.id, server_id=server.id))
        given = {"input_schema": {}, "annotations": {}, **values}
        tool = ToolRow(server_id=server.id, name=name, **given)
        session.add(tool)
        session.flush()
        return tool.id


def remove_tools(db: Database) -> None:
    with db.transaction() as session:
        session.query(ToolServerRow).filter_by(name="Things").delete()


def with_tools(rt: Runtime, tools: FakeTools, limits: ToolLimits | None = None) -> Runtime:
    """The same process, whose tools are these."""
    tooling = Tooling(rt.db, rt.cipher, tools, rt.tool_servers, limits or ToolLimits())
    planner = Planner(rt.cipher, rt.demo.base_url, tooling.offer)
    journal = Journal(rt.db)
    relay = Relay(rt.db, journal, rt.ai_servers, nothing)
    engine = RunEngine(rt.db, rt.feeds, journal, planner, rt.providers, tooling, relay)
    return replace(rt, planner=planner, engine=engine)


def asked(rt: Runtime, run: RunRef) -> list[str]:
    """The calls about which somebody is asked, answered or not."""
    with rt.db.reading() as session:
        return [ask.call_id for ask in asks_of(session, run.id)]
