"""The migrations make exactly the tables that the rows describe, on both databases."""

import pytest

from chat_app.store import schema
from chat_app.store.db import Database


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
