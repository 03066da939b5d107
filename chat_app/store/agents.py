"""Agents: who answers, with which model and instructions."""

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, selectinload

from chat_app.store.base import Base, Public
from chat_app.store.providers import ProviderRow
from chat_app.store.tool_servers import AgentToolServerRow
from chat_app.store.tools import AgentToolRow

HANDLE_MAX_CHARS = 40
# Who answers: a language model, or a task on the AI server of the agent's project.
MODEL, REMOTE = "model", "remote"


class AgentRow(Public, Base):
    """One of kind `remote` has a `project_id` and asks no provider. The kind never changes."""

    __tablename__ = "agents"
    __table_args__ = (
        UniqueConstraint("workspace_id", "handle"),
        Index(
            "uq_agents_default",
            "workspace_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
        {"sqlite_autoincrement": True},
    )

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    handle: Mapped[str] = mapped_column(String(HANDLE_MAX_CHARS))
    system_prompt: Mapped[str] = mapped_column(Text, default="")
    greeting: Mapped[str] = mapped_column(Text, default="")
    provider_id: Mapped[int | None] = mapped_column(
        ForeignKey("providers.id", ondelete="SET NULL"), index=True
    )
    model: Mapped[str | None] = mapped_column(String(200))
    temperature: Mapped[float | None]
    max_tokens: Mapped[int | None]
    is_default: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    kind: Mapped[str] = mapped_column(String(10), default=MODEL, server_default=MODEL)
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id", ondelete="SET NULL"), index=True
    )

    provider: Mapped[ProviderRow | None] = relationship(lazy="joined")
    # Only for showing an agent; whoever asks it a question must not pay for them.
    offered: Mapped[list[AgentToolServerRow]] = relationship(
        lazy="raise", viewonly=True, order_by=AgentToolServerRow.server_id
    )
    choices: Mapped[list[AgentToolRow]] = relationship(
        lazy="raise", viewonly=True, order_by=AgentToolRow.tool_id
    )

    @property
    def tool_server_ids(self) -> list[int]:
        """The system servers offered to it. This and the next two need `with_tools`."""
        return [offered.server_id for offered in self.offered]

    @property
    def disabled_tool_ids(self) -> list[int]:
        return [choice.tool_id for choice in self.choices if choice.disabled]

    @property
    def tool_policies(self) -> dict[int, str]:
        """`{tool id: policy}` where it is another one than the tool's own."""
        return {choice.tool_id: choice.policy for choice in self.choices if choice.policy}

    @property
    def is_remote(self) -> bool:
        return self.kind == REMOTE

    @property
    def effective_model(self) -> str | None:
        """The model it asks for: its own, else its provider's default."""
        if self.is_remote:
            return None
        return self.model or (self.provider.default_model if self.provider else None)

    @property
    def can_answer(self) -> bool:
        """Its provider is set and enabled, and it is known which model to ask for; or it is of a
        project whose AI server answers.
        """
        if self.is_remote:
            return self.project_id is not None
        provider = self.provider
        return provider is not None and provider.enabled and bool(self.effective_model)


_TOOLS = (selectinload(AgentRow.offered), selectinload(AgentRow.choices))


def agents_in(session: Session, workspace_ids: list[int]) -> list[AgentRow]:
    """The agents of these workspaces with what they may use, the default first."""
    found = select(AgentRow).where(AgentRow.workspace_id.in_(workspace_ids)).options(*_TOOLS)
    return list(session.scalars(found.order_by(AgentRow.is_default.desc(), AgentRow.id)))


def with_tools(session: Session, agent: AgentRow) -> AgentRow:
    """The agent as the database has it now, with what it may use."""
    found = select(AgentRow).where(AgentRow.id == agent.id).options(*_TOOLS)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def agent_in(session: Session, workspace_ids: list[int], agent_id: int) -> AgentRow | None:
    return session.scalar(
        select(AgentRow).where(AgentRow.workspace_id.in_(workspace_ids), AgentRow.id == agent_id)
    )


def agent_by_public_id(
    session: Session, workspace_ids: list[int], public_id: str
) -> AgentRow | None:
    found = select(AgentRow).where(AgentRow.workspace_id.in_(workspace_ids))
    return session.scalar(found.where(AgentRow.public_id == public_id))


# Made once: many a question asks one of these, and to make it costs more than to run it.
IN_WORKSPACE = select(AgentRow).where(AgentRow.workspace_id == bindparam("workspace"))
BY_HANDLE = IN_WORKSPACE.where(AgentRow.handle == bindparam("handle"))
DEFAULT = IN_WORKSPACE.where(AgentRow.is_default)


def agent_by_handle(session: Session, workspace_id: int, handle: str) -> AgentRow | None:
    return session.scalar(BY_HANDLE, {"workspace": workspace_id, "handle": handle.lower()})


def default_agent(session: Session, workspace_id: int) -> AgentRow | None:
    return session.scalar(DEFAULT, {"workspace": workspace_id})


def clear_default(session: Session, workspace_id: int) -> None:
    """Make room for another default; at most one may exist."""
    session.execute(
        update(AgentRow)
        .where(AgentRow.workspace_id == workspace_id, AgentRow.is_default)
        .values(is_default=False)
    )


def agents_without_model(session: Session, demo_ids: list[int]) -> list[AgentRow]:
    """The agents that have no provider, or one of these, and need one."""
    none = AgentRow.provider_id.is_(None)
    found = select(AgentRow).where(none | AgentRow.provider_id.in_(demo_ids))
    return list(session.scalars(found.where(AgentRow.kind == MODEL)))
