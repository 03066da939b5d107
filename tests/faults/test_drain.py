"""SIGTERM: out in time, streams end politely, nothing is lost, the next process goes on."""

import random
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import gevent
import psutil
import pytest

from tests.faults.conftest import IS_FULL, Serve, size
from tests.faults.model import Model, Script
from tests.faults.servers import USUAL_LEASE, Server, send, wait_until
from tests.faults.talking import Asked, Person, audit
from tests.faults.tally import Tally
from tests.faults.watching import Seen
from tests.faults.wire import Door, Frames

ANSWERS = 50
STREAMS_AN_ANSWER = 4
IDLE_CONNECTIONS = 20
GRACE_S = 20 if IS_FULL else 5
WATCHDOG_S = 60
EXIT_MAX_S = 25


@dataclass
class Crowd:
    """Running answers that hold in the middle, each with open streams, and idle connections."""

    person: Person
    asked: list[Asked]
    streams: list["gevent.Greenlet[..., Seen]"]
    idle: list[socket.socket]


def crowd(server: Server, chance: random.Random) -> Crowd:
    person = Person.at(server, seed=chance.getrandbits(32))
    scripts = [Script(chance.getrandbits(32), hold_after=8) for _ in range(ANSWERS)]
    asking = [gevent.spawn(person.ask, script) for script in scripts]
    gevent.joinall(asking, raise_error=True)
    asked = [one.value for one in asking]
    doors = [door for one in asked for door in person.doors(one) * STREAMS_AN_ANSWER]
    seen = [Seen() for _ in doors]
    streams = [gevent.spawn(read, door, has) for door, has in zip(doors, seen, strict=True)]
    wait_until(lambda: all("7 " in has.text for has in seen), "all streams at the hold")
    return Crowd(person, asked, streams, [idle(server) for _ in range(IDLE_CONNECTIONS)])


def read(door: Door, seen: Seen) -> Seen:
    """One stream to its polite end; raises when it is cut."""
    frames = Frames()
    with door.open(seen.cursor) as body:
        for data in body:
            for frame in frames.feed(data):
                seen.take(frame)
    return seen


