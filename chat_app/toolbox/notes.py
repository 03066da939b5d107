"""The notes of a channel, for the built-in tool server."""

from chat_app.store import notes
from chat_app.store.db import Database


class ChannelNotes:
    """Each note has a number that its channel knows it by."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, channel_id: int, text: str) -> int:
        """Write it down; gives its number."""
        with self._db.transaction() as session:
            return notes.add_note(session, channel_id, text)

    def all(self, channel_id: int) -> list[tuple[int, str]]:
        """`(number, text)`, the oldest first."""
        with self._db.reading() as session:
            return notes.notes_in(session, channel_id)

    def delete(self, channel_id: int, number: int) -> bool:
        """Whether there was such a note."""
        with self._db.transaction() as session:
            return notes.delete_note(session, channel_id, number)
