"""Finding what was said, and where: messages by their words, channels by their titles."""

from dataclasses import dataclass

from chat_app.access import Person
from chat_app.errors import InvalidRequest
from chat_app.runtime import Runtime
from chat_app.store import channels, messages
from chat_app.store.channels import ChannelRow
from chat_app.store.messages import MessageRow

WORDS_MAX_CHARS = 200
TITLES_MAX = 5


@dataclass(frozen=True)
class Found:
    """`hits` are `(message, its channel's title)`, newest first; `following` is where the next
    page begins. Channels whose own title fits are told on the first page.
    """

    hits: list[tuple[MessageRow, str]]
    channels: list[ChannelRow]
    following: int | None


def search(rt: Runtime, person: Person, words: str, before: int | None, limit: int) -> Found:
    """In the channels that the person is in. Raises `InvalidRequest` for nothing or too much."""
    if not words.strip():
        raise InvalidRequest("Say what to search for.", field="q")
    if len(words) > WORDS_MAX_CHARS or "\0" in words:
        raise InvalidRequest("This cannot be searched for.", field="q")
    with rt.db.reading() as session:
        rows = messages.search_messages(session, person.id, words, before, limit + 1)
        page = rows[:limit]
        titles = channels.titles_of(session, {row.channel_id for row in page})
        about = channels.channels_titled(session, person.id, words, TITLES_MAX)
    hits = [(row, titles[row.channel_id]) for row in page]
    following = page[-1].id if len(rows) > limit else None
    return Found(hits, about if before is None else [], following)
