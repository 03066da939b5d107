"""HTTP to tool servers: guarded, bounded, and each answer's status known to who asked."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from ssl import SSLContext

import httpx2

from chat_app.egress import EgressRefused, Networks
from chat_app.tools.values import ServerSpec

CONNECT_S = 5.0
WRITE_S = 30.0
# For answers that come at once or never. All others may take as long as a person thinks about a
# form: the call's own limit is kept by the web side, and TCP notices a host that is gone.
PROMPT_S = 10.0
MAX_IDLE_CONNECTIONS = 20
SAID_BYTES_MAX = 500
NOT_THEIRS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout, OSError, EgressRefused)
KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
        if hasattr(socket, name)
    ),
]


@dataclass
class Trace:
    """What became of the HTTP requests made for one call (or one connecting), the last one's.

    `said` is the beginning of a refusal's body.
    """

    status: int | None = None
    said: bytes = b""
    is_unreached: bool = False
    is_too_large: bool = False


# The SDK's transports carry the context of whoever sends a message to the request they make of it.
trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


class TooLarge(httpx2.StreamError):
    """A body over the limit. As a StreamError it fails its request; others kill the session."""

    def __init__(self) -> None:
        super().__init__("The body is too large.")


def http_client(spec: ServerSpec, networks: Networks, body_bytes_max: int) -> httpx2.AsyncClient:
    """A client for one session. Its headers go to the server only: the SDK follows no redirect to
    another origin. No proxy, no credentials of the environment."""
    return httpx2.AsyncClient(
        transport=Wire(networks if spec.is_guarded else None, body_bytes_max),
        headers=_headers(spec),
        timeout=httpx2.Timeout(None, connect=CONNECT_S, write=WRITE_S),
        follow_redirects=False,
        trust_env=False,
    )


class Wire(httpx2.AsyncBaseTransport):
    """Connects; with `networks` only to addresses that these allow."""

    def __init__(self, networks: Networks | None, body_bytes_max: int) -> None:
        self._networks, self._body_bytes_max = networks, body_bytes_max
        self._inner = httpx2.AsyncHTTPTransport(
            verify=_tls(),
            trust_env=False,
            # One request that finds the pool full would fail the whole session.
            limits=httpx2.Limits(
                max_connections=None, max_keepalive_connections=MAX_IDLE_CONNECTIONS
            ),
            socket_options=KEEPALIVE,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if await _is_prompt(request):
            request.extensions["timeout"]["read"] = PROMPT_S
        note = trace.get() or Trace()
        try:
            response = await self._send(request)
        except UNREACHED:
            note.is_unreached = True
            raise
        note.status, note.said = response.status_code, b""
        # A bomb stays packed: we asked for plain bytes, and take what comes as such.
        response.headers.pop("Content-Encoding", None)
        is_events = response.headers.get("Content-Type", "").lower().startswith("text/event-stream")
        if not is_events and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = Bounded(response.stream, self._body_bytes_max, note)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        if self._networks is None:
            return await self._inner.handle_async_request(request)
        addresses = await _checked(request.url, self._networks)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_to(address, request))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_to(addresses[-1], request))


class Bounded(httpx2.AsyncByteStream):
    """A body that fails with TooLarge after `bytes_max`."""

    def __init__(
        self,
        stream: httpx2.AsyncByteStream,
        bytes_max: int,
        note: Trace,
    ) -> None:
        self._stream, self._left, self._note = stream, bytes_max, note

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                self._note.is_too_large = True
                raise TooLarge
            if (self._note.status or 0) >= 400 and len(self._note.said) < SAID_BYTES_MAX:
                self._note.said += piece[:SAID_BYTES_MAX]
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _headers(spec: ServerSpec) -> httpx2.Headers:
    """What a person gave to be sent, and not what says how a request is put together."""
    given = [(name, value) for name, value in spec.headers if name.lower() not in NOT_THEIRS]
    headers = httpx2.Headers({"User-Agent": "holdfast"})
    headers.update(given)
    headers["Accept-Encoding"] = "identity"
    return headers


@lru_cache(1)
def _tls() -> SSLContext:
    """One for all: making it takes tens of milliseconds. It heeds SSL_CERT_FILE."""
    return httpx2.create_ssl_context()


async def _is_prompt(request: httpx2.Request) -> bool:
    """Whether the answer cannot take long. The SDK waits for that of a notification before it
    sends anything else, so a server that owes one would stop all calls for good."""
    if request.method == "DELETE":
        return True
    content = await request.aread()  # there already, but for a redirected request
    return request.method == "POST" and b'"method":"notifications/' in content[:200]


async def _checked(url: httpx2.URL, networks: Networks) -> list[str]:
    """The addresses of the host, one or more, each of them allowed; raises EgressRefused.

    Resolved here once, and the connection goes to what was checked: a name that leads to another
    address a moment later has gained nothing.
    """
    host, port = url.raw_host.decode("ascii"), url.port or {"http": 80}.get(url.scheme, 443)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return [networks.check(str(info[4][0])) for info in found]


def _to(address: str, request: httpx2.Request) -> httpx2.Request:
    """The same request, sent to `address`; for TLS and the Host header it is still the name."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )
