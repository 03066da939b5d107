"""Projects: a context for channels, with tool servers of its own."""

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Public


class ProjectRow(Public, Base):
    """`context` joins the system prompt in the project's channels."""

    __tablename__ = "projects"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    context: Mapped[str] = mapped_column(Text, default="")


def projects_of(
    session: Session, owner_id: int, managed_workspace_ids: list[int]
) -> list[ProjectRow]:
    """A person's own projects and those of the workspaces they manage, newest first."""
    mine = ProjectRow.owner_id == owner_id
    found = select(ProjectRow).where(mine | ProjectRow.workspace_id.in_(managed_workspace_ids))
    return list(session.scalars(found.order_by(ProjectRow.id.desc())))


def project_in(session: Session, workspace_ids: list[int], project_id: int) -> ProjectRow | None:
    found = select(ProjectRow).where(ProjectRow.workspace_id.in_(workspace_ids))
    return session.scalar(found.where(ProjectRow.id == project_id))


def project_by_public_id(
    session: Session, workspace_ids: list[int], public_id: str
) -> ProjectRow | None:
    found = select(ProjectRow).where(ProjectRow.workspace_id.in_(workspace_ids))
    return session.scalar(found.where(ProjectRow.public_id == public_id))
