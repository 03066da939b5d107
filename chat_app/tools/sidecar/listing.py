"""What a server lists, made into what we offer: bounded in every direction."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import mcp_types as types
import orjson
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError

from chat_app.tools.values import Listing, ToolSpec

PAGES_MAX = 50
NAME_CHARS_MAX = 128
DESCRIPTION_CHARS_MAX = 4_000
SCHEMA_BYTES_MAX = 32 * 1024
SCHEMA_DEPTH_MAX = 32
ANNOTATIONS_BYTES_MAX = 2_000


async def read_listing(session: ClientSession, tools_max: int) -> Listing:
    """All that the server lists, page by page. The caller sets the time limit.

    Raises MCPError, ValidationError and what the transport raises.
    """
    tools = await _all_pages(session, tools_max)
    info = session.server_info
    return listing(
        tools,
        tools_max,
        protocol_version=session.protocol_version or "",
        server_name=(info.title or info.name) if info is not None else "",
        instructions=session.instructions or "",
    )


def listing(
    tools: Iterable[types.Tool],
    tools_max: int,
    protocol_version: str = "",
    server_name: str = "",
    instructions: str = "",
) -> Listing:
    """The first `tools_max` tools that can be offered; the rest is counted."""
    kept: dict[str, ToolSpec] = {}
    left_out = 0
    for tool in tools:
        spec = offered(tool)
        if spec is None or spec.name in kept or len(kept) >= tools_max:
            left_out += 1
        else:
            kept[spec.name] = spec
    return Listing(
        tools=tuple(kept.values()),
        protocol_version=protocol_version,
        server_name=_clean(server_name)[:NAME_CHARS_MAX],
        instructions=_text(instructions),
        left_out=left_out,
    )


def offered(tool: types.Tool) -> ToolSpec | None:
    """The tool as we offer it, or None where it cannot be called here or is out of bounds."""
    if not (0 < len(tool.name) <= NAME_CHARS_MAX and tool.name.isprintable()):
        return None
    if tool.execution is not None and tool.execution.task_support == "required":
        return None
    if _is_bomb(tool.input_schema):
        return None
    return ToolSpec(
        name=tool.name,
        description=_text(tool.description or ""),
        input_schema=tool.input_schema,
        annotations=_annotations(tool),
    )


async def _all_pages(session: ClientSession, tools_max: int) -> list[types.Tool]:
    """Ends where the server ends, repeats a cursor, or lists without an end."""
    tools: list[types.Tool] = []
    seen: set[str] = set()
    params: types.PaginatedRequestParams | None = None
    for _ in range(PAGES_MAX):
        try:
            page = await session.list_tools(params=params)
        except MCPError as fault:
            if fault.code == types.METHOD_NOT_FOUND:
                return tools  # a server of prompts and resources only
            raise
        tools += page.tools
        if page.next_cursor is None or page.next_cursor in seen:
            break
        seen.add(page.next_cursor)
        params = types.PaginatedRequestParams(cursor=page.next_cursor)
    return tools


def _is_bomb(schema: dict[str, Any]) -> bool:
    """Whether the schema is deeper or longer than any that a model can use. `$ref`s are not
    followed, by nobody here, so they cannot go in circles."""
    if _depth(schema, SCHEMA_DEPTH_MAX) > SCHEMA_DEPTH_MAX:
        return True
    return len(_json(schema)) > SCHEMA_BYTES_MAX


def _depth(value: Any, most: int) -> int:
    """How deep it is nested; past `most` it is not followed."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 0
    if most < 0:
        return 1
    return 1 + max((_depth(one, most - 1) for one in value), default=0)


def _annotations(tool: types.Tool) -> dict[str, Any]:
    found = tool.annotations
    known = found.model_dump(by_alias=True, exclude_none=True, mode="json") if found else {}
    if tool.title:
        known.setdefault("title", tool.title)
    if "title" in known:
        known["title"] = _clean(known["title"])[:NAME_CHARS_MAX]
    return known if len(_json(known)) <= ANNOTATIONS_BYTES_MAX else {}


def _json(value: Any) -> bytes:
    """As orjson writes it; as long as a bomb where it cannot (integers over 64 bits)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b" " * (SCHEMA_BYTES_MAX + 1)


def _text(text: str) -> str:
    text = cleandoc(text.replace("\0", ""))  # Python's docstrings come as they are indented
    return text if len(text) <= DESCRIPTION_CHARS_MAX else text[: DESCRIPTION_CHARS_MAX - 1] + "…"


def _clean(text: str) -> str:
    return "".join(c for c in text if c.isprintable())
