"""Where the schema stands, and moving it by hand. `installation.upgrade` is the usual way up."""

from dataclasses import dataclass
from pathlib import Path

from chat_app.errors import Conflict
from chat_app.runtime import Runtime
from chat_app.store import schema


@dataclass(frozen=True)
class Revisions:
    """Where the schema stands, None when there is none, and where this code needs it."""

    current: str | None
    needed: str


def revisions(rt: Runtime) -> Revisions:
    """Raises `ServerBusy` without a database."""
    rt.db.ping()
    return Revisions(schema.current(rt.db), schema.head())


def check_migrated(rt: Runtime) -> None:
    """Raises `Conflict` when the schema is not this code's, `ServerBusy` without a database."""
    found = revisions(rt)
    if found.current != found.needed:
        raise Conflict(
            f"The database is at revision {found.current or 'none'} and this code needs "
            f"{found.needed}. Run `flask --app wsgi db upgrade`."
        )


def downgrade(rt: Runtime, revision: str) -> None:
    """Migrate down; `base` empties the database. Raises `InvalidRequest`, `ServerBusy`."""
    rt.db.ping()
    schema.downgrade(rt.db, revision)


def revise(rt: Runtime, message: str) -> Path:
    """The new migration, written from the difference between the rows and the database.

    Raises `InvalidRequest` when the database is not at the newest one, `ServerBusy`.
    """
    rt.db.ping()
    return schema.revise(rt.db, message)
