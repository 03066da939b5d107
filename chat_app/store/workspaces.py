"""Workspaces (tenants) and the people in them."""

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Public
from chat_app.store.users import UserRow

ROLES = ("owner", "admin", "member", "viewer")


class WorkspaceRow(Public, Base):
    __tablename__ = "workspaces"

    name: Mapped[str] = mapped_column(String(100))


class WorkspaceMemberRow(Base):
    __tablename__ = "workspace_members"
    __table_args__ = ()

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(10))


def first_workspace(session: Session) -> WorkspaceRow | None:
    """The workspace that the installation was seeded with."""
    return session.scalar(select(WorkspaceRow).order_by(WorkspaceRow.id).limit(1))


def workspace_ids(session: Session) -> list[int]:
    """All workspaces of the installation, the oldest first."""
    return list(session.scalars(select(WorkspaceRow.id).order_by(WorkspaceRow.id)))


def workspaces_of(session: Session, user_id: int) -> dict[int, str]:
    """`{workspace id: the person's role there}`, oldest workspace first."""
    rows = session.connection().execute(
        select(WorkspaceMemberRow.workspace_id, WorkspaceMemberRow.role)
        .where(WorkspaceMemberRow.user_id == user_id)
        .order_by(WorkspaceMemberRow.workspace_id)
    )
    return dict(list(rows))


def people_of(session: Session, workspace_id: int) -> list[tuple[UserRow, str]]:
    """The people of a workspace with their roles, by name."""
    rows = session.execute(
        select(UserRow, WorkspaceMemberRow.role)
        .join(WorkspaceMemberRow, WorkspaceMemberRow.user_id == UserRow.id)
        .where(WorkspaceMemberRow.workspace_id == workspace_id)
        .order_by(UserRow.name, UserRow.id)
    )
    return [(user, role) for user, role in rows]


def workspaces_by_id(session: Session, ids: list[int] | None) -> list[WorkspaceRow]:
    """The workspaces with these ids, the oldest first; None are all."""
    found = select(WorkspaceRow).order_by(WorkspaceRow.id)
    return list(session.scalars(found if ids is None else found.where(WorkspaceRow.id.in_(ids))))


def lock_workspace(session: Session, workspace_id: int) -> None:
    """Who else changes its people waits for this transaction."""
    found = select(WorkspaceRow.id).where(WorkspaceRow.id == workspace_id)
    session.execute(found.with_for_update())


def member_of(session: Session, workspace_id: int, user_id: int) -> WorkspaceMemberRow | None:
    return session.get(WorkspaceMemberRow, (workspace_id, user_id))


def count_owners(session: Session, workspace_id: int) -> int:
    """How many owners it has who may still come in."""
    found = (
        select(func.count())
        .select_from(WorkspaceMemberRow)
        .join(UserRow, UserRow.id == WorkspaceMemberRow.user_id)
        .where(WorkspaceMemberRow.workspace_id == workspace_id, UserRow.is_active)
        .where(WorkspaceMemberRow.role == "owner")
    )
    return session.scalar(found) or 0
