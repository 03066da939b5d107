"""Projects: a context for channels, with tool servers and an AI server of their own."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, delete, false, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Public
from chat_app.store.users import UserRow

CREATED, PROVISIONING, READY = "CREATED", "PROVISIONING", "READY"
STOPPED, FAILED = "STOPPED", "FAILED"
# Never stored: what a READY project is shown as while a run of its is live.
RUNNING = "RUNNING"
# Whose AI server it is: one that runs anyway, or a process that we start.
URL, PROCESS = "url", "process"


class ProjectRow(Public, Base):
    """`context` joins the system prompt in the project's channels; `spec` is what a run is for
    where it does not say.

    `ai_server_url` was typed, and `by_operator` by one who may type any address; or it is that of
    the process which we started. `supervisor` is the process of ours that provisions and watches
    until `supervised_until`; `tries` counts how often in a row it failed, and before
    `next_try_at` it does not try again. `thread_channel_id` is the thread that runs go on in.
    """

    __tablename__ = "projects"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    context: Mapped[str] = mapped_column(Text, default="")
    spec: Mapped[str] = mapped_column(Text, default="", server_default="")
    backend: Mapped[str] = mapped_column(String(10), default=URL, server_default=URL)
    ai_server_url: Mapped[str | None] = mapped_column(String(2000))
    ai_server_token_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    by_operator: Mapped[bool] = mapped_column(default=False, server_default=false())
    status: Mapped[str] = mapped_column(
        String(15), default=CREATED, server_default=CREATED, index=True
    )
    last_error: Mapped[str | None] = mapped_column(Text)
    thread_channel_id: Mapped[int | None] = mapped_column(
        # Channels point at projects, too: neither table can be made whole before the other.
        ForeignKey("channels.id", ondelete="SET NULL", use_alter=True),
        index=True,
    )
    supervisor: Mapped[str | None] = mapped_column(String(100))
    supervised_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[datetime | None]

    @property
    def has_token(self) -> bool:
        return self.ai_server_token_encrypted is not None


class ProjectMemberRow(Base):
    """Somebody of the workspace who may use a project that is another's."""

    __tablename__ = "project_members"
    __table_args__ = ()

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def projects_of(
    session: Session, owner_id: int, managed_workspace_ids: list[int]
) -> list[ProjectRow]:
    """A person's own projects and those of the workspaces they manage, newest first."""
    mine = ProjectRow.owner_id == owner_id
    found = select(ProjectRow).where(mine | ProjectRow.workspace_id.in_(managed_workspace_ids))
    return list(session.scalars(found.order_by(ProjectRow.id.desc())))


def projects_used_by(
    session: Session, user_id: int, managed_workspace_ids: list[int]
) -> list[ProjectRow]:
    """As `projects_of`, and those that the person is a member of."""
    joined = select(ProjectMemberRow.project_id).where(ProjectMemberRow.user_id == user_id)
    theirs = (ProjectRow.owner_id == user_id) | ProjectRow.id.in_(joined)
    found = select(ProjectRow).where(theirs | ProjectRow.workspace_id.in_(managed_workspace_ids))
    return list(session.scalars(found.order_by(ProjectRow.id.desc())))


def is_in_project(session: Session, project_id: int, user_id: int) -> bool:
    return session.get(ProjectMemberRow, (project_id, user_id)) is not None


def is_used_by(session: Session, project: ProjectRow, user_id: int, manages: bool) -> bool:
    """Whether somebody may see and use a project: its owner, its members, and who `manages` its
    workspace.
    """
    return manages or project.owner_id == user_id or is_in_project(session, project.id, user_id)


def people_in_project(session: Session, project_id: int) -> list[UserRow]:
    """The members of a project, by name; its owner is none."""
    found = (
        select(UserRow)
        .join(ProjectMemberRow, ProjectMemberRow.user_id == UserRow.id)
        .where(ProjectMemberRow.project_id == project_id)
    )
    return list(session.scalars(found.order_by(UserRow.name, UserRow.id)))


def leave_projects(session: Session, workspace_id: int, user_id: int) -> None:
    """Take somebody out of all projects of a workspace."""
    theirs = select(ProjectRow.id).where(ProjectRow.workspace_id == workspace_id)
    left = delete(ProjectMemberRow).where(ProjectMemberRow.user_id == user_id)
    session.execute(left.where(ProjectMemberRow.project_id.in_(theirs)))


def count_projects_owned_by(session: Session, user_id: int) -> int:
    found = select(func.count()).select_from(ProjectRow).where(ProjectRow.owner_id == user_id)
    return session.scalar(found) or 0


def project_in(session: Session, workspace_ids: list[int], project_id: int) -> ProjectRow | None:
    found = select(ProjectRow).where(ProjectRow.workspace_id.in_(workspace_ids))
    return session.scalar(found.where(ProjectRow.id == project_id))


def project_by_public_id(
    session: Session, workspace_ids: list[int], public_id: str
) -> ProjectRow | None:
    found = select(ProjectRow).where(ProjectRow.workspace_id.in_(workspace_ids))
    return session.scalar(found.where(ProjectRow.public_id == public_id))


def lock_project(session: Session, project_id: int) -> ProjectRow | None:
    """The project as it is now; who else changes it waits for this transaction."""
    found = select(ProjectRow).where(ProjectRow.id == project_id).with_for_update()
    return session.scalar(found, execution_options={"populate_existing": True})
