"""Who has a channel open, for a page that is made once, and saying that one writes in it.

Who follows a channel is told by its stream; see `channel_events.py`.
"""

from datetime import timedelta

from chat_app import access
from chat_app.access import Person
from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.presence import Present as Present
from chat_app.store.presence import begin_typing, end_typing, people_here, typing_until

# One says it again while one writes; who says it more often than it is forgotten writes no row.
TYPING = timedelta(seconds=8)
ENOUGH = timedelta(seconds=5)


def others(rt: Runtime, person: Person, channel_id: int) -> list[Present]:
    """The other members who have the channel open. Raises `ChannelNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        channel = access.channel(session, person, channel_id)
        here = people_here(session, [channel.id], now())
    return [one for one in here.get(channel.id, []) if one.id != person.id]


def start_typing(rt: Runtime, person: Person, ref: str | int) -> None:
    """The person writes, for a few seconds from now. Where nobody is to be told nothing is written.

    Raises `ChannelNotFound`, `AccessDenied`.
    """
    time = now()
    with rt.db.reading() as session:
        channel = access.channel(session, person, ref)
        person.must_write(channel.workspace_id)
        seat = channel.id, person.id
        here = people_here(session, [channel.id], time).get(channel.id, [])
        until = typing_until(session, seat)
    is_known = until is not None and until > time + ENOUGH
    if is_known or all(one.id == person.id for one in here):
        return
    with rt.db.writing() as connection:
        begin_typing(connection, seat, time + TYPING)


def stop_typing(rt: Runtime, person: Person, ref: str | int) -> None:
    """The person writes no more. Raises `ChannelNotFound`, `AccessDenied`."""
    with rt.db.reading() as session:
        channel = access.channel(session, person, ref)
        person.must_write(channel.workspace_id)
        seat = channel.id, person.id
        until = typing_until(session, seat)
    if until is not None and until > now():
        with rt.db.writing() as connection:
            end_typing(connection, seat)
