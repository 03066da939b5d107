"""A channel's own stream: every new or changed message and run, for all who have it open, and who
they are.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from chat_app import access
from chat_app.access import Person
from chat_app.runtime import Runtime
from chat_app.store.channel_events import Change as Change
from chat_app.store.channel_events import changes_after, first_kept_seq
from chat_app.store.presence import Present
from chat_app.streaming import sse
from chat_app.streaming.follow import Listener
from chat_app.streaming.hangup import Hangup
from chat_app.streaming.presence import Onlooker

BATCH_MAX = 100


@dataclass(frozen=True, slots=True)
class Opened:
    """The first thing a listener gets: where the channel stands.

    With `is_reset` the listener's past is not known: it must read the channel anew.
    """

    channel_id: int
    public_id: str
    seq: int
    is_reset: bool


@dataclass(frozen=True, slots=True)
class Here:
    """The others who have the channel open, all of them."""

    people: list[Present]


News = Opened | list[Change] | Here | None


def follow(
    rt: Runtime,
    who: Callable[[], Person],
    ref: str,
    listener: Listener,
    is_present: bool = False,
    heartbeat_s: float = sse.HEARTBEAT_S,
) -> Iterator[News]:
    """Where the channel stands, then its changes as they come; None when there was nothing for a
    while. Without a cursor from now on, with one from there. With `is_present` the person is shown
    to the others as one who is here, and is told who of them is.

    `who` gives the person as they are now: it is asked before anything is told, and now and then.
    Raises `Unauthorized`, `ChannelNotFound`, `AccessDenied`; in the midst of it too, when the
    person is taken out.
    """
    person = who()
    opened = _open(rt, person, ref, listener.last_event_id)
    attending = (
        rt.presence.attending(opened.channel_id, person.id)
        if is_present
        else nullcontext(Onlooker(None, person.id))
    )
    return _follow(rt, who, opened, listener.line, attending, heartbeat_s)


def _open(rt: Runtime, person: Person, ref: str, last_event_id: str | None) -> Opened:
    with rt.db.snapshot() as session:
        channel = access.channel(session, person, ref)
        oldest = first_kept_seq(session, channel.id)
    last = channel.last_event_seq
    position = sse.position(channel.public_id, last_event_id) if last_event_id else last
    is_known = position is not None and (oldest or last + 1) - 1 <= position <= last
    seq = position if is_known and position is not None else last
    return Opened(channel.id, channel.public_id, seq, not is_known)


def _follow(
    rt: Runtime,
    who: Callable[[], Person],
    opened: Opened,
    line: Hangup,
    attending: AbstractContextManager[Onlooker],
    heartbeat_s: float,
) -> Iterator[News]:
    position = opened.seq
    with (
        rt.news.watching(opened.channel_id, position) as watch,
        line.watched(watch.ring),
        attending as onlooker,
    ):
        yield opened
        while not (rt.news.is_closing or line.is_gone):
            if not onlooker.has_news:
                watch.wait(position, heartbeat_s)
            if line.is_gone:
                return
            person, last_seq = who(), watch.last_seq
            with rt.db.reading() as session:
                access.channel(session, person, opened.channel_id)
                changes = changes_after(session, opened.channel_id, position, BATCH_MAX)
            # Changes that are no longer kept are passed over.
            position = changes[-1].seq if changes else max(last_seq, position)
            here = Here(onlooker.take()) if onlooker.has_news else None
            if changes or here is None:
                yield changes or None
            if here is not None:
                yield here
