"""Who has a channel open, told by two processes that know each other by the database alone."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.channels import ChannelMemberRow, ChannelRow
from chat_app.store.db import Database
from chat_app.store.presence import PresenceRow, begin_typing
from chat_app.store.users import UserRow
from chat_app.streaming.channel_news import ChannelNews
from chat_app.streaming.housekeeper import Housekeeper
from chat_app.streaming.presence import Onlooker, Presence
from tests.streaming.runs import FAST, wait_until


@dataclass
class Process:
    """One process's part of it."""

    db: Database
    presence: Presence = field(init=False)
    held: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.presence = Presence(self.db, ChannelNews(self.db), FAST)

    def open(self, channel_id: int, user_id: int) -> Onlooker:
        return self.held.enter_context(self.presence.attending(channel_id, user_id))

    def kill(self) -> None:
        """As SIGKILL would: nothing of it does anything any more."""
        if self.presence._greenlet is not None:
            self.presence._greenlet.kill()

    def leave(self) -> None:
        self.held.close()


@dataclass
class Three:
    """A channel, and its members Ada, Bo and Cy."""

    id: int
    ada: int
    bo: int
    cy: int


@pytest.fixture
def processes(here: Runtime) -> Iterator[tuple[Process, Process]]:
    dbs = Database(here.settings.database_url), Database(here.settings.database_url)
    ours, theirs = map(Process, dbs)
    yield ours, theirs
    for process in (ours, theirs):
        process.leave()
        process.kill()
        process.db.close()


@pytest.fixture
def channel(here: Runtime) -> Three:
    names, mark = ("Ada", "Bo", "Cy"), secrets.token_hex(4)
    people = [
        UserRow(email=f"{one}-{mark}@example.com", name=one, password_hash="") for one in names
    ]
    with here.db.transaction() as session:
        session.add_all(people)
    ids = [one.id for one in people]
    return Three(new_channel(here.db, *ids), *ids)


def new_channel(db: Database, *members: int) -> int:
    with db.transaction() as session:
        channel = ChannelRow(workspace_id=1, title="Kelp")
        session.add(channel)
        session.flush()
        session.add_all(ChannelMemberRow(channel_id=channel.id, user_id=one) for one in members)
        return channel.id


def seen(onlooker: Onlooker) -> list[str]:
    """The names of the others, with a star at who writes."""
    return [one.name + "*" * one.is_typing for one in onlooker._others or ()]


def rows(db: Database, channel_id: int) -> list[int]:
    """Of whom it is written down that they are, or were, in a channel."""
    with db.reading() as session:
        of_it = select(PresenceRow.user_id).where(PresenceRow.channel_id == channel_id)
        return list(session.scalars(of_it))


@contextmanager
def counting_writes(db: Database) -> Iterator[list[str]]:
    """The statements that write down who is here, as long as the block runs."""
    found: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if "insert into presences" in statement:
            found.append(statement)

    event.listen(db._journal, "before_cursor_execute", note)
    yield found
    event.remove(db._journal, "before_cursor_execute", note)


def test_people_see_each_other_whatever_process_they_came_to(
    processes: tuple[Process, Process], channel: Three
) -> None:
    ours, theirs = processes
    ada = ours.open(channel.id, channel.ada)
    wait_until(lambda: ada.has_news)
    assert ada.take() == []  # known, and nobody
    bo, cy = theirs.open(channel.id, channel.bo), ours.open(channel.id, channel.cy)
    wait_until(lambda: seen(ada) == ["Bo", "Cy"])
    wait_until(lambda: (seen(bo), seen(cy)) == (["Ada", "Cy"], ["Ada", "Bo"]))
    with ours.db.writing() as connection:
        begin_typing(connection, (channel.id, channel.cy), now() + timedelta(seconds=0.5))
    wait_until(lambda: (seen(ada), seen(bo)) == (["Bo", "Cy*"], ["Ada", "Cy*"]))
    wait_until(lambda: (seen(ada), seen(bo)) == (["Bo", "Cy"], ["Ada", "Cy"]))


