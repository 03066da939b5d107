"""One life of the sidecar process: starts it, carries lines both ways, notices its end."""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gevent
import structlog
from gevent import socket, subprocess
from gevent.queue import SimpleQueue

from chat_app.tools import wire
from chat_app.tools.lines import Lines
from chat_app.tools.rate import Rate
from chat_app.tools.wire import Message

MAIN = Path(__file__).parent / "sidecar" / "__main__.py"
READ_BYTES = 256 * 1024
# What the sidecar itself has for closing its sessions is sidecar.door.CLOSE_S; this is longer.
CLOSE_S = 6.0
LOG_LINES, LOG_PER_S, LOG_CHARS = 20, 10.0, 500
DIED: Message = {"kind": "died"}
ANSWERS = frozenset({"listing", "result", "required"})

log = structlog.get_logger()


class Inbox:
    """What the sidecar says about one question, in its order."""

    def __init__(self, id: int) -> None:
        self.id = id
        self.queue: SimpleQueue[Message] = SimpleQueue()
        self.is_over = False  # it has answered, there is nothing to cancel


class Process:
    """`on_event` gets what belongs to no question, in the reader's greenlet: it must not wait.

    `on_end` is called once, when the process is gone or was closed.
    """

    def __init__(
        self,
        setup: Message,
        environ: Mapping[str, str],
        on_event: Callable[[Message], None],
        on_end: Callable[["Process"], None],
    ) -> None:
        self.began_s = time.monotonic()
        self.is_closing = self.is_ended = False
        self.has_answered = False
        self._on_event, self._on_end = on_event, on_end
        self._ids = itertools.count(1)
        self._inboxes: dict[int, Inbox] = {}
        self._servers: set[int] = set()  # pids of stdio servers, each leader of its own group
        self._out: SimpleQueue[bytes | None] = SimpleQueue()
        self._socket, theirs = socket.socketpair()
        self._stderr, stderr = socket.socketpair()
        with theirs, stderr:
            self._popen = _start(theirs, stderr, environ)
        self.tell({"op": "setup", **setup})
        work = (self._read, self._write, self._read_stderr)
        self._greenlets = [gevent.spawn(one) for one in work]

    @property
    def pid(self) -> int:
        return int(self._popen.pid)

    def tell(self, message: Message) -> None:
        """Raises wire.Unsendable."""
        self._out.put(wire.line(message))

    @contextmanager
    def asking(self, message: Message) -> Iterator[Inbox]:
        """Ask, and hear the answer in the inbox; leaving before it came cancels the question.

        After the process died the inbox gets DIED. Raises like `tell`.
        """
        inbox = Inbox(next(self._ids))
        self.tell({**message, "id": inbox.id})
        self._inboxes[inbox.id] = inbox
        if self.is_ended:
            self._to_inbox({**DIED, "id": inbox.id})
        try:
            yield inbox
        finally:
            self._inboxes.pop(inbox.id, None)
            if not inbox.is_over:
                self.tell({"op": "cancel", "id": inbox.id})

    def close(self) -> None:
        """Ask it to end by closing the line, wait CLOSE_S for it, and end it by force."""
        self.is_closing = True
        self._end()
        self._reap()

    def abandon(self) -> None:
        """Let go of what a fork copied from the parent, whose process this is."""
        gevent.killall(self._greenlets, block=False)
        self._socket.close()
        self._stderr.close()

    def _read(self) -> None:
        lines = Lines()
        with suppress(OSError):
            while chunk := self._socket.recv(READ_BYTES):
                for one in lines.feed(chunk):
                    self._hear(one)
        self._end()
        self._reap()

    def _hear(self, line: Any) -> None:
        try:
            message = wire.message(line)
            if "event" not in message:
                self._to_inbox(message)
            elif message["event"] == "started":
                self._servers.add(message["value"])
            elif message["event"] == "ended":
                self._servers.discard(message["value"])
            else:
                self._on_event(message)
        except Exception:
            log.exception("a line of the tool process was not understood")

    def _to_inbox(self, message: Message) -> None:
        if (inbox := self._inboxes.get(message["id"])) is not None:
            inbox.is_over = message["kind"] not in ("progress", "input")
            self.has_answered = self.has_answered or message["kind"] in ANSWERS
            inbox.queue.put(message)

    def _write(self) -> None:
        with suppress(OSError):
            while (line := self._out.get()) is not None:
                waiting = [line]
                while not self._out.empty() and (line := self._out.get()) is not None:
                    waiting.append(line)
                self._socket.sendall(b"".join(waiting))

    def _read_stderr(self) -> None:
        lines, rate = Lines(max_bytes=LOG_CHARS * 4), Rate(LOG_LINES, LOG_PER_S)
        with suppress(OSError):
            while chunk := self._stderr.recv(READ_BYTES):
                for line in lines.feed(chunk):
                    if (held := rate.let(time.monotonic())) is not None:
                        head = line if isinstance(line, bytes) else line.head
                        said = head.decode(errors="replace")[:LOG_CHARS]
                        log.warning("the tool process says", said=said, lines_left_out=held)
        self._stderr.close()

    def _end(self) -> None:
        """Everybody who waits is told, at once and once."""
        if self.is_ended:
            return
        self.is_ended = True
        # shutdown, not only close: the reader waits in recv and must come back.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._out.put(None)
        for inbox in list(self._inboxes.values()):
            self._to_inbox({**DIED, "id": inbox.id})
        self._on_end(self)

    def _reap(self) -> None:
        """Wait for its end. A stdio server that outlives it is killed with all of its group."""
        try:
            code = self._popen.wait(timeout=CLOSE_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            code = self._popen.wait()
        for pid in self._servers:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self._servers.clear()
        self._socket.close()
        if not self.is_closing:
            log.error("the tool process ended", exit_code=code)


def _start(
    theirs: socket.socket, stderr: socket.socket, environ: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """By its path and not with -m: that would import all of chat_app, see sidecar/__main__.py.

    -P: its folder is not searched for modules, whose names are ours and not the library's.
    """
    return subprocess.Popen(
        [sys.executable, "-P", str(MAIN), str(theirs.fileno())],
        env=dict(environ),
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=stderr.fileno(),
        stderr=stderr.fileno(),
        start_new_session=True,
    )
