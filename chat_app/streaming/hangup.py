"""Notices that a client hung up, without having to write to it first."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent

READABLE = 1


class Hangup:
    """One client's connection. `is_gone` is true once it was closed or half-closed.

    Without a plain socket (a test client, TLS in the server) the next write tells, at the latest
    the next heartbeat.
    """

    def __init__(self, connection: socket.socket | None = None) -> None:
        self._socket = connection
        self.is_gone = False

    @contextmanager
    def watched(self, on_gone: Callable[[], None]) -> Iterator[None]:
        """Call `on_gone` as soon as the client goes, while the block runs."""
        if self._socket is None:
            yield
            return
        watcher = gevent.get_hub().loop.io(self._socket.fileno(), READABLE)
        watcher.start(self._look, watcher, self._socket, on_gone)
        try:
            yield
        finally:
            watcher.close()

    def _look(self, watcher: Any, connection: socket.socket, on_gone: Callable[[], None]) -> None:
        # Runs in the hub. Readable is either the end, or bytes of a next request that is none of
        # our business: then looking again and again would only burn the processor.
        try:
            peeked = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            peeked = b""
        watcher.stop()
        if not peeked:
            self.is_gone = True
            on_gone()