def idle(server: Server) -> socket.socket:
    """A connection that was used and is kept open."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    return connection


def once(server: Server) -> None:
    send(server.tree()[0], signal.SIGTERM)


def twice(server: Server) -> None:
    once(server)
    time.sleep(0.2)
    once(server)


def to_all(server: Server) -> None:
    for pid in server.tree():
        send(pid, signal.SIGTERM)


def to_all_twice(server: Server) -> None:
    to_all(server)
    time.sleep(0.2)
    to_all(server)


STOPS = [once, twice, to_all, to_all_twice] if IS_FULL else [to_all_twice]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("stop", STOPS)
def test_a_crowd(
    serve: Serve,
    model: Model,
    chance: random.Random,
    tally: Tally,
    stop: Callable[[Server], None],
) -> None:
    server = serve(workers=1 if stop is once else 2, drain_s=GRACE_S, lease=USUAL_LEASE)
    there = crowd(server, chance)
    began = time.monotonic()
    stop(server)
    finishing, held = there.asked[: ANSWERS // 2], there.asked[ANSWERS // 2 :]
    for asked in finishing:
        model.release(asked.script)
    exit_s = ended_in(server, began)
    tally.measure("exit_s", exit_s)
    tally.add("exit", [] if exit_s <= EXIT_MAX_S else [f"took {exit_s:.1f} s"])
    for stream in there.streams:
        tally.add("stream", polite(stream))
    for connection in there.idle:
        connection.close()
    go_on(server, there, held, model, tally)


def go_on(server: Server, there: Crowd, held: list[Asked], model: Model, tally: Tally) -> None:
    """The next process: what finished in the grace is whole, and the rest becomes so."""
    server.start()
    for asked in held:
        model.release(asked.script)
    ends = [
        gevent.spawn(finish, there.person, one, stream)
        for one, stream in zip(there.asked, there.streams[::STREAMS_AN_ANSWER], strict=True)
    ]
    gevent.joinall(ends, raise_error=True)
    for one in ends:
        tally.add("answer", one.value)
    finished = there.asked[: ANSWERS // 2]
    asked_again = [one for one in finished if model.asked[one.script.seed] != 1]
    tally.add("grace", [f"{len(asked_again)} were asked again"] if asked_again else [])


def finish(person: Person, asked: Asked, stream: "gevent.Greenlet[..., Seen]") -> list[str]:
    watcher = person.watcher(asked)
    watcher.seen = stream.get() if stream.successful() else Seen()
    return audit(person, asked, watcher.watch())


def polite(stream: "gevent.Greenlet[..., Seen]") -> list[str]:
    """What is wrong with the end of a stream: it ends by itself, without a terminal event."""
    stream.join(WATCHDOG_S)
    if not stream.successful():
        return [f"was cut: {stream.exception!r}"]
    return [] if stream.value.end is None else [f"ended with {stream.value.end}"]


def ended_in(server: Server, began: float) -> float:
    assert server.process is not None
    children = [psutil.Process(pid) for pid in server.worker_pids()]
    server.process.wait(WATCHDOG_S)
    exit_s = time.monotonic() - began
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    return exit_s


@pytest.mark.parametrize("options", [(), ("--preload",)] if IS_FULL else [("--preload",)])
def test_answers_that_nobody_watches(
    serve: Serve, model: Model, chance: random.Random, tally: Tally, options: tuple[str, ...]
) -> None:
    """Without a connection gunicorn would leave at once."""
    server = serve(drain_s=10, options=options)
    person = Person.at(server, seed=chance.getrandbits(32))
    asked = [person.ask(Script(chance.getrandbits(32), hold_after=5)) for _ in range(5)]
    wait_until(lambda: all(model.open[one.script.seed] for one in asked), "the model is asked")
    began = time.monotonic()
    once(server)
    gevent.sleep(2.5)  # gunicorn looks every second; whether it waits shows after that
    for one in asked:
        model.release(one.script)
    tally.measure("exit_s", ended_in(server, began))
    server.start()
    for one in asked:
        faults = audit(person, one, person.watcher(one).watch())
        asked_often = model.asked[one.script.seed]
        tally.add("answer", faults if asked_often == 1 else [*faults, f"asked {asked_often}"])


def test_reload(serve: Serve, model: Model, chance: random.Random, tally: Tally) -> None:
    """HUP: new workers come, old ones finish or give back what they do."""
    server = serve(workers=2, drain_s=1, lease=USUAL_LEASE)
    person = Person.at(server, seed=chance.getrandbits(32))
    asked = [person.ask(Script(chance.getrandbits(32), hold_after=5)) for _ in range(6)]
    watching = [gevent.spawn(person.watcher(one).watch) for one in asked]
    wait_until(lambda: all(model.open[one.script.seed] for one in asked), "the model is asked")
    old = set(server.worker_pids())
    send(server.tree()[0], signal.SIGHUP)
    wait_until(lambda: not old & set(server.worker_pids()), "the old workers are gone")
    for one in asked:
        model.release(one.script)
    for one, seen in zip(asked, watching, strict=True):
        tally.add("answer", audit(person, one, seen.get()))


def test_workers_that_are_recycled(serve: Serve, chance: random.Random, tally: Tally) -> None:
    """--max-requests ends a worker under whatever it does."""
    server = serve(workers=2, options=("--max-requests", "15"))
    first = set(server.worker_pids())
    person = Person.at(server, seed=chance.getrandbits(32))
    for _ in range(size(3, 12)):
        talks = [gevent.spawn(talk, person, Script(chance.getrandbits(32))) for _ in range(6)]
        gevent.joinall(talks, raise_error=True)
        for one in talks:
            tally.add("answer", one.value)
    assert not first & set(server.worker_pids()), "no worker was recycled"


def talk(person: Person, script: Script) -> list[str]:
    asked = person.ask(script)
    return audit(person, asked, person.watcher(asked).watch())
