"""What a person has not read yet, by channel."""

from collections.abc import Collection, Iterable

from chat_app import access
from chat_app.access import Person
from chat_app.errors import Conflict
from chat_app.runtime import Runtime
from chat_app.store.messages import MessageRow
from chat_app.store.read_marks import mark_of, move_mark, unread_counts

COUNT_MAX = 100


def counts(rt: Runtime, person: Person, channel_ids: Collection[int]) -> dict[int, int]:
    """`{channel id: number}` where there is anything; `COUNT_MAX` stands for that many or more."""
    with rt.db.reading() as session:
        found = unread_counts(session, person.id, channel_ids, COUNT_MAX)
    return {channel_id: number for channel_id, number in found.items() if number}


def mark_read(rt: Runtime, person: Person, ref: str | int) -> None:
    """All up to this message has been seen. Raises `MessageNotFound`."""
    with rt.db.reading() as session:
        message = access.message(session, person, ref)
        if mark_of(session, person.id, message.channel_id) >= message.id:
            return
    try:
        with rt.db.transaction() as session:
            move_mark(session, person.id, message.channel_id, message.id)
    except Conflict:
        return  # another page of theirs made the first mark a moment ago


def last_seen(shown: Iterable[MessageRow]) -> MessageRow | None:
    """Up to where messages, ascending, are read once they are shown: an answer that is still
    being written is not, for its end is yet to be seen.
    """
    last = None
    for message in shown:
        if message.status == "streaming":
            break
        last = message
    return last
