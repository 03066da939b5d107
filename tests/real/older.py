"""The same server made with the SDK before its second edition: `python older.py stdio|http|sse
[PORT]`, where that one is installed.
"""

import sys
from pathlib import Path

import anyio
from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations
from pydantic import BaseModel

transport, port = sys.argv[1], int((sys.argv[2:] or ["0"])[0])
server = FastMCP("Older", instructions="For tests.", log_level="ERROR", port=port)


class Sum(BaseModel):
    total: int


class Seat(BaseModel):
    window: bool


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
async def add(a: int, b: int) -> Sum:
    """Add two numbers."""
    if a < 0:
        raise ValueError("No debts.")
    return Sum(total=a + b)


@server.tool()
async def climb(diary: str, ctx: Context) -> str:
    """Tell from half way, and wait there until the diary says to go on."""
    await ctx.report_progress(1, 2, "half way")
    try:
        while not Path(diary).exists():
            await anyio.sleep(0.02)
    except anyio.get_cancelled_exc_class():
        Path(diary).write_text("cancelled")
        raise
    return "on top"


@server.tool()
async def book(train: str, ctx: Context) -> str:
    """Book a seat, which needs an answer."""
    seat = await ctx.elicit(f"A seat in {train}: at the window?", Seat)
    if seat.action != "accept":
        raise ValueError(f"No seat: {seat.action}.")
    return f"{train}, {'window' if seat.data.window else 'aisle'}"


@server.tool()
async def learn(name: str, ctx: Context) -> str:
    """Have one more tool."""
    server.add_tool(add, name=name)
    await ctx.session.send_tool_list_changed()
    return f"I can {name} now"


if __name__ == "__main__":
    server.run("streamable-http" if transport == "http" else transport)
