"""A tool server that writes down what it does: `tool_server.py LEDGER PREFIX stdio|PORT`.

A line of the ledger is `<monotonic seconds> <nonce> <tool> <start|end|cancelled>`; a call that is
to hold ends once the file `LEDGER.<nonce>` is there. Run by itself, so it imports nothing of ours.
"""

import os
import sys
import time
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.mcpserver import Context, MCPServer

LOOK_S = 0.02
NOTES = {
    "pay": types.ToolAnnotations(),
    "sign": types.ToolAnnotations(),
    "put": types.ToolAnnotations(idempotent_hint=True),
    "look": types.ToolAnnotations(read_only_hint=True),
}


class Ledger:
    """Appended to in single writes, so that lines of several processes do not mix."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, nonce: str, tool: str, what: str) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, f"{time.monotonic():.6f} {nonce} {tool} {what}\n".encode())
        os.close(file)

    async def work(self, tool: str, nonce: str, ms: int, holds: bool) -> str:
        self.write(nonce, tool, "start")
        try:
            await anyio.sleep(ms / 1000)
            while holds and not os.path.exists(f"{self.path}.{nonce}"):
                await anyio.sleep(LOOK_S)
        except anyio.get_cancelled_exc_class():
            self.write(nonce, tool, "cancelled")
            raise
        self.write(nonce, tool, "end")
        return f"{tool} {nonce}"


def main(path: str, prefix: str, where: str) -> None:
    ledger, server = Ledger(path), MCPServer[Any]("Workshop", log_level="CRITICAL")
    for tool, notes in NOTES.items():
        server.add_tool(
            _does(ledger, prefix + tool),
            name=prefix + tool,
            description=f"To {tool}.",
            annotations=notes,
            structured_output=False,
        )
    if where == "stdio":
        server.run("stdio")
    else:
        app = server.streamable_http_app()
        uvicorn.run(app, host="127.0.0.1", port=int(where), log_level="critical")


def _does(ledger: Ledger, tool: str) -> Any:
    async def does(nonce: str, ms: int, holds: bool, ctx: Context[Any, Any]) -> str:
        await ctx.report_progress(0, 1, tool)
        return await ledger.work(tool, nonce, ms, holds)

    return does


if __name__ == "__main__":
    main(*sys.argv[1:])
