"""A TCP proxy that delivers requests whole and cuts responses where it is told to."""

import socket
from collections import deque
from types import TracebackType
from typing import Self

import gevent
from gevent.server import StreamServer


class Proxy:
    """`cuts`: after how many bytes of the response the next connections are reset, in order.

    With none left all passes.
    """

    def __init__(self, port: int) -> None:
        self.cuts: deque[int] = deque()
        self.cut_count = 0
        self._to = port
        self._server = StreamServer(("127.0.0.1", 0), self._serve)

    @property
    def port(self) -> int:
        port: int = self._server.server_port
        return port

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(timeout=0)

    def _serve(self, client: socket.socket, address: tuple[str, int]) -> None:
        left = self.cuts.popleft() if self.cuts else None
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            there = gevent.spawn(_pump, client, server)
            try:
                if left is None:
                    _pump(server, client)
                else:
                    self._cut(server, client, left)
            finally:
                there.kill()

    def _cut(self, server: socket.socket, client: socket.socket, left: int) -> None:
        # The answer has begun to come, so the request was not only delivered but served.
        while data := server.recv(65_536):
            client.sendall(data[:left])
            left -= len(data)
            if left <= 0:
                break
        self.cut_count += 1


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        pass
