"""Keeps the list of one connection's tools, and tells the web side of it."""

import asyncio
from contextlib import suppress

import anyio
import mcp_types as types
from mcp.client.session import ClientSession
from mcp.client.subscriptions import SubscriptionLost, listen
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from chat_app.tools.sidecar.listing import read_listing
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.values import DEMO, Listing, ServerSpec

# A server that says all the time that its tools changed is asked no more often than this.
RELIST_EVERY_S = 0.5
FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 60.0


class Lister:
    """`session` is set when the connection is open, before anything else is called."""

    session: ClientSession

    def __init__(self, spec: ServerSpec, shared: Shared) -> None:
        self._spec, self._shared = spec, shared
        self._known: Listing | None = None
        self._lock = asyncio.Lock()
        self._stale = asyncio.Event()

    async def get(self, fresh: bool) -> Listing:
        """The tools; asked of the server where they are not known, or `fresh`. Raises TimeoutError
        after `sync_s`, MCPError and what the transport raises."""
        async with self._lock:
            known = self._known
            if known is None or fresh:
                known = await self._read()
                self._take(known)
            return known

    def changed(self) -> None:
        """The server says that its tools changed; it may well say so twice."""
        self._stale.set()

    async def keep(self) -> None:
        """Lists once, and again after each change, until cancelled."""
        with suppress(Exception):  # whoever asks for the list hears of it
            await self.get(fresh=False)
        while True:
            await self._stale.wait()
            self._stale.clear()
            with suppress(Exception):
                async with self._lock:
                    listing = await self._read()
                    if listing != self._known:
                        self._take(listing)
            await anyio.sleep(RELIST_EVERY_S)

    async def listen(self) -> None:
        """Hears of changes from a server of 2026-07-28, which tells them only on a stream asked
        for; older ones tell them unasked."""
        pause_s = FIRST_PAUSE_S
        while self._can_listen():
            try:
                async with listen(self.session, tools_list_changed=True) as changes:
                    if self._known is not None:
                        self.changed()  # nothing is replayed of what was missed since then
                    async for _ in changes:
                        self.changed()
            except MCPError as fault:
                if fault.code == types.METHOD_NOT_FOUND:
                    return
            except SubscriptionLost:
                pass
            await anyio.sleep(pause_s)
            pause_s = min(pause_s * 2, MAX_PAUSE_S)

    def _can_listen(self) -> bool:
        offers = self.session.server_capabilities
        tells = offers is not None and offers.tools is not None and offers.tools.list_changed
        is_modern = self.session.protocol_version in MODERN_PROTOCOL_VERSIONS
        return is_modern and bool(tells) and self._spec.transport != DEMO

    async def _read(self) -> Listing:
        limits = self._shared.limits
        async with asyncio.timeout(limits.sync_s):
            return await read_listing(self.session, limits.tools_a_server)

    def _take(self, listing: Listing) -> None:
        self._known = listing
        self._shared.tell({"event": "tools", "spec": self._spec, "value": listing})
