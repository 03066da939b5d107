"""The sidecar's end of the socket: reads what the web side wants and writes what comes of it."""

import asyncio
import gc
import itertools
import logging
import signal
import socket
import time
from typing import Any

from chat_app.errors import HoldfastError, ToolFailed, ToolUnavailable
from chat_app.tools import wire
from chat_app.tools.rate import Rate
from chat_app.tools.sidecar import oauth
from chat_app.tools.sidecar.calls import Call
from chat_app.tools.sidecar.sessions import Sessions
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.values import InputRequired
from chat_app.tools.wire import Message

LINE_BYTES_MAX = 64 * 1024 * 1024
# For closing sessions after the web side is gone; what does not end by then ends with the process.
CLOSE_S = 4.0
LOG_LINES, LOG_PER_S, LOG_CHARS = 20, 10.0, 500


def main(fd: int) -> None:
    """Runs until the web side closes the socket, or is gone."""
    # What was imported stays for good: the collector need not walk it, again and again.
    gc.collect()
    gc.freeze()
    asyncio.run(_serve(socket.socket(fileno=fd)))


async def _serve(sock: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=sock, limit=LINE_BYTES_MAX)
    if not (first := await reader.readline()):
        return
    door = Door(wire.message(first), writer)
    _log_to(door)
    # A deploy signals every process there is (Heroku). The web side goes on with its calls for a
    # while, and closes the socket then. Not SIG_IGN: stdio servers would inherit it.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
    await asyncio.wait([asyncio.create_task(door.run(reader))])
    # The kernel ends what does not end by itself, such as a loop that is stuck in our own code.
    signal.setitimer(signal.ITIMER_REAL, CLOSE_S + 1)
    await door.close()


class Door:
    """One question is one task, which a `cancel` with its id cancels."""

    def __init__(self, setup: Message, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        shared = Shared(
            limits=wire.read_limits(setup["limits"]),
            idle_s=setup["idle_s"],
            networks=wire.read_networks(setup["networks"]),
            env=setup["env"],
            tell=self.tell,
            ask=self.ask,
        )
        self._networks = shared.networks
        self._sessions = Sessions(shared)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._calls: dict[int, Call] = {}
        self._asks: dict[int, asyncio.Future[Any]] = {}
        self._ask_ids = itertools.count(1)

    async def run(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self._take(wire.message(line))

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._sessions.close()
        except TimeoutError:
            logging.error("Some sessions with tool servers did not close.")

    def tell(self, message: Message) -> None:
        """Raises wire.Unsendable. Nothing is lost with a web side that is gone."""
        if not self._writer.is_closing():
            self._writer.write(wire.line(message))

    async def ask(self, op: str, value: Message) -> Any:
        """What the web side answers. Raises ToolFailed when it cannot."""
        id = next(self._ask_ids)
        answer = self._asks[id] = asyncio.get_running_loop().create_future()
        self.tell({"event": "ask", "ask": id, "op": op, "value": value})
        try:
            return await answer
        finally:
            del self._asks[id]

    def _take(self, message: Message) -> None:
        match message["op"]:
            case "list" | "call" | "oauth.discover" | "oauth.register" | "oauth.tokens":
                task = asyncio.create_task(self._answer(message))
                self._tasks[message["id"]] = task
            case "cancel":
                if (found := self._tasks.get(message["id"])) is not None:
                    found.cancel()
            case "input":
                if (call := self._calls.get(message["id"])) is not None:
                    call.answered(message["key"], message["answer"])
            case "forget":
                self._sessions.forget(message["server_id"])
            case "answer":
                self._answered(message)

    async def _answer(self, asked: Message) -> None:
        id = asked["id"]
        try:
            kind, value = await self._run(asked)
            self.tell({"id": id, "kind": kind, "value": value})
        except HoldfastError as fault:
            self.tell({"id": id, "kind": "error", "value": wire.error(fault)})
        except wire.Unsendable:
            self._tell_ours(id, ToolFailed("The tool's result cannot be read."))
        except Exception:
            logging.exception("a question was not answered")
            self._tell_ours(id, ToolUnavailable("Tool servers cannot be used: Holdfast failed."))
        finally:
            self._tasks.pop(id, None)

    async def _run(self, asked: Message) -> tuple[str, Any]:
        if asked["op"].startswith("oauth."):
            return "oauth", await oauth.answer(asked, self._networks)
        if asked["op"] == "list":
            spec = wire.read_spec(asked["spec"])
            return "listing", await self._sessions.of(spec).listing(asked["fresh"])
        call = self._calls[asked["id"]] = Call(asked, self.tell)
        try:
            result = await self._sessions.of(call.spec).call(call)
        finally:
            del self._calls[asked["id"]]
        return ("required" if isinstance(result, InputRequired) else "result"), result

    def _tell_ours(self, id: int, fault: HoldfastError) -> None:
        self.tell({"id": id, "kind": "error", "value": wire.error(fault)})

    def _answered(self, message: Message) -> None:
        waiting = self._asks.get(message["ask"])
        if waiting is None or waiting.done():
            return
        if "error" in message:
            waiting.set_exception(ToolFailed(message["error"]))
        else:
            waiting.set_result(message["value"])


class DoorHandler(logging.Handler):
    """Our own warnings go to the web side's log, never as a flood."""

    def __init__(self, door: Door) -> None:
        super().__init__(logging.WARNING)
        self._door, self._rate = door, Rate(LOG_LINES, LOG_PER_S)

    def emit(self, record: logging.LogRecord) -> None:
        if (held := self._rate.let(time.monotonic())) is not None:
            said = self.format(record)[-LOG_CHARS:]
            value = {"server": "", "said": said, "lines_left_out": held}
            self._door.tell({"event": "log", "value": value})


def _log_to(door: Door) -> None:
    logging.basicConfig(handlers=[DoorHandler(door)], level=logging.WARNING)
    # They say each failure of a server, which we tell, and each line that is not MCP.
    for chatty in ("mcp", "client", "httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL + 1)
