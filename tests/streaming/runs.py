"""Runs for tests of the engine's parts, and other processes that answer or left them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from chat_app.errors import ServerBusy
from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Database
from chat_app.store.messages import MessageRow
from chat_app.store.run_events import StoredEvent, events_after
from chat_app.store.runs import RunRow, claim
from chat_app.streaming import opening
from chat_app.streaming.dialects import RunRef
from chat_app.streaming.engine import host
from chat_app.streaming.events import Event
from chat_app.streaming.journal import Journal, LiveRun
from chat_app.streaming.lease import Lease
from chat_app.streaming.opening import Holder, Said, Speaker

FAST = Lease(lasts_s=1.5, renew_every_s=0.1, look_every_s=0.05, queue_patience_s=0.1)
ELSEWHERE = "elsewhere:1:abc"
PATIENCE_S = 30.0


def wait_until(condition: Callable[[], Any]) -> None:
    """Returns as soon as the condition holds; fails the test when it does not come to hold."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def opened(rt: Runtime, owner: str | None = None, until: datetime | None = None) -> RunRef:
    """A new question's run: held by `owner`, or in the queue."""
    holder = Holder(owner, until or now() + timedelta(minutes=1)) if owner else None
    with rt.db.transaction() as session:
        channel = session.get_one(ChannelRow, 1)
        assert channel.agent is not None
        speaker = Speaker.of(channel.agent)
        return opening.ask(session, channel, Said(1, "Ann", "Hi"), speaker, holder).run


def lapsed() -> datetime:
    """When a lease ended that nobody renewed."""
    return now() - timedelta(seconds=1)


def row(rt: Runtime, run: RunRef) -> RunRow:
    with rt.db.reading() as session:
        return session.get_one(RunRow, run.id)


def reply(rt: Runtime, run: RunRef) -> MessageRow:
    with rt.db.reading() as session:
        return session.get_one(MessageRow, session.get_one(RunRow, run.id).reply_id)


def change(rt: Runtime, run: RunRef, **values: Any) -> None:
    with rt.db.transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(RunRow, run.id), name, value)


def journal_of(rt: Runtime, run: RunRef) -> list[StoredEvent]:
    with rt.db.reading() as session:
        return events_after(session, run.id, 0)


def told(rt: Runtime, run: RunRef) -> list[Any]:
    """The journal in short: text as itself, every other event as its type."""
    payloads = [orjson.loads(event.data) for event in journal_of(rt, run)]
    return [p["content"] if p["type"] == "chunk" else p["type"] for p in payloads]


def ended(rt: Runtime, run: RunRef) -> RunRow:
    """The run, once it has ended."""
    wait_until(lambda: not row(rt, run).is_live)
    return row(rt, run)


def taken(rt: Runtime, run: RunRef, owner: str = ELSEWHERE) -> int:
    """Let another process take the run; its attempt."""
    with rt.db.transaction() as session:
        attempt = session.get_one(RunRow, run.id).attempt
        won = claim(session, run.id, attempt, owner, now() + timedelta(minutes=1))
        assert won is not None
        return won.attempt


class Elsewhere:
    """Another process: it writes to the database, and nothing of it is known here."""

    def __init__(self, rt: Runtime) -> None:
        self.rt = Runtime.build(rt.settings)
        self._journal = Journal(self.rt.db)

    def write(self, run: RunRef, *texts: str) -> None:
        """Append text as the run's present owner, one event each."""
        with self.rt.feeds.watching(run) as feed:
            self.rt.feeds.refresh(feed)
            live = LiveRun(run.id, row(self.rt, run).attempt, feed)
            for text in texts:
                self._journal.append(live, Event("chunk", text))
                self._journal.flush(live)

    def close(self) -> None:
        self.rt.close()


@dataclass
class Flaky:
    """A database that cannot be had the next so many times."""

    db: Database
    failures: int

    @contextmanager
    def writing(self) -> Iterator[Any]:
        if self.failures:
            self.failures -= 1
            raise ServerBusy
        with self.db.writing() as connection:
            yield connection


@contextmanager
def neighbour() -> Iterator["subprocess.Popen[bytes]"]:
    """A living process on this host."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def name_of(pid: int) -> str:
    """How a process of this host stands on leases."""
    return f"{host()}:{pid}:abc"
