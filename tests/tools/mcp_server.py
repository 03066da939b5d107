"""A tool server made with the SDK: `python mcp_server.py stdio|http|sse modern|legacy [PORT]`.

What its tools lived through is written to the file that LIVED names, a word a line.
"""

import os
import subprocess
import sys
from typing import Annotated, Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.mcpserver import Context, Elicit, Image, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

READS = types.ToolAnnotations(read_only_hint=True)
server: MCPServer[Any] = MCPServer("Test", instructions="For tests.", log_level="CRITICAL")


def lived(word: str) -> None:
    if path := os.environ.get("LIVED"):
        with open(path, "a") as file:
            file.write(f"{word}\n")


@server.tool(annotations=READS, structured_output=False)
async def echo(text: str) -> str:
    """Say it again."""
    return text


@server.tool(structured_output=False)
async def wait(seconds: float) -> str:
    """Take a while."""
    lived("started")
    try:
        await anyio.sleep(seconds)
    except anyio.get_cancelled_exc_class():
        lived("cancelled")
        raise
    lived("finished")
    return "done"


@server.tool()
async def steps(number: int, pause_s: float, ctx: Context[Any, Any]) -> str:
    """Tell of each step."""
    for step in range(1, number + 1):
        await ctx.report_progress(step, number, f"step {step}")
        await anyio.sleep(pause_s)
    return "done"


@server.tool(structured_output=False)
async def die(once: str = "") -> str:
    """End the server; with `once`, only where that file is not yet there."""
    lived("dying")
    if once and os.path.exists(once):
        return "still alive"
    if once:
        open(once, "w").close()
    os._exit(1)


@server.tool(structured_output=False)
async def big(size: int) -> str:
    """A long text."""
    return "x" * size


@server.tool(structured_output=False)
async def picture() -> Image:
    """A picture."""
    return Image(data=b"\x89PNG" + b"\0" * 3000, format="png")


@server.tool()
async def fail() -> str:
    """Fail as planned."""
    raise ToolError("The moon is in the wrong house.")


@server.tool(structured_output=False)
async def environment() -> str:
    """The names in the environment, and the pid."""
    return " ".join(["pid", str(os.getpid()), *sorted(os.environ)])


@server.tool(structured_output=False)
async def offspring() -> str:
    """Start a child that ignores everything but a kill."""
    code = "import signal,time\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n"
    child = subprocess.Popen([sys.executable, "-c", code + "print(flush=True)\ntime.sleep(600)"])
    return str(child.pid)


@server.tool(structured_output=False)
async def grow(name: str, ctx: Context[Any, Any]) -> str:
    """Get one more tool."""
    server.add_tool(echo, name=name)
    await ctx.notify_tools_changed()
    if ctx.request_context.protocol_version < "2026":
        await ctx.session.send_tool_list_changed()
    return name


class Seat(BaseModel):
    window: bool


def ask_seat(train: str) -> Elicit[Seat]:
    return Elicit(f"A seat in {train}: at the window?", Seat)


@server.tool(structured_output=False)
async def book(train: str, seat: Annotated[Seat, Resolve(ask_seat)]) -> str:
    """Book a seat, which needs an answer."""
    lived("booked")
    return f"{train}, {'window' if seat.window else 'aisle'}"


class OldOnly:
    """Refuses the protocol of 2026, as servers of before do."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        versions = [v for k, v in scope.get("headers", ()) if k == b"mcp-protocol-version"]
        if b"2026-07-28" in versions:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"Unsupported protocol version"})
        else:
            await self._app(scope, receive, send)


def main(transport: str, era: str, port: int = 0) -> None:
    if era == "legacy":
        del server._lowlevel_server._request_handlers["server/discover"]
    if transport == "stdio":
        return server.run("stdio")
    app: Any = server.sse_app() if transport == "sse" else server.streamable_http_app()
    app = OldOnly(app) if era == "legacy" else app
    return uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical")


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
