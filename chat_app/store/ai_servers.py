"""AI servers that we started: processes that outlive the process of ours which started them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from chat_app.store.base import Base, Numbered


class AiServerRow(Numbered, Base):
    """A process on `host`: `pid` and when it `started` name it, `mark` is in its environment.

    One that has no project any more is to be ended, by whoever of ours is on its host. That a
    project has one at most is what the database itself keeps.
    """

    __tablename__ = "ai_servers"

    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id", ondelete="SET NULL"), unique=True
    )
    host: Mapped[str] = mapped_column(String(100), index=True)
    mark: Mapped[str] = mapped_column(String(100))
    pid: Mapped[int]
    started: Mapped[str] = mapped_column(String(100))
    healthy_at: Mapped[datetime | None]


def ai_server_of(session: Session, project_id: int) -> AiServerRow | None:
    return session.scalar(select(AiServerRow).where(AiServerRow.project_id == project_id))


def hosts_of_ai_servers(session: Session) -> dict[int, str]:
    """`{project id: the host of its AI server}`."""
    found = select(AiServerRow.project_id, AiServerRow.host)
    rows = session.execute(found.where(AiServerRow.project_id.is_not(None)))
    return {project_id: host for project_id, host in rows if project_id is not None}


def count_ai_servers(session: Session, host: str) -> int:
    """How many of this host belong to a project."""
    found = select(func.count()).select_from(AiServerRow)
    of_projects = AiServerRow.host == host, AiServerRow.project_id.is_not(None)
    return session.scalar(found.where(*of_projects)) or 0


def disown_ai_server(session: Session, project_id: int) -> None:
    """Take a project's AI server away from it: from then on it is to be ended."""
    theirs = update(AiServerRow).where(AiServerRow.project_id == project_id)
    session.execute(theirs.values(project_id=None))


def note_health(session: Session, ai_server_id: int, time: datetime) -> None:
    session.execute(
        update(AiServerRow).where(AiServerRow.id == ai_server_id).values(healthy_at=time)
    )


def left_ai_servers(session: Session, host: str, mark: str = "") -> list[AiServerRow]:
    """Those of this host that are to be ended; only those whose mark begins so."""
    left = AiServerRow.project_id.is_(None), AiServerRow.host == host
    found = select(AiServerRow).where(*left, AiServerRow.mark.startswith(mark, autoescape=True))
    return list(session.scalars(found.order_by(AiServerRow.id)))


def forget_ai_servers(session: Session, ids: list[int], before: datetime) -> None:
    """Delete these, which have ended, and what a host left before that time and never ended."""
    is_old = AiServerRow.project_id.is_(None) & (AiServerRow.created_at < before)
    session.execute(delete(AiServerRow).where(or_(AiServerRow.id.in_(ids), is_old)))
