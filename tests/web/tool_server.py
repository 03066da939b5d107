"""A tool server whose calls show on a page: `python tool_server.py`, over stdio.

`steps` goes on with each line that the file GATE gets, so that a test sees every state.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
from mcp.server.mcpserver import Context, Elicit, Image, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from tests.web.tool_calls import HOSTILE

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360f8ffff3f0005fe02fea7350581840000000049454e44ae426082"
)
POLL_S = 0.02

server: MCPServer[Any] = MCPServer("Harbour", log_level="CRITICAL")


@server.tool(structured_output=False)
async def send_mail(to: str, text: str) -> str:
    """Send a letter."""
    return f"Sent to {to}."


@server.tool(structured_output=False)
async def steps(ctx: Context[Any, Any]) -> str:
    """Tell of three steps."""
    gate = Path(os.environ["GATE"])
    for step in range(1, 4):
        await ctx.report_progress(step, 3, f"step {step} {HOSTILE}")
        while not gate.exists() or gate.read_text().count("\n") < step:
            await anyio.sleep(POLL_S)
    return "done"


@server.tool(structured_output=False)
async def picture() -> list[Any]:
    """A picture and some words."""
    return ["Here it is.", Image(data=PIXEL, format="png")]


@server.tool(structured_output=False)
async def fail() -> str:
    """Fail as planned."""
    raise ToolError(f"The tide is out. {HOSTILE}")


class Berth(BaseModel):
    boat: str = Field(title=f"Name of the boat {HOSTILE}", min_length=2, description="As painted.")
    length: int = Field(title="Length in metres", ge=1, le=100)
    side: Literal["port", "starboard"] = "port"
    crane: bool = False


def ask_berth(day: str) -> Elicit[Berth]:
    return Elicit(f"Which boat comes on {day}? {HOSTILE}", Berth)


@server.tool(structured_output=False)
async def book(day: str, berth: Annotated[Berth, Resolve(ask_berth)]) -> str:
    """Book a berth, which needs a form to be filled in."""
    crane = "with" if berth.crane else "without"
    return f"{day}: {berth.boat}, {berth.length} m, {berth.side}, {crane} crane"


if __name__ == "__main__":
    server.run("stdio")
