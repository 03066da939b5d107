"""The connection to the database, and the two ways to use it: `transaction` and `reading`."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from chat_app.errors import Conflict, ServerBusy

POOL_SIZE = 10
POOL_OVERFLOW = 20
POOL_WAIT_S = 10
LOCK_WAIT_S = 10.0
LOCK_RETRY_S = 0.005
STATEMENT_TIMEOUT_MS = 15_000
# A process that was paused in a transaction must not lock others out for longer than a lease.
IDLE_IN_TRANSACTION_MS = 10_000

__all__ = ["Database", "Session"]


class Database:
    """One engine and its pool. Nothing is connected before the first use, so it survives a fork."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._write = sessionmaker(
            self.engine.execution_options(begin="IMMEDIATE"), expire_on_commit=False
        )
        self._read = sessionmaker(self.engine, expire_on_commit=False)
        # What an answer said so far may be lost with the machine's power, never with a process:
        # then its commits need not wait for the disk, and the hub with them.
        self._journal = _sqlite(url, "NORMAL") if self.is_sqlite else self.engine
        self._journal_write = self._journal.execution_options(begin="IMMEDIATE")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or undoes everything when the block raises.

        On SQLite it holds the write lock from its start, so nothing in the block may wait for
        anything else. Raises `ServerBusy` when the database cannot be had in time, `Conflict` when
        another transaction took something that must be unique.
        """
        with _faults_as_ours(), self._write.begin() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """As `transaction`, without rows: for the journal, where every microsecond counts."""
        with _faults_as_ours(), self._journal_write.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; rows stay usable after it. Raises `ServerBusy`."""
        with _faults_as_ours(), self._read() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """As `reading`, and every query in the block sees the same moment."""
        with self.reading() as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    def ping(self) -> None:
        """One round trip; raises `ServerBusy` or SQLAlchemy's own error."""
        with self.reading() as session:
            session.execute(text("select 1"))

    def close(self) -> None:
        self.engine.dispose()
        self._journal.dispose()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, "FULL")
    options = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=utc"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
    )
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_S,
        json_deserializer=_loads,
        hide_parameters=True,  # what people say must not reach a log
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": POOL_WAIT_S},
    )
    engine.dialect.do_ping = _ping  # type: ignore[method-assign]
    return engine


def _ping(dbapi_connection: Any) -> bool:
    """Whether a pooled connection still answers, as SQLAlchemy asks it; but what is thrown into a
    greenlet meanwhile comes out of it. There the connection, in mid-question, is set back first:
    that fails, and its fault takes the place of a cancel. Here the pool throws it away.
    """
    dbapi_connection.autocommit = True
    dbapi_connection.execute("select 1")
    dbapi_connection.autocommit = False
    return True


def _sqlite(url: str, synchronous: str) -> Engine:
    Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_S,
        json_deserializer=_loads,
        hide_parameters=True,  # what people say must not reach a log
        connect_args={"timeout": 0, "check_same_thread": False},
    )
    event.listen(engine, "connect", partial(_prepare_sqlite, synchronous))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _loads(text: str) -> Any:
    # What nearly every message has for its tool calls, and a question reads 200 messages.
    return [] if text == "[]" else json.loads(text)


def _prepare_sqlite(synchronous: str, connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
        _until_free(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}"))


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock first thing, and wait for it without holding up other greenlets.

    SQLite's own wait (`busy_timeout`) blocks the whole process; `time.sleep` under gevent does not.
    """
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    _until_free(lambda: connection.exec_driver_sql(f"BEGIN {mode}"))


def _until_free(step: Any) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            step()
            return
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(LOCK_RETRY_S)


@contextmanager
def _faults_as_ours() -> Iterator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise ServerBusy(retry_after=1) from error
    except exc.IntegrityError as error:
        raise Conflict from error
    except exc.DBAPIError as error:
        if not isinstance(error, exc.OperationalError) and not error.connection_invalidated:
            raise
        raise ServerBusy("The database cannot be reached.", retry_after=1) from error
