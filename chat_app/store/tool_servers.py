"""Tool servers: MCP servers with their encrypted keys, and who may use them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, BigInt, Numbered

SYSTEM, PROJECT = "system", "project"
OAUTH = "oauth"


class ToolServerRow(Numbered, Base):
    """`state` is `draft` until it was first reached, then `connected` or `error`.

    `transport` is `http` or `sse` with a `url`, `stdio` with a `command`, or `demo`. What is
    encrypted is JSON: `headers` and `env` are objects. `auth` is `oauth` once it is known that
    everybody has to sign in there; see store/tool_logins.py. `by_operator`: what an operator typed
    may lead anywhere.
    """

    __tablename__ = "tool_servers"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        Index(
            "uq_tool_servers_system_name",
            "name",
            unique=True,
            sqlite_where=text("project_id is null"),
            postgresql_where=text("project_id is null"),
        ),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(10))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    transport: Mapped[str] = mapped_column(String(10))
    url: Mapped[str | None] = mapped_column(String(2000))
    command: Mapped[list[str] | None] = mapped_column(JSON)
    env_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    api_key_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    state_message: Mapped[str | None] = mapped_column(Text)
    last_sync: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    by_operator: Mapped[bool] = mapped_column(default=False)
    auth: Mapped[str] = mapped_column(String(10), default="none", server_default="none")

    @property
    def has_key(self) -> bool:
        return self.api_key_encrypted is not None or self.headers_encrypted is not None

    @property
    def is_system(self) -> bool:
        return self.scope == SYSTEM


class AgentToolServerRow(Base):
    """A system server that is offered to an agent."""

    __tablename__ = "agent_tool_servers"
    __table_args__ = ()

    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True
    )
    server_id: Mapped[int] = mapped_column(
        ForeignKey("tool_servers.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def system_servers(session: Session) -> list[ToolServerRow]:
    found = select(ToolServerRow).where(ToolServerRow.scope == SYSTEM)
    return list(session.scalars(found.order_by(ToolServerRow.id)))


def servers_of_project(session: Session, project_id: int) -> list[ToolServerRow]:
    found = select(ToolServerRow).where(ToolServerRow.project_id == project_id)
    return list(session.scalars(found.order_by(ToolServerRow.id)))


def system_server_by_name(session: Session, name: str) -> ToolServerRow | None:
    found = select(ToolServerRow).where(ToolServerRow.scope == SYSTEM)
    return session.scalar(found.where(ToolServerRow.name == name))


# Made once: every question asks this, and to make it costs as much as to run it.
OFFERED = select(AgentToolServerRow.server_id).where(
    AgentToolServerRow.agent_id == bindparam("agent")
)
SERVERS_FOR = (
    select(ToolServerRow)
    .where(
        ToolServerRow.enabled,
        (ToolServerRow.id.in_(OFFERED) & (ToolServerRow.scope == SYSTEM))
        | (ToolServerRow.project_id == bindparam("project", type_=BigInt)),
    )
    .order_by(ToolServerRow.scope.desc(), ToolServerRow.id)
)


def servers_for(session: Session, agent_id: int, project_id: int | None) -> list[ToolServerRow]:
    """The enabled servers that an agent may use in a channel of this project, its own first."""
    return list(session.scalars(SERVERS_FOR, {"agent": agent_id, "project": project_id}))


def set_state(session: Session, server_id: int, **values: Any) -> None:
    """Change what is known of a server whose row is not loaded."""
    session.execute(update(ToolServerRow).where(ToolServerRow.id == server_id).values(**values))


def offer_servers(session: Session, agent_id: int, server_ids: list[int]) -> None:
    """Let exactly these servers be offered to an agent."""
    session.execute(delete(AgentToolServerRow).where(AgentToolServerRow.agent_id == agent_id))
    session.add_all(
        AgentToolServerRow(agent_id=agent_id, server_id=server_id)
        for server_id in sorted(set(server_ids))
    )


def withdraw_server(session: Session, server_id: int) -> None:
    """Offer a server to no agent any more."""
    session.execute(delete(AgentToolServerRow).where(AgentToolServerRow.server_id == server_id))
