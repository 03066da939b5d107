"""Runs a tool server as a child and talks to it over stdin and stdout.

The SDK's own transport holds a line of any length in memory and logs each line that is not MCP.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

from chat_app.tools.lines import KEPT_BYTES, Lines, LongLine
from chat_app.tools.rate import Rate
from chat_app.tools.sidecar.oversized import answered_id
from chat_app.tools.sidecar.said import shown
from chat_app.tools.sidecar.shared import Shared
from chat_app.tools.values import ServerSpec

LAUNCHER = Path(__file__).parent / "launcher.py"
READ_BYTES = 64 * 1024
# A server may greet on stdout. One that goes on like this speaks something else.
GARBAGE_LINES_MAX = 200
ENDLESS = 64  # so many times the longest message is no message at all
STDERR_LINES, STDERR_PER_S, STDERR_LINE_BYTES = 10, 10.0, 2_000
STDIN_CLOSED_S, TERM_S, POLL_S = 1.0, 1.0, 0.02
EXIT_POLL_S = 1.0
TOO_LARGE, UNREADABLE = "The message is too large.", "The message cannot be read."

Pipe = TypeVar("Pipe", asyncio.StreamReader, asyncio.StreamWriter)
Incoming = MemoryObjectSendStream[SessionMessage | Exception]
Outgoing = MemoryObjectReceiveStream[SessionMessage]
Streams = tuple[
    MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]
]


class NotMcp(Exception):
    """What comes is not MCP, or no message of it can be told from the others."""


@asynccontextmanager
async def stdio_transport(spec: ServerSpec, shared: Shared) -> AsyncIterator[Streams]:
    """The two streams of a server that runs as long as this is entered.

    Raises OSError when it cannot be started; NotMcp (in an ExceptionGroup) when it talks garbage.
    """
    process = await _start(spec, shared)
    shared.tell({"event": "started", "value": process.pid})
    incoming, read_stream = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write_stream, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read, process, incoming, shared.message_bytes_max)
        tasks.start_soon(_write, process, outgoing, incoming)
        tasks.start_soon(_read_stderr, process, spec, shared)
        tasks.start_soon(_watch, process, incoming)
        try:
            yield read_stream, write_stream
        finally:
            read_stream.close()
            # Entered by cancellation, too, and the child must not outlive its session: what stops
            # it is a task of its own, which no cancellation of this one reaches.
            stopping = asyncio.create_task(_stop(process, shared))
            with anyio.CancelScope(shield=True):
                await asyncio.wait([stopping])
            tasks.cancel_scope.cancel()


async def _start(spec: ServerSpec, shared: Shared) -> Process:
    env = {**shared.env, **dict(spec.env)}
    # Asked here because the launcher, which execs it, could only say so on stderr.
    if not spec.command or shutil.which(spec.command[0], path=env.get("PATH")) is None:
        raise FileNotFoundError
    launcher = (sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()))
    return await asyncio.create_subprocess_exec(
        *launcher, *spec.command, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE,
        start_new_session=True,
    )  # fmt: skip


async def _read(process: Process, incoming: Incoming, bytes_max: int) -> None:
    stdout = _pipe(process.stdout)
    lines, garbage = Lines(bytes_max), 0
    with incoming, suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
        async for chunk in _chunks(stdout.read):
            for line in lines.feed(chunk):
                if (message := _parse(line)) is not None:
                    garbage = 0
                    await incoming.send(message)
                elif line and (garbage := garbage + 1) > GARBAGE_LINES_MAX:
                    raise NotMcp
            if lines.pending_bytes > ENDLESS * bytes_max:
                raise NotMcp
    # The session is over; a server that still writes must get rid of it, or it cannot end.
    async for _ in _chunks(stdout.read):
        pass


def _pipe(stream: Pipe | None) -> Pipe:
    """The stream, which is there: the child was started with pipes."""
    if stream is None:
        raise RuntimeError
    return stream


async def _chunks(read: Callable[[int], Awaitable[bytes]]) -> AsyncIterator[bytes]:
    with suppress(OSError):
        while chunk := await read(READ_BYTES):
            yield chunk


def _parse(line: bytes | LongLine) -> SessionMessage | None:
    """The message, or None for what is none. One that is too long, or cannot be read (half a
    character, an abyss of brackets), fails the request it answers."""
    if isinstance(line, LongLine):
        if (id := answered_id(line)) is None:
            raise NotMcp
        return _failure(id, TOO_LARGE)
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        id = answered_id(LongLine(line[:KEPT_BYTES], line[-KEPT_BYTES:]))
        return None if id is None else _failure(id, UNREADABLE)


def _failure(id: int, why: str) -> SessionMessage:
    error = ErrorData(code=PARSE_ERROR, message=why)
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=id, error=error))


async def _write(process: Process, outgoing: Outgoing, incoming: Incoming) -> None:
    stdin = _pipe(process.stdin)
    try:
        async with outgoing:
            async for one in outgoing:
                json = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                stdin.write(json.encode() + b"\n")
                await stdin.drain()
    except OSError:
        incoming.close()  # the session learns that it is over


async def _read_stderr(process: Process, spec: ServerSpec, shared: Shared) -> None:
    lines, rate = Lines(STDERR_LINE_BYTES), Rate(STDERR_LINES, STDERR_PER_S)
    async for chunk in _chunks(_pipe(process.stderr).read):
        for line in lines.feed(chunk):
            if (held := rate.let(time.monotonic())) is not None:
                head = line.head if isinstance(line, LongLine) else line
                said = shown(head.decode(errors="replace"), spec)
                value = {"server": spec.name, "said": said, "lines_left_out": held}
                shared.tell({"event": "log", "value": value})


async def _watch(process: Process, incoming: Incoming) -> None:
    """A server may have ended although a child of its own still holds its stdout."""
    while process.returncode is None:
        await anyio.sleep(EXIT_POLL_S)
    await anyio.sleep(EXIT_POLL_S)  # for its last words
    incoming.close()


async def _stop(process: Process, shared: Shared) -> None:
    """Close its stdin, ask it to end, end it; then whatever is left of its process group.

    https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#shutdown
    """
    _pipe(process.stdin).close()
    if not await _has_ended(process, STDIN_CLOSED_S):
        _signal(process, signal.SIGTERM)
        await _has_ended(process, TERM_S)
    _signal(process, signal.SIGKILL)
    await _has_ended(process, TERM_S)
    # Else it stays open as long as something holds the other end of a pipe, and nothing public
    # closes it.
    process._transport.close()  # type: ignore[attr-defined]
    shared.tell({"event": "ended", "value": process.pid})


async def _has_ended(process: Process, within_s: float) -> bool:
    """Polled, because Process.wait() also waits for pipes that a grandchild may hold."""
    until_s = time.monotonic() + within_s
    while process.returncode is None and time.monotonic() < until_s:
        await anyio.sleep(POLL_S)
    return process.returncode is not None


def _signal(process: Process, number: int) -> None:
    """To the whole group, of which the server is the leader: npx and the like start others."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
