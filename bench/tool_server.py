"""A tool server whose one tool takes no time: `python -m bench.tool_server stdio|http [PORT]`."""

import sys
from typing import Any

import mcp_types as types
from mcp.server.mcpserver import MCPServer

from bench.values import DONE, tool_over

READS = types.ToolAnnotations(read_only_hint=True)


def main(transport: str, port: int = 0) -> None:
    server: MCPServer[Any] = MCPServer("Bench", log_level="ERROR")

    async def nothing() -> str:
        return DONE

    name = tool_over(transport)
    server.add_tool(nothing, name=name, annotations=READS, structured_output=False)
    if transport == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", port=port)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