def test_who_leaves_and_who_was_with_a_dead_process_are_gone_alike_and_who_came_back_stays(
    processes: tuple[Process, Process], channel: Three
) -> None:
    ours, theirs = processes
    ada, _, _ = (
        ours.open(channel.id, channel.ada),
        theirs.open(channel.id, channel.bo),
        theirs.open(channel.id, channel.cy),
    )
    wait_until(lambda: seen(ada) == ["Bo", "Cy"])
    theirs.kill()
    ours.open(channel.id, channel.cy)
    heard = []
    while not heard or heard[-1] != ["Cy"]:
        wait_until(lambda: ada.has_news)
        heard.append([one.name for one in ada.take()])
    assert all("Cy" in names for names in heard)
    ours.leave()
    fresh = Process(ours.db)
    bo = fresh.open(channel.id, channel.bo)
    wait_until(lambda: seen(bo) == ["Ada", "Cy"])
    wait_until(lambda: bo.has_news and seen(bo) == [])
    fresh.leave()


def test_one_statement_renews_all_and_what_did_not_change_wakes_nobody(
    processes: tuple[Process, Process], here: Runtime, channel: Three
) -> None:
    ours, _ = processes
    channels = [new_channel(here.db, channel.ada, channel.bo) for _ in range(20)]
    looking = [ours.open(one, who) for one in channels for who in (channel.ada, channel.bo)]
    looking += [ours.open(channels[0], channel.ada)]  # another tab
    wait_until(lambda: all(len(seen(one)) == 1 for one in looking))
    for one in looking:
        one.take()
    with counting_writes(ours.db) as writes:
        wait_until(lambda: len(writes) == 3)
    with here.db.reading() as session:
        of_them = select(PresenceRow.here_until).where(PresenceRow.channel_id.in_(channels))
        assert len(set(session.scalars(of_them))) == 1
    assert not any(one.has_news for one in looking)


def test_of_a_channel_of_one_nothing_is_written_and_nothing_told(
    processes: tuple[Process, Process], here: Runtime, channel: Three
) -> None:
    ours, theirs = processes
    alone = new_channel(here.db, channel.ada)
    # Who may look in without being a member is not shown, and not told.
    ada, operator = ours.open(alone, channel.ada), theirs.open(alone, 1)
    other, watcher = ours.open(channel.id, channel.ada), theirs.open(channel.id, 1)
    wait_until(lambda: other.has_news)
    wait_until(lambda: theirs.presence._renewed)
    assert not any(one.has_news for one in (ada, operator, watcher))
    assert (rows(here.db, alone), rows(here.db, channel.id)) == ([], [channel.ada])
    with here.db.transaction() as session:
        session.add(ChannelMemberRow(channel_id=alone, user_id=channel.bo))
    bo = theirs.open(alone, channel.bo)
    wait_until(lambda: (seen(ada), seen(bo)) == (["Bo"], ["Ada"]))


def test_who_is_taken_out_is_not_shown_any_more_and_a_deleted_channel_is_no_trouble(
    processes: tuple[Process, Process], here: Runtime, channel: Three
) -> None:
    ours, theirs = processes
    gone = new_channel(here.db, channel.ada, channel.bo)
    ada, _ = ours.open(channel.id, channel.ada), theirs.open(channel.id, channel.bo)
    last = ours.open(gone, channel.ada)
    wait_until(lambda: seen(ada) == ["Bo"])
    with here.db.transaction() as session:
        session.delete(session.get_one(ChannelMemberRow, (channel.id, channel.bo)))
        session.delete(session.get_one(ChannelRow, gone))
        session.get_one(UserRow, channel.cy).name = "Cyd"
    wait_until(lambda: seen(ada) == [])
    theirs.open(channel.id, channel.cy)
    wait_until(lambda: seen(ada) == ["Cyd"])
    assert (seen(last), rows(here.db, gone)) == ([], [])


def test_what_lapsed_is_deleted(
    processes: tuple[Process, Process], here: Runtime, channel: Three
) -> None:
    ours, theirs = processes
    ada = ours.open(channel.id, channel.ada)
    with theirs.db.writing() as connection:
        begin_typing(connection, (channel.id, channel.bo), now() + timedelta(seconds=5))
    wait_until(lambda: seen(ada) == ["Bo*"])
    Housekeeper(here.db, keep_hours=1).clean(now())
    assert sorted(rows(here.db, channel.id)) == [channel.ada, channel.bo]
    Housekeeper(here.db, keep_hours=1).clean(now() + timedelta(seconds=10))
    wait_until(lambda: rows(here.db, channel.id) == [channel.ada])  # who is here comes back
