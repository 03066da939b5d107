"""HTTP to AI servers: each connection guarded, each wait bounded, no redirects, no cookies."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from queue import Empty, Queue
from ssl import SSLContext
from threading import Thread
from typing import Any

import httpcore2
import httpx2

from chat_app.egress import Networks

# Per process. A stream holds one connection as long as its run lasts.
MAX_CONNECTIONS = 1_000
MAX_IDLE_CONNECTIONS = 20
# Shorter than servers usually keep idle connections, so that it is us who let them go: a request
# that meets the server's closing fails, and to ask again might start a task twice.
IDLE_S = 4.0
# A host that is gone without a word is noticed although a stream may be silent for long.
KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    ),
)

# Until when (monotonic) what is asked now has to be answered. httpx2's time-outs are between bytes,
# so a server that drips would hold its reader for ever.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All waiting for a server inside ends after that time, with httpx2's ReadTimeout and such."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


@lru_cache(1)
def trusting() -> SSLContext:
    """One for the process: reading the certificates takes 25 ms. It heeds SSL_CERT_FILE."""
    return httpx2.create_ssl_context()


class Wire(httpx2.HTTPTransport):
    """A pool of connections; with `networks` to addresses only that these allow.

    A pool keeps connections by name, and checks where a name leads whenever it makes one. So what
    was checked is what is connected to, and TLS is about the name.
    """

    def __init__(self, networks: Networks | None, tls: SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        # httpx2 has no other way to say how a connection is made.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_S,
            network_backend=Network(networks),
            socket_options=KEEPALIVE,
        )


class Network(httpcore2.NetworkBackend):
    """Makes connections. Raises EgressRefused, and what httpcore2 raises."""

    def __init__(self, networks: Networks | None) -> None:
        self._networks = networks
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Tries the host's addresses in turn, all of them within `timeout` seconds."""
        until = time.monotonic() + (timeout or 0.0)
        try:
            addresses = _resolved(host, port, _left(until))
        except OSError as fault:
            # Raised in here, for httpcore2 keeps only the context: faults.py looks for it.
            raise httpcore2.ConnectError(str(fault)) from fault
        if self._networks is not None:
            # One that may not be reached spoils them all: such a name is up to something.
            addresses = [self._networks.check(address) for address in addresses]
        while True:
            address = addresses.pop(0)
            patience_s = _left(until) / (len(addresses) + 1)
            try:
                return Deadlined(
                    self._plain.connect_tcp(
                        address, port, patience_s, local_address, socket_options
                    )
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not addresses:
                    raise


class Deadlined(httpcore2.NetworkStream):
    """A connection whose every wait also heeds `within`."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _bounded(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _bounded(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        patience_s = _bounded(timeout, httpcore2.ConnectTimeout)
        return Deadlined(self._stream.start_tls(ssl_context, server_hostname, patience_s))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _bounded(timeout: float | None, error: type[Exception]) -> float | None:
    until = _deadline.get()
    if until is None:
        return timeout
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise error
    return left_s if timeout is None else min(timeout, left_s)


def _left(until: float) -> float:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise httpcore2.ConnectTimeout
    return left_s


def _resolved(host: str, port: int, timeout_s: float) -> list[str]:
    """The host's addresses, one or more; raises OSError. In a thread: a resolver may take its time,
    and no call of the system's takes a limit."""
    answers: Queue[list[str] | OSError] = Queue()
    Thread(target=_resolve, args=(host, port, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except Empty:
        raise httpcore2.ConnectTimeout from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _resolve(host: str, port: int, answers: "Queue[list[str] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as fault:
        answers.put(fault)
    except UnicodeError:  # a label that is too long, say
        answers.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))
    else:
        answers.put(list(dict.fromkeys(str(info[4][0]) for info in found)))
