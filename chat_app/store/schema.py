"""The schema's state: where the migrations stand, and how to move them."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from chat_app.errors import InvalidRequest
from chat_app.store import (
    ai_servers,
    approvals,
    attachments,
    audit,
    channel_events,
    identities,
    invitations,
    notes,
    presence,
    projects,
    read_marks,
    remote_tasks,
    run_events,
    tokens,
    tool_logins,
    tools,
    workspaces,
)
from chat_app.store.base import Base
from chat_app.store.db import Database

MIGRATION_LOCK = 4_620_417  # any number that is ours alone in the database
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

# Importing a row registers its table: the metadata is whole only once all of them are in.
TABLES = (
    ai_servers,
    approvals,
    attachments,
    audit,
    channel_events,
    identities,
    invitations,
    notes,
    presence,
    projects,
    read_marks,
    remote_tasks,
    run_events,
    tokens,
    tool_logins,
    tools,
    workspaces,
)


def head() -> str:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(db: Database) -> str | None:
    """The revision that the database is at, None when it is empty."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(db: Database, revision: str = "head") -> None:
    """Migrate up. A second process that does the same waits its turn."""
    with _writing(db) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(db: Database, revision: str) -> None:
    """Migrate down; `base` empties the database. Raises `InvalidRequest` for no such revision."""
    with _writing(db) as connection:
        command.downgrade(_config(connection), revision)


def revise(db: Database, message: str) -> Path:
    """Write a new migration from the difference between the rows and the database.

    Raises `InvalidRequest` when the database is not at the newest one.
    """
    number = f"{int(head() or 0) + 1:04}"
    with _writing(db) as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    return next(MIGRATIONS.glob(f"versions/{number}_*.py"))


def differences(db: Database) -> list[object]:
    """What autogenerate would change; empty when the migrations make exactly these rows."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


@contextmanager
def _writing(db: Database) -> Iterator[Connection]:
    with (
        db.engine.execution_options(begin="IMMEDIATE").connect() as connection,
        _without_foreign_keys(connection) if db.is_sqlite else nullcontext(),
        connection.begin(),
    ):
        if not db.is_sqlite:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            yield connection
        except CommandError as error:
            raise InvalidRequest(f"{error}.", field="revision") from error


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, and to drop the old one would delete what points
    at it: messages with their channels (https://sqlite.org/lang_altertable.html, section 7).
    """
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # it counts for nothing inside a transaction
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _config(connection: Connection | None = None) -> Config:
    quiet = Namespace(quiet=True)
    config = Config(
        cmd_opts=quiet, attributes={"connection": connection, "metadata": Base.metadata}
    )
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
