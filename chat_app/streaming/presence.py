"""Knows who has a channel open, here and in other processes, and who writes in it.

Each process puts off, in one statement for all its people, until when they are there, and asks in
one query who is. Nothing tells that somebody left, so a process that was killed needs no case of
its own: what it put off lapses.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import gevent
import structlog

from chat_app.store.base import now
from chat_app.store.db import Database
from chat_app.store.presence import Present, Seat, in_company, people_here, stay
from chat_app.streaming.channel_news import ChannelNews
from chat_app.streaming.lease import USUAL, Lease

# So many times a lease's times: nobody's answer hangs on who is here.
CALM = 2

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Room:
    """A channel that is open here, and how often by whom. `people` are all who are in it, in other
    processes, too; None while that is not known, as of a channel with one member it never is.
    """

    open_by: Counter[int] = field(default_factory=Counter)
    people: list[Present] | None = None


class Onlooker:
    """One who has a channel open: which others are there, as far as they were told."""

    def __init__(self, room: Room | None, user_id: int) -> None:
        self._room = room
        self._user_id = user_id
        self._told: list[Present] | None = None

    @property
    def has_news(self) -> bool:
        return self._others != self._told

    def take(self) -> list[Present]:
        """The others, who count as told now."""
        self._told = self._others
        return self._told or []

    @property
    def _others(self) -> list[Present] | None:
        if self._room is None or self._room.people is None:
            return None
        return [one for one in self._room.people if one.id != self._user_id]


class Presence:
    """The channels that are open in this process, and the greenlet that looks after them. `news`
    wakes those who have one open.
    """

    def __init__(self, db: Database, news: ChannelNews, lease: Lease = USUAL) -> None:
        self._db = db
        self._news = news
        self._lasts = timedelta(seconds=CALM * lease.lasts_s)
        self._renew_every_s = CALM * lease.renew_every_s
        self._look_every_s = lease.look_every_s
        self._rooms: dict[int, Room] = {}
        self._shared: set[int] = set()  # the channels in which there is anybody to be told
        self._renewed: frozenset[Seat] = frozenset()
        self._renew_at = 0.0
        self._greenlet: gevent.Greenlet[[], None] | None = None

    @contextmanager
    def attending(self, channel_id: int, user_id: int) -> Iterator[Onlooker]:
        """Have somebody there, as long as the block runs and a while longer."""
        room = self._rooms.setdefault(channel_id, Room())
        room.open_by[user_id] += 1
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._keep)
        try:
            yield Onlooker(room, user_id)
        finally:
            room.open_by -= Counter([user_id])
            if not room.open_by:
                self._rooms.pop(channel_id, None)

    def _keep(self) -> None:
        while self._rooms:
            try:
                self._renew()
                self._look()
            except Exception as error:
                log.warning("presence_failed", error=repr(error))
            gevent.sleep(self._look_every_s)
        self._greenlet = None

    def _renew(self) -> None:
        """Put off until when they are there: of all in their turn, of who is new at once."""
        seats = self._seats()
        is_due = time.monotonic() >= self._renew_at
        late = seats if is_due else seats - self._renewed
        if not late:
            return
        with self._db.reading() as session:
            company = in_company(session, seats)
        if staying := company & late:
            with self._db.writing() as connection:
                stay(connection, staying, now() + self._lasts)
        self._shared = {channel_id for channel_id, _ in company}
        self._renewed = seats
        if is_due:
            self._renew_at = time.monotonic() + self._renew_every_s

    def _look(self) -> None:
        shared = self._shared & self._rooms.keys()
        if not shared:
            return
        with self._db.reading() as session:
            found = people_here(session, shared, now())
        for channel_id in shared & self._rooms.keys():
            room, people = self._rooms[channel_id], found.get(channel_id, [])
            if people != room.people:
                room.people = people
                self._news.ring(channel_id)

    def _seats(self) -> frozenset[Seat]:
        rooms = self._rooms.items()
        return frozenset((channel_id, one) for channel_id, room in rooms for one in room.open_by)
