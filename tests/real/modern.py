"""A server made with the SDK as it is now: `python modern.py stdio|http|sse [PORT]`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

server: MCPServer[Any] = MCPServer("Modern", instructions="For tests.", log_level="ERROR")


class Sum(BaseModel):
    total: int


class Seat(BaseModel):
    window: bool


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
async def add(a: int, b: int) -> Sum:
    """Add two numbers."""
    if a < 0:
        raise ToolError("No debts.")
    return Sum(total=a + b)


@server.tool()
async def climb(diary: str, ctx: Context[Any, Any]) -> str:
    """Tell from half way, and wait there until the diary says to go on."""
    await ctx.report_progress(1, 2, "half way")
    try:
        while not Path(diary).exists():
            await anyio.sleep(0.02)
    except anyio.get_cancelled_exc_class():
        Path(diary).write_text("cancelled")
        raise
    return "on top"


def ask_seat(train: str) -> Elicit[Seat]:
    return Elicit(f"A seat in {train}: at the window?", Seat)


@server.tool()
async def book(train: str, seat: Annotated[Seat, Resolve(ask_seat)]) -> str:
    """Book a seat, which needs an answer."""
    return f"{train}, {'window' if seat.window else 'aisle'}"


@server.tool()
async def learn(name: str, ctx: Context[Any, Any]) -> str:
    """Have one more tool."""
    server.add_tool(add, name=name)
    await ctx.notify_tools_changed()
    return f"I can {name} now"


def main(transport: str, port: int = 0) -> None:
    if transport == "stdio":
        server.run("stdio")
    elif transport == "sse":
        server.run("sse", port=port)
    else:
        server.run("streamable-http", port=port)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
