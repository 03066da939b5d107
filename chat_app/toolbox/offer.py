"""What an agent may use in a channel: its system servers' tools without those switched off, and
the tools of the channel's project.
"""

from dataclasses import dataclass, field
from typing import Any

from chat_app.errors import ToolUnavailable
from chat_app.store.db import Session
from chat_app.store.secrets import Cipher
from chat_app.store.tool_servers import ToolServerRow, servers_for
from chat_app.store.tools import AgentToolRow, ToolRow, choices_of, tools_of
from chat_app.toolbox.naming import offered_names
from chat_app.toolbox.specs import spec_of
from chat_app.tools import policy
from chat_app.tools.values import ServerSpec, ToolLimits


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as the model sees it: `name` is unique in the offer, `tool` the server's own."""

    id: int
    name: str
    tool: str
    server: ServerSpec
    description: str
    input_schema: dict[str, Any]
    policy: str
    is_repeatable: bool

    def as_function(self) -> dict[str, Any]:
        """The tool in the shape of OpenAI's Chat Completions API."""
        schema = {"type": "object", "properties": {}, **self.input_schema}
        about = {"name": self.name, "description": self.description, "parameters": schema}
        return {"type": "function", "function": about}


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools by name. `waiting` are servers that are not connected at the moment, `left_out`
    says what is over a limit, in words.
    """

    tools: dict[str, OfferedTool] = field(default_factory=dict)
    waiting: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()


NOTHING = Offer()
# What OpenAI's API takes; one more and it refuses the whole question.
TOOLS_MAX = 128


def offer(
    session: Session,
    cipher: Cipher,
    limits: ToolLimits,
    agent_id: int,
    project_id: int | None,
    user_id: int | None = None,
) -> Offer:
    """What the rows say; asks no server. Servers that want a sign-in are used as `user_id`, and
    offered also where that person has not done so: a call says what to do about it.
    """
    servers = servers_for(session, agent_id, project_id)
    if not servers:
        return NOTHING
    servers, over = servers[: limits.servers_an_agent], servers[limits.servers_an_agent :]
    specs = {server.id: spec for server in servers if (spec := _spec(server, cipher, user_id))}
    choices = choices_of(session, agent_id)
    tools = [
        tool
        for tool in tools_of(session, list(specs))
        if tool.enabled and not _is_off(choices.get(tool.id))
    ]
    left_out = [server.name for server in over]
    if len(tools) > TOOLS_MAX:
        left_out.append(f"{len(tools) - TOOLS_MAX} tools")
        del tools[TOOLS_MAX:]
    names = offered_names([(tool.server.name, tool.name) for tool in tools])
    return Offer(
        tools={
            name: _offered(name, tool, specs[tool.server_id], choices.get(tool.id))
            for name, tool in zip(names, tools, strict=True)
        },
        waiting=tuple(server.id for server in servers if server.id not in specs),
        left_out=tuple(left_out),
    )


def _spec(server: ToolServerRow, cipher: Cipher, user_id: int | None) -> ServerSpec | None:
    """How a connected server is reached; None for one that is not, or whose key is lost."""
    try:
        return spec_of(server, cipher, user_id) if server.state == "connected" else None
    except ToolUnavailable:
        return None


def _is_off(choice: AgentToolRow | None) -> bool:
    return choice is not None and choice.disabled


def effective_policy(tool: ToolRow, server: ToolServerRow, choice: AgentToolRow | None) -> str:
    return policy.effective(
        server.is_system,
        tool.annotations,
        tool.changed,
        tool.policy,
        choice.policy if choice else None,
    )


def _offered(
    name: str, tool: ToolRow, spec: ServerSpec, choice: AgentToolRow | None
) -> OfferedTool:
    return OfferedTool(
        id=tool.id,
        name=name,
        tool=tool.name,
        server=spec,
        description=tool.description,
        input_schema=tool.input_schema,
        policy=effective_policy(tool, tool.server, choice),
        is_repeatable=policy.is_repeatable(tool.annotations),
    )
