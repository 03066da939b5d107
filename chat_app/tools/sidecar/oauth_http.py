"""HTTP to authorization servers: guarded like that to tool servers, short, and small."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from chat_app.egress import EgressRefused, Networks, parse_url
from chat_app.tools.sidecar.http import TooLarge, http_client
from chat_app.tools.values import ServerSpec

# Some metadata list every scope and claim there is; a hundred of them still fit.
BODY_BYTES_MAX = 256 * 1024


class Wire:
    """Sends requests for one tool server. Nothing is followed, kept or told on the way."""

    def __init__(self, spec: ServerSpec, networks: Networks, client: httpx2.AsyncClient) -> None:
        self._networks = networks if spec.is_guarded else None
        self._may_be_plain = parse_url(spec.url or "").scheme == "http"
        self._client = client

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """The answer with its whole body.

        Raises EgressRefused, TooLarge, and what httpx2 raises.
        """
        self.check(str(request.url))
        response = await self._client.send(request, stream=True)
        try:
            body = b""
            # Counted here, for a body that calls itself a stream of events is otherwise endless.
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > BODY_BYTES_MAX:
                    raise TooLarge
        finally:
            await response.aclose()
        head = {k: v for k, v in response.headers.items() if k.lower() != "content-encoding"}
        return httpx2.Response(response.status_code, headers=head, content=body, request=request)

    async def head(self, request: httpx2.Request) -> httpx2.Response:
        """The answer without its body, which may be endless. Raises as `send`."""
        self.check(str(request.url))
        response = await self._client.send(request, stream=True)
        await response.aclose()
        return response

    def check(self, url: str) -> None:
        """Raises EgressRefused for what is no address to be used here: a server that is reached
        over TLS sends nobody, and no secret, over anything less.
        """
        if parse_url(url).scheme == "http" and not self._may_be_plain:
            raise EgressRefused("Its sign-in has an address that is not https.")

    async def check_reach(self, url: str) -> None:
        """Raises EgressRefused also where the address leads into a network that it must not. Who
        connects looks again: this is to refuse before a person is sent there.
        """
        self.check(url)
        if self._networks is not None:
            found = parse_url(url)
            loop = asyncio.get_running_loop()
            kind = socket.SOCK_STREAM
            for info in await loop.getaddrinfo(found.host, found.port, type=kind):
                self._networks.check(str(info[4][0]))


@asynccontextmanager
async def opened(spec: ServerSpec, networks: Networks) -> AsyncIterator[Wire]:
    """With the spec's headers, if it has any, on each request."""
    async with http_client(spec, networks, BODY_BYTES_MAX) as client:
        yield Wire(spec, networks, client)
