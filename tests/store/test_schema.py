"""The migrations make exactly the tables that the rows describe, on both databases."""

import pytest
from sqlalchemy.exc import IntegrityError

from chat_app.store import schema
from chat_app.store.db import Database

A_MESSAGE = (
    "insert into workspaces (name, public_id, created_at) values ('w', 'w', '2026-01-01')",
    "insert into channels (workspace_id, title, reply_mode, last_seq, last_event_seq, updated_at, "
    "public_id, created_at) values (1, 't', 'auto', 1, 0, '2026-01-01', 'c', '2026-01-01')",
    "insert into messages (channel_id, seq, role, author_name, body, status, replaced, public_id, "
    "created_at) values (1, 1, 'user', 'n', 'kept', 'complete', false, 'm', '2026-01-01')",
)


@pytest.fixture
def db(each_database: str) -> Database:
    return Database(each_database)


def test_the_migrated_schema_equals_the_rows(db: Database) -> None:
    schema.upgrade(db)
    assert schema.differences(db) == []
    assert schema.current(db) == schema.head()


def test_migrations_go_down_to_nothing_and_up_again(db: Database) -> None:
    schema.upgrade(db)
    schema.downgrade(db, "base")
    assert schema.current(db) is None
    schema.upgrade(db)
    assert schema.differences(db) == []


def test_upgrading_twice_changes_nothing(db: Database) -> None:
    schema.upgrade(db)
    schema.upgrade(db)
    assert schema.differences(db) == []


def test_a_migration_keeps_what_people_said(db: Database) -> None:
    schema.upgrade(db, "0001")
    with db.engine.begin() as connection:
        for statement in A_MESSAGE:
            connection.exec_driver_sql(statement)
    schema.upgrade(db)
    schema.downgrade(db, "0001")
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("select body from messages").scalar() == "kept"


def test_keys_hold_again_after_a_migration(db: Database) -> None:
    schema.upgrade(db)
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into notes (channel_id, number, text) values (99, 1, '')"
        )
