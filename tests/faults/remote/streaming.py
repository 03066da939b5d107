"""A task's stream on a socket, with what its plan does to it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import gevent
from gevent.socket import SHUT_WR, socket

from tests.faults.remote.http import page
from tests.faults.remote.plan import AT_BYTES, Fault, Plan, garbage
from tests.faults.remote.task import Task
from tests.faults.wire import reset

LOOK_S = 0.005
PIECE_BYTES_MAX = 400
WELL = Fault("reset", 10**12)  # a break that never comes
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"Connection: close\r\n\r\n"


class Broken(Exception):
    """The wire is cut here, by the plan."""


@dataclass
class Wire:
    """A connection that breaks after so many bytes, and on which pieces end anywhere."""

    connection: socket
    chance: random.Random
    left: int
    is_chunked: bool

    def send(self, data: bytes) -> None:
        """Raises Broken at the break, and OSError when the other side is gone."""
        if self.is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        while data:
            size = self.chance.randint(1, PIECE_BYTES_MAX)
            piece, data = data[:size], data[size:]
            self.connection.sendall(piece[: self.left])
            self.left -= len(piece)
            if self.left <= 0:
                raise Broken

    def end(self) -> None:
        if self.is_chunked:
            self.connection.sendall(b"0\r\n\r\n")


def serve(connection: socket, task: Task, last_id: str) -> None:
    """Answer one request for the task's stream, as its plan says. Raises OSError."""
    number = task.streams
    task.streams += 1
    fault = task.plan.faults[number] if number < len(task.plan.faults) else WELL
    chance = random.Random(f"{task.plan.seed} {number}")
    match fault.kind:
        case "refuse":
            return reset(connection)
        case "mute":
            return _until_gone(connection)
        case "status":
            return page(connection, fault.value)
        case "page":
            return page(connection, 200)
        case "empty" if not task.is_over:
            return connection.sendall(STREAM + b"Content-Length: 0\r\n\r\n")
        case "forget":
            task.forgotten = max(task.forgotten, task.told - fault.value)
    left = fault.at if fault.kind in AT_BYTES else WELL.at
    wire = Wire(connection, chance, left, task.plan.is_chunked)
    connection.sendall(STREAM + (CHUNKED if wire.is_chunked else UNTIL_CLOSED))
    try:
        wire.send(b"retry: 500" + task.plan.newline.encode() * 2)
        for frame in _disturbed(_frames(task, last_id), fault, task.plan, chance):
            wire.send(frame)
        wire.end()
    except Broken:
        _break(connection, fault, chance)
    return None


def _frames(task: Task, last_id: str) -> Iterator[bytes]:
    """The task's events from where this reader goes on, as they come, to the end."""
    position = max(_goes_on_at(task, last_id), task.forgotten)
    task.is_watched.set()
    while True:
        is_over, events = task.is_over, task.events
        for name, data in events[position:]:
            position += 1
            yield task.plan.frame(position, name, data)
        if is_over:
            return
        gevent.sleep(LOOK_S)


def _goes_on_at(task: Task, last_id: str) -> int:
    """How many events this reader is not sent again."""
    if task.plan.style == "live":
        return task.told
    names = [task.plan.name_of(number + 1) for number in range(len(task.events))]
    return names.index(last_id) + 1 if last_id in names else 0


def _disturbed(
    frames: Iterator[bytes], fault: Fault, plan: Plan, chance: random.Random
) -> Iterator[bytes]:
    """The frames, with what the fault does once so many are sent."""
    sent: list[bytes] = []
    for frame in frames:
        if len(sent) == fault.at:
            if fault.kind == "garbage":
                yield garbage(chance) + plan.newline.encode()
            elif fault.kind == "duplicate":
                yield from sent[-fault.value :]
            elif fault.kind == "swap":
                yield next(frames, b"")
            elif fault.kind == "skip":
                sent.append(frame)
                continue
        sent.append(frame)
        yield frame


def _break(connection: socket, fault: Fault, chance: random.Random) -> None:
    match fault.kind:
        case "reset":
            reset(connection)
        case "garbage_reset":
            connection.sendall(garbage(chance))
            reset(connection)
        case "half_close":
            connection.shutdown(SHUT_WR)
            _until_gone(connection)
        case "stall":
            _until_gone(connection)


def _until_gone(connection: socket) -> None:
    while connection.recv(65_536):
        pass
