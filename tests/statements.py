"""What the database is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from sqlalchemy import event

from chat_app.store.db import Database


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """What this greenlet asks meanwhile, but for the beginnings and ends of transactions."""
    asked: list[str] = []
    asking = gevent.getcurrent()

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if gevent.getcurrent() is asking and not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
