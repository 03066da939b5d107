"""One session with a tool server: opened when wanted, kept open, opened again when it broke."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import anyio
from mcp.client.session import ClientSession

from chat_app.errors import HoldfastError, ToolUnavailable
from chat_app.tools.sidecar import faults
from chat_app.tools.sidecar.breaker import Breaker
from chat_app.tools.sidecar.calling import call_on, elicited
from chat_app.tools.sidecar.calls import Call
from chat_app.tools.sidecar.connection import connected
from chat_app.tools.sidecar.http import Trace, trace
from chat_app.tools.sidecar.lister import Lister
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.values import CallResult, InputRequired, Listing, ServerSpec

# A connection that broke sooner, and without having been of use, counts as one that failed.
PROVEN_S = 10.0


class Link:
    """One connection, from the handshake to its end."""

    def __init__(self, session: ClientSession, lister: Lister) -> None:
        self.session, self.lister = session, lister
        self.began_s = time.monotonic()
        self.is_over = False
        self.has_worked = False

    @property
    def is_proven(self) -> bool:
        return self.has_worked or time.monotonic() - self.began_s > PROVEN_S


class ServerSession:
    """What is open for one spec. `on_over` is called when it will not be opened again.

    A task of its own enters and leaves each connection, because anyio's scopes demand it; calls
    run in the tasks of who asks.
    """

    def __init__(
        self, spec: ServerSpec, shared: Shared, on_over: Callable[["ServerSession"], None]
    ) -> None:
        self.spec = spec
        self._shared, self._on_over = shared, on_over
        self._link: Link | None = None
        self._next: asyncio.Future[Link | HoldfastError] = _future()  # how the next opening ends
        self._last_fault: HoldfastError = ToolUnavailable()
        self._breaker = Breaker()
        self._calls: list[Call] = []
        self._is_closing = self._is_retired = self._is_opening = False
        self._bell = asyncio.Event()  # something changed for whoever keeps the connection
        self._used_s = time.monotonic()
        self._life: asyncio.Task[HoldfastError | None] | None = None  # of the connection of now
        self._owner = asyncio.create_task(self._own())

    async def listing(self, fresh: bool) -> Listing:
        """Raises ToolUnavailable."""
        self._used_s = time.monotonic()
        link = await self._opened(at_once=fresh)
        note = _new_trace()
        try:
            listing = await link.lister.get(fresh)
        except Exception as fault:
            error = faults.of_connecting(fault, self.spec, note)
            self._end_if_dead(link, faults.of_call(fault, self.spec, note))
            raise error from None
        link.has_worked = True
        return listing

    async def call(self, call: Call) -> CallResult | InputRequired:
        """Raises ToolUnavailable and ToolFailed; once more where that is safe."""
        self._calls.append(call)
        try:
            return await self._call(call)
        finally:
            self._calls.remove(call)
            self._used_s = time.monotonic()
            self._bell.set()

    async def close(self) -> None:
        """Over when all that belongs to it is gone. Calls in flight break off."""
        self._is_closing = True
        self._bell.set()
        if self._life is not None and self._is_opening:
            self._life.cancel()
        await asyncio.wait([self._owner])

    async def retire(self) -> None:
        """Like `close`, but lets calls in flight come to their end."""
        self._is_retired = True
        self._bell.set()
        await asyncio.wait([self._owner])

    async def _call(self, call: Call) -> CallResult | InputRequired:
        for is_last in (False, True):
            link = await self._opened()
            try:
                result = await call_on(link.session, link.lister, call, self._shared)
            except Exception as fault:
                found = faults.of_call(fault, self.spec, call.note)
                self._end_if_dead(link, found)
                again = found.did_not_run or (found.is_cut and call.is_repeatable)
                if is_last or not again or self._is_closing:
                    raise found.error from None
            else:
                link.has_worked = True
                return result
        raise AssertionError  # the loop returns or raises

    async def _opened(self, at_once: bool = False) -> Link:
        """The open connection, or the one that opens. While the breaker is open it raises what
        went wrong last, unless it is to be tried `at_once`."""
        if self._link is not None:
            return self._link
        left_s = self._breaker.left_s(time.monotonic())
        if left_s > 0 and not at_once:
            last, wait_s = self._last_fault, max(1, round(left_s))
            fields = {**last.fields, "retry_after": wait_s}
            raise ToolUnavailable(f"{last.message} It is tried again in {wait_s} s.", **fields)
        self._breaker.close()
        self._bell.set()
        # Shielded: one caller's cancellation must not cancel what others wait for.
        outcome = await asyncio.shield(self._next)
        if isinstance(outcome, HoldfastError):
            raise outcome
        return outcome

    def _end_if_dead(self, link: Link, fault: faults.Fault) -> None:
        if fault.did_not_run or fault.is_dead:
            self._lose(link)

    def _lose(self, link: Link | None = None) -> None:
        """No further call goes over this connection."""
        link = link or self._link
        if link is not None:
            link.is_over = True
            if self._link is link:
                self._link = None
            self._bell.set()

    # --- the owner ---------------------------------------------------------------------------

    async def _own(self) -> None:
        try:
            while not self._is_done():
                # In a task of its own, which no cancellation of an earlier one can have marked.
                self._life = asyncio.create_task(self._live())
                await asyncio.wait([self._life])
                if not self._life.cancelled() and self._life.result() is not None:
                    await self._rest()
        finally:
            self._leave()
            self._settle(ToolUnavailable(f"{self.spec.name} is being closed."))

    async def _live(self) -> HoldfastError | None:
        """One connection from its beginning to its end; what ended it, or None: ourselves."""
        note = _new_trace()
        link: Link | None = None
        fault: HoldfastError | None = None
        try:
            async with AsyncExitStack() as stack:
                self._is_opening = True
                async with asyncio.timeout(self._shared.limits.sync_s):
                    link = await self._connect(stack, note)
                self._is_opening = False
                self._settle(link)
                await self._keep(link)
                if not self._is_closing:
                    fault = ToolUnavailable(f"{self.spec.name} broke off the connection.")
        except Exception as found:
            fault = faults.of_connecting(found, self.spec, note)
        self._is_opening = False
        self._lose(link)
        if fault is not None:
            self._failed(link, fault)
        return fault

    async def _connect(self, stack: AsyncExitStack, note: Trace) -> Link:
        try:
            return await self._shake_hands(stack)
        except Exception as fault:
            # Some servers of before 2026 end, or hang up, when they are asked for more.
            if not faults.of_call(fault, self.spec, note).is_cut:
                raise
        return await self._shake_hands(stack, is_old=True)

    async def _shake_hands(self, stack: AsyncExitStack, is_old: bool = False) -> Link:
        lister = Lister(self.spec, self._shared)
        opening = connected(
            self.spec,
            self._shared,
            elicit=elicited(self._calls),
            on_tools_changed=lister.changed,
            on_end=lambda: self._lose(link),
            is_old=is_old,
        )
        link: Link | None = None
        session = await stack.enter_async_context(opening)
        lister.session = session
        link = Link(session, lister)
        return link

    async def _keep(self, link: Link) -> None:
        """Until the connection is over, or nobody wants it any more."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(link.lister.keep)
            tasks.start_soon(link.lister.listen)
            while not (link.is_over or self._is_done()):
                self._bell.clear()
                with anyio.move_on_after(self._idle_left_s()):
                    await self._bell.wait()
            tasks.cancel_scope.cancel()
        self._lose(link)
        if self._is_done():
            self._leave()

    def _leave(self) -> None:
        """From here on whoever wants the server gets a new session."""
        self._is_closing = True
        self._on_over(self)

    def _failed(self, link: Link | None, fault: HoldfastError) -> None:
        self._last_fault = fault
        if link is None:
            self._breaker.failed(time.monotonic())
            self._settle(fault)
            return
        if link.is_proven:
            self._breaker.worked()
        self._breaker.lost(time.monotonic())
        self._shared.tell({"event": "lost", "spec": self.spec, "value": fault.message})

    async def _rest(self) -> None:
        """Until the breaker lets it try again, somebody wants it at once, or nobody at all."""
        while (left_s := self._breaker.left_s(time.monotonic())) > 0 and not self._is_done():
            self._bell.clear()
            with anyio.move_on_after(left_s):
                await self._bell.wait()

    def _settle(self, outcome: Link | HoldfastError) -> None:
        """Tell all who wait for the opening how it ended."""
        if isinstance(outcome, Link):
            self._link = outcome
        waiting, self._next = self._next, _future()
        waiting.set_result(outcome)

    def _is_done(self) -> bool:
        if self._is_closing or (self._is_retired and not self._calls):
            return True
        return self._idle_left_s() <= 0

    def _idle_left_s(self) -> float:
        idle_s = self._shared.idle_s
        return idle_s if self._calls else self._used_s + idle_s - time.monotonic()


def _future() -> "asyncio.Future[Link | HoldfastError]":
    return asyncio.get_running_loop().create_future()


def _new_trace() -> Trace:
    note = Trace()
    trace.set(note)
    return note
