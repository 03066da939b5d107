"""Agents: who answers, with which model and instructions."""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from chat_app.store.base import Base, Public
from chat_app.store.providers import ProviderRow

HANDLE_MAX_CHARS = 40


class AgentRow(Public, Base):
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

    provider: Mapped[ProviderRow | None] = relationship(lazy="joined")

    @property
    def effective_model(self) -> str | None:
        """The model it asks for: its own, else its provider's default."""
        return self.model or (self.provider.default_model if self.provider else None)

    @property
    def can_answer(self) -> bool:
        """Its provider is set and enabled, and it is known which model to ask for."""
        provider = self.provider
        return provider is not None and provider.enabled and bool(self.effective_model)


def agents_in(session: Session, workspace_ids: list[int]) -> list[AgentRow]:
    """The agents of these workspaces, the default first."""
    found = select(AgentRow).where(AgentRow.workspace_id.in_(workspace_ids))
    return list(session.scalars(found.order_by(AgentRow.is_default.desc(), AgentRow.id)))


def agent_in(session: Session, workspace_ids: list[int], agent_id: int) -> AgentRow | None:
    return session.scalar(
        select(AgentRow).where(AgentRow.workspace_id.in_(workspace_ids), AgentRow.id == agent_id)
    )


def agent_by_public_id(
    session: Session, workspace_ids: list[int], public_id: str
) -> AgentRow | None:
    found = select(AgentRow).where(AgentRow.workspace_id.in_(workspace_ids))
    return session.scalar(found.where(AgentRow.public_id == public_id))


def agent_by_handle(session: Session, workspace_id: int, handle: str) -> AgentRow | None:
    found = select(AgentRow).where(AgentRow.workspace_id == workspace_id)
    return session.scalar(found.where(AgentRow.handle == handle.lower()))


def default_agent(session: Session, workspace_id: int) -> AgentRow | None:
    found = select(AgentRow).where(AgentRow.workspace_id == workspace_id)
    return session.scalar(found.where(AgentRow.is_default))


def clear_default(session: Session, workspace_id: int) -> None:
    """Make room for another default; at most one may exist."""
    session.execute(
        update(AgentRow)
        .where(AgentRow.workspace_id == workspace_id, AgentRow.is_default)
        .values(is_default=False)
    )
