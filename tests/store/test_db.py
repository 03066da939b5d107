"""The database: transactions that hold, foreign faults as ours, nobody waiting for anybody."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import pytest
from sqlalchemy import text

from chat_app.errors import Conflict, ServerBusy
from chat_app.store import schema
from chat_app.store.db import Database
from chat_app.store.users import UserRow, user_by_email
from tests.postgres import Postgres


@pytest.fixture
def db(each_database: str) -> Database:
    db = Database(each_database)
    schema.upgrade(db)
    yield db
    db.close()


def person(email: str = "a@example.com") -> UserRow:
    return UserRow(email=email, name="A", password_hash="x")


def test_a_transaction_commits_at_its_end(db: Database):
    with db.transaction() as session:
        session.add(person())
    with db.reading() as session:
        assert user_by_email(session, "A@EXAMPLE.com") is not None


def test_a_transaction_that_breaks_leaves_nothing(db: Database):
    def breaks() -> None:
        with db.transaction() as session:
            session.add(person())
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    with db.reading() as session:
        assert user_by_email(session, "a@example.com") is None


def test_what_must_be_unique_is_a_conflict(db: Database):
    with db.transaction() as session:
        session.add(person())
    with pytest.raises(Conflict), db.transaction() as session:
        session.add(person())


def test_rows_are_usable_after_their_transaction(db: Database):
    with db.transaction() as session:
        row = person()
        session.add(row)
    assert (row.id, row.email) == (1, "a@example.com")
    assert row.created_at.utcoffset() is not None


def test_an_id_is_never_given_twice(db: Database):
    with db.transaction() as session:
        first = person()
        session.add(first)
    with db.transaction() as session:
        session.delete(session.get_one(UserRow, first.id))
    with db.transaction() as session:
        second = person()
        session.add(second)
    assert second.id > first.id


def test_writers_at_the_same_time_all_get_their_turn(db: Database):
    def write(number: int) -> None:
        with db.transaction() as session:
            session.add(person(f"{number}@example.com"))

    gevent.joinall([gevent.spawn(write, n) for n in range(20)], timeout=30, raise_error=True)
    with db.reading() as session:
        assert session.execute(text("select count(*) from users")).scalar() == 20


def test_a_reader_does_not_wait_for_a_writer(db: Database):
    with db.transaction() as writing:
        writing.add(person())
        writing.flush()
        with db.reading() as session:
            assert user_by_email(session, "a@example.com") is None


def test_what_is_stored_stays_out_of_a_faults_text(db: Database):
    # A tally of a wrong type is a mistake of ours: its traceback goes to the log.
    with pytest.raises(Exception) as fault, db.transaction() as session:
        session.execute(text("select nothing from users where name = :it"), {"it": "sesame"})
    assert "sesame" not in str(fault.value) + str(fault.value.__cause__)


def test_who_is_killed_while_a_connection_is_tried_is_killed(postgres: Postgres):
    """And not told of the connection, as if the database were at fault."""
    db = Database(postgres.new_database())
    with db.reading() as session:
        backend = session.execute(text("select pg_backend_pid()")).scalar_one()
    with stopped(backend):
        asking = gevent.spawn(db.ping)
        asking.join(0.1)
        asking.kill()
    assert isinstance(asking.value, gevent.GreenletExit)
    db.ping()
    db.close()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_without_a_server_the_database_is_busy_not_broken():
    db = Database("postgresql+psycopg://nobody:sesame@127.0.0.1:1/none")
    with pytest.raises(ServerBusy) as fault:
        db.ping()
    assert fault.value.retryable
    assert "sesame" not in str(fault.value.as_dict())
