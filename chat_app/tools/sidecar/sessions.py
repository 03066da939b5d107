"""All sessions of the sidecar, one for each server and person it is kept apart for."""

import asyncio
from collections.abc import Coroutine

from chat_app.tools.sidecar.session import ServerSession
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.values import ServerSpec

Key = tuple[int, str]


class Sessions:
    """Opened when first wanted; a spec that changed gets a new session."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._open: dict[Key, ServerSession] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def of(self, spec: ServerSpec) -> ServerSession:
        key = (spec.id, spec.session)
        found = self._open.get(key)
        if found is not None and found.spec != spec:
            self._leave(found.retire())
            found = None
        if found is None:
            found = self._open[key] = ServerSession(spec, self._shared, self._over)
        return found

    def forget(self, server_id: int) -> None:
        """Close all sessions with a server."""
        for key in [key for key in self._open if key[0] == server_id]:
            self._leave(self._open.pop(key).close())

    async def close(self) -> None:
        for server_id in {key[0] for key in self._open}:
            self.forget(server_id)
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _leave(self, leaving: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(leaving)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _over(self, session: ServerSession) -> None:
        key = (session.spec.id, session.spec.session)
        if self._open.get(key) is session:
            del self._open[key]
