"""What was said before there were marks counts as read, on both databases."""

from chat_app.store import schema
from chat_app.store.db import Database
from chat_app.store.read_marks import mark_of, unread_counts
from tests.store.test_schema import A_MESSAGE

AN_EMPTY_CHANNEL = (
    "insert into channels (workspace_id, title, reply_mode, last_seq, last_event_seq, updated_at, "
    "public_id, created_at) values (1, 'e', 'auto', 0, 0, '2026-01-01', 'e', '2026-01-01')"
)
A_PERSON = (
    "insert into users (email, name, password_hash, is_operator, is_active, public_id, created_at) "
    "values ('a@example.com', 'a', '', false, true, 'u', '2026-01-01')"
)
IN_BOTH = "insert into channel_members (channel_id, user_id) values (1, 1), (2, 1)"


def test_everything_old_is_read(each_database: str) -> None:
    db = Database(each_database)
    schema.upgrade(db, "0003")
    with db.engine.begin() as connection:
        for statement in (*A_MESSAGE, AN_EMPTY_CHANNEL, A_PERSON, IN_BOTH):
            connection.exec_driver_sql(statement)
    schema.upgrade(db)
    with db.reading() as session:
        assert (mark_of(session, 1, 1), mark_of(session, 1, 2)) == (1, 0)
        assert unread_counts(session, 1, [1, 2], 100) == {1: 0, 2: 0}
