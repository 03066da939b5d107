"""The whole reply at once, for clients that wait instead of streaming."""

from typing import Any

import orjson

from chat_app.errors import ServerBusy, from_code
from chat_app.store.db import Database, Session
from chat_app.store.messages import MessageRow
from chat_app.store.run_events import events_after, last_seq
from chat_app.store.runs import RunRow, run_and_reply
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.feeds import Feeds
from chat_app.streaming.follow import wait_for_end

OF_EVERY_ERROR = ("type", "error", "error_code", "retryable", "message_id", "done")


def wait_for_reply(db: Database, feeds: Feeds, run: RunRef) -> tuple[RunRow, MessageRow]:
    """The ended run and its reply.

    Raises what the run ended with where the answer is not whole; the error carries `run_id` and
    `message_id`, the stored question.
    """
    if not wait_for_end(feeds, run):
        raise ServerBusy("The server restarts; the answer goes on. Ask again with your client_id.")
    with db.reading() as session:
        row, reply = run_and_reply(session, run.id)
        if row.error_code is not None:
            fields = _fields_of_error(session, row)
            fields |= {"run_id": row.public_id, "message_id": row.question_id}
            raise from_code(row.error_code, row.error, **fields)
        return row, reply


def _fields_of_error(session: Session, row: RunRow) -> dict[str, Any]:
    """What the last event says besides the error itself: `retry_after`, `incident`, …"""
    last = events_after(session, row.id, last_seq(session, row.id) - 1)
    told = orjson.loads(last[0].data) if last else {}
    return {name: value for name, value in told.items() if name not in OF_EVERY_ERROR}
