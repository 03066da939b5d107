"""The built-in tool server: the time, sums, and notes of the channel. It needs no network."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import mcp_types as types
from mcp.client.client import Client
from mcp.client.session import ClientSession
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from chat_app.tools.sidecar.arithmetic import BadExpression
from chat_app.tools.sidecar.arithmetic import calculate as work_out
from chat_app.tools.sidecar.calls import current
from chat_app.tools.sidecar.connection import CLIENT
from chat_app.tools.sidecar.shared import Shared

NOTE_CHARS_MAX = 2_000
NOTES_MAX = 200

_READS = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
_ADDS = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
_DELETES = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


@asynccontextmanager
async def demo_session(shared: Shared) -> AsyncIterator[ClientSession]:
    """A session with a server in this process."""
    async with Client(demo_server(shared.ask), client_info=CLIENT, cache=None) as client:
        yield client.session


def demo_server(ask: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> "MCPServer[Any]":
    """The server. `ask` runs `notes.add`, `notes.all` and `notes.delete` where the notes are."""
    server: MCPServer[Any] = MCPServer(
        "Holdfast",
        instructions="The current time, arithmetic, and notes that belong to this channel.",
        log_level="CRITICAL",
    )
    notes = Notes(ask)
    for tool, title, annotations in (
        (current_time, "Current time", _READS),
        (calculate, "Calculator", _READS),
        (notes.add_note, "Add a note", _ADDS),
        (notes.list_notes, "List the notes", _READS),
        (notes.delete_note, "Delete a note", _DELETES),
    ):
        server.add_tool(tool, title=title, annotations=annotations, structured_output=False)
    return server


async def current_time(
    timezone: Annotated[
        str, Field(description="IANA name, for example Europe/Berlin or Asia/Taipei")
    ] = "UTC",
) -> str:
    """Tell the current date and time in a time zone.

    Use this for anything that depends on today's date or the time of day.
    """
    try:
        now = datetime.now(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder, such as Europe
        raise ToolError(_NO_ZONE.format(timezone[:60])) from None
    return f"{now.isoformat(timespec='seconds')} ({now:%A, %d %B %Y, %H:%M} {timezone})"


async def calculate(
    expression: Annotated[
        str,
        Field(
            description="For example: (1234.5 * 0.19) / 12, 2**64, sqrt(2), round(10/3, 2). "
            "Operators + - * / // % **; sqrt, abs, round, floor, ceil, min, max, log, log10, "
            "log2, exp, sin, cos, tan, factorial; pi, e, tau."
        ),
    ],
) -> str:
    """Work out an arithmetic expression exactly. Use this instead of calculating in your head."""
    try:
        return str(work_out(expression))
    except BadExpression as fault:
        raise ToolError(str(fault)) from None


class Notes:
    """The notes of the channel in which the question was asked."""

    def __init__(self, ask: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> None:
        self._ask = ask

    async def add_note(
        self, text: Annotated[str, Field(description="What to remember, in a sentence or two")]
    ) -> str:
        """Write down a note for this channel, so that it can be looked up later."""
        text = text.replace("\0", "").strip()
        if not 0 < len(text) <= NOTE_CHARS_MAX:
            raise ToolError(f"A note has 1 to {NOTE_CHARS_MAX} characters.")
        if len(await self._all()) >= NOTES_MAX:
            raise ToolError(f"There are {NOTES_MAX} notes already; delete one first.")
        value = {"channel_id": _channel_id(), "text": text}
        return f"Noted as number {await self._ask('notes.add', value)}."

    async def list_notes(self) -> str:
        """List the notes of this channel with their numbers, the oldest first."""
        notes = await self._all()
        return "\n".join(f"{number}. {text}" for number, text in notes) or "There are no notes."

    async def delete_note(
        self, number: Annotated[int, Field(description="The note's number, as list_notes tells it")]
    ) -> str:
        """Delete one note of this channel for good."""
        value = {"channel_id": _channel_id(), "number": number}
        if await self._ask("notes.delete", value):
            return f"Note {number} is deleted."
        return f"There is no note {number}."

    async def _all(self) -> list[tuple[int, str]]:
        found = await self._ask("notes.all", {"channel_id": _channel_id()})
        return [(number, text) for number, text in found]


def _channel_id() -> int:
    call = current.get()
    if call is None or call.channel_id is None:
        raise ToolError("Notes belong to a channel, and this was asked outside of one.")
    return call.channel_id


_NO_ZONE = "There is no time zone “{}”. Use a name such as Europe/Berlin, Asia/Taipei or UTC."
