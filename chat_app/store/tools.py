"""Tools, as their servers listed them, and what agents may do with them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from chat_app.store.base import Base, Numbered
from chat_app.store.tool_servers import SYSTEM, ToolServerRow

NAME_MAX_CHARS = 128
POLICIES = ("auto", "ask", "never")


class ToolRow(Numbered, Base):
    """`policy` is None where nobody chose one. `changed` marks a tool whose description, schema
    or annotations are no longer those that somebody agreed to. One that is not `listed` is gone
    from its server; should it come back, what was chosen for it holds.
    """

    __tablename__ = "tools"
    __table_args__ = (UniqueConstraint("server_id", "name"), {"sqlite_autoincrement": True})

    server_id: Mapped[int] = mapped_column(ForeignKey("tool_servers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(NAME_MAX_CHARS))
    description: Mapped[str] = mapped_column(Text, default="")
    input_schema: Mapped[dict[str, Any]] = mapped_column(JSON)
    annotations: Mapped[dict[str, Any]] = mapped_column(JSON)
    enabled: Mapped[bool] = mapped_column(default=True)
    policy: Mapped[str | None] = mapped_column(String(5))
    changed: Mapped[bool] = mapped_column(default=False)
    listed: Mapped[bool] = mapped_column(default=True)

    server: Mapped[ToolServerRow] = relationship(lazy="joined")


class AgentToolRow(Base):
    """What an agent does otherwise than the tool's own row says."""

    __tablename__ = "agent_tools"
    __table_args__ = ()

    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True
    )
    tool_id: Mapped[int] = mapped_column(
        ForeignKey("tools.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    disabled: Mapped[bool] = mapped_column(default=False)
    policy: Mapped[str | None] = mapped_column(String(5))


def tools_of(session: Session, server_ids: Sequence[int]) -> list[ToolRow]:
    """The tools of these servers, in the order in which they were first listed."""
    found = select(ToolRow).where(ToolRow.server_id.in_(server_ids), ToolRow.listed)
    return list(session.scalars(found.order_by(ToolRow.server_id, ToolRow.id)))


def tool_counts(session: Session, server_ids: Sequence[int]) -> dict[int, int]:
    """`{server id: how many tools}` of those that list any."""
    found = select(ToolRow.server_id, func.count()).where(ToolRow.listed)
    counted = found.where(ToolRow.server_id.in_(server_ids)).group_by(ToolRow.server_id)
    return {row[0]: row[1] for row in session.execute(counted)}


def known_tools(session: Session, server_id: int) -> dict[str, ToolRow]:
    """All that the server ever listed, by name."""
    found = select(ToolRow).where(ToolRow.server_id == server_id)
    return {row.name: row for row in session.scalars(found)}


def choices_of(session: Session, agent_id: int) -> dict[int, AgentToolRow]:
    """`{tool id: what the agent does otherwise}`."""
    found = select(AgentToolRow).where(AgentToolRow.agent_id == agent_id)
    return {row.tool_id: row for row in session.scalars(found.order_by(AgentToolRow.tool_id))}


def system_tools_among(session: Session, tool_ids: Collection[int]) -> set[int]:
    """Those of these ids that are tools of system servers."""
    found = select(ToolRow.id).join(ToolServerRow).where(ToolServerRow.scope == SYSTEM)
    return set(session.scalars(found.where(ToolRow.id.in_(tool_ids))))


def choose(
    session: Session, agent_id: int, disabled: Collection[int], policies: dict[int, str]
) -> None:
    """Let exactly these tools be switched off for an agent, and these have policies of its own."""
    session.execute(delete(AgentToolRow).where(AgentToolRow.agent_id == agent_id))
    session.add_all(
        AgentToolRow(
            agent_id=agent_id,
            tool_id=tool_id,
            disabled=tool_id in disabled,
            policy=policies.get(tool_id),
        )
        for tool_id in sorted({*disabled, *policies})
    )
