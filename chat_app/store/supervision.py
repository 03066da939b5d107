"""Which process of ours provisions and watches a project. Every change is guarded by that."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chat_app.store.projects import PROCESS, PROVISIONING, READY, ProjectRow

# What somebody has to see to: all that is to become ready, and the processes that are.
WANTED = (ProjectRow.status == PROVISIONING) | (
    (ProjectRow.status == READY) & (ProjectRow.backend == PROCESS)
)


def wanted_projects(session: Session) -> list[ProjectRow]:
    return list(session.scalars(select(ProjectRow).where(WANTED).order_by(ProjectRow.id)))


def claim_project(session: Session, seen: ProjectRow, owner: str, until: datetime) -> bool:
    """Take a project over as it was `seen`; False when somebody else was first."""
    won = session.scalar(
        update(ProjectRow)
        .where(
            ProjectRow.id == seen.id,
            WANTED,
            ProjectRow.supervisor.is_not_distinct_from(seen.supervisor),
            ProjectRow.supervised_until.is_not_distinct_from(seen.supervised_until),
        )
        .values(supervisor=owner, supervised_until=until)
        .returning(ProjectRow.id),
        execution_options={"synchronize_session": False},
    )
    return won is not None


def renew_projects(session: Session, owner: str, ids: Iterable[int], until: datetime) -> set[int]:
    """Go on holding these projects; the ids of those that are still the owner's."""
    mine = update(ProjectRow).where(ProjectRow.id.in_(ids), ProjectRow.supervisor == owner)
    renewed = mine.values(supervised_until=until).returning(ProjectRow.id)
    return set(session.scalars(renewed, execution_options={"synchronize_session": False}))


def held_project(session: Session, project_id: int, owner: str) -> ProjectRow | None:
    """The project, while it is the owner's and somebody has to see to it."""
    held = ProjectRow.id == project_id, ProjectRow.supervisor == owner
    return session.scalar(select(ProjectRow).where(*held, WANTED))


def change_held(session: Session, project_id: int, owner: str, **values: Any) -> bool:
    """Change a project that is the owner's; False when it is not, or nobody wants it ready."""
    won = session.scalar(
        update(ProjectRow)
        .where(ProjectRow.id == project_id, ProjectRow.supervisor == owner, WANTED)
        .values(**values)
        .returning(ProjectRow.id),
        execution_options={"synchronize_session": False},
    )
    return won is not None
