"""The whole reply at once, for clients that wait instead of streaming."""

from chat_app.errors import ServerBusy, from_code
from chat_app.store.db import Database
from chat_app.store.messages import MessageRow
from chat_app.store.runs import RunRow
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.feeds import Feeds
from chat_app.streaming.follow import wait_for_end


def wait_for_reply(db: Database, feeds: Feeds, run: RunRef) -> tuple[RunRow, MessageRow]:
    """The ended run and its reply.

    Raises what the run ended with where the answer is not whole; the error carries `run_id` and
    `message_id`, the stored question.
    """
    if not wait_for_end(feeds, run):
        raise ServerBusy("The server restarts; the answer goes on. Ask again with your client_id.")
    with db.reading() as session:
        row = session.get_one(RunRow, run.id)
        if row.error_code is not None:
            ids = {"run_id": row.public_id, "message_id": row.question_id}
            raise from_code(row.error_code, row.error, **ids)
        return row, session.get_one(MessageRow, row.reply_id)
