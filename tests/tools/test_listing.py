"""Which of a server's tools are offered, and as what."""

from typing import Any

import mcp_types as types
import pytest

from chat_app.tools.sidecar.listing import (
    DESCRIPTION_CHARS_MAX,
    NAME_CHARS_MAX,
    SCHEMA_BYTES_MAX,
    SCHEMA_DEPTH_MAX,
    listing,
    offered,
)


def tool(name: str = "a", **more: Any) -> types.Tool:
    return types.Tool.model_validate({"name": name, "inputSchema": {"type": "object"}, **more})


def schema(depth: int, kind: type = dict) -> dict[str, Any]:
    """Of this depth as a whole."""
    inner: Any = {} if kind is dict else []
    for _ in range(depth - 2):
        inner = {"x": inner} if kind is dict else [inner]
    return {"type": "object", "x": inner}


def test_a_tool_comes_with_all_that_a_model_and_a_policy_need():
    spec = offered(
        tool(
            "search",
            description="  Find.\n      Things.\n    ",
            inputSchema={"type": "object", "properties": {"q": {"$ref": "#/$defs/q"}}},
            annotations={"readOnlyHint": True, "destructiveHint": None},
            title="Search",
        )
    )
    assert spec is not None
    assert spec.description == "Find.\nThings."
    assert spec.input_schema["properties"] == {"q": {"$ref": "#/$defs/q"}}
    assert spec.annotations == {"readOnlyHint": True, "title": "Search"}


def test_of_two_with_one_name_the_first_counts():
    found = listing([tool("a", description="first"), tool("a"), tool("b")], 50)
    assert [(one.name, one.description) for one in found.tools] == [("a", "first"), ("b", "")]
    assert found.left_out == 1


def test_over_the_limit_they_are_counted():
    found = listing([tool(f"t{number}") for number in range(60)], 50)
    assert (len(found.tools), found.tools[-1].name, found.left_out) == (50, "t49", 10)


@pytest.mark.parametrize(
    "name", ["", "x" * (NAME_CHARS_MAX + 1), "a\nb", "a\0b", "a\u202eb", "a\x1b[31mb"]
)
def test_a_name_that_is_none_is_left_out(name: str):
    assert listing([tool(name)], 50).left_out == 1


@pytest.mark.parametrize("name", ["x" * NAME_CHARS_MAX, "ns/tool.name-1", "搜尋"])
def test_an_unusual_name_is_kept(name: str):
    assert offered(tool(name)) is not None


def test_a_tool_that_can_only_be_a_task_is_left_out():
    assert offered(tool(execution={"taskSupport": "required"})) is None
    assert offered(tool(execution={"taskSupport": "optional"})) is not None


@pytest.mark.parametrize("kind", [dict, list])
def test_a_schema_may_be_so_deep_and_no_deeper(kind: type):
    assert offered(tool(inputSchema=schema(SCHEMA_DEPTH_MAX, kind))) is not None
    assert offered(tool(inputSchema=schema(SCHEMA_DEPTH_MAX + 1, kind))) is None
    assert offered(tool(inputSchema=schema(900, kind))) is None


def test_a_schema_may_be_so_long_and_no_longer():
    room = SCHEMA_BYTES_MAX - len('{"type":"object","d":""}')
    assert offered(tool(inputSchema={"type": "object", "d": "x" * room})) is not None
    assert offered(tool(inputSchema={"type": "object", "d": "x" * (room + 1)})) is None
    assert offered(tool(inputSchema={"type": "object", "d": 10**40})) is None


def test_texts_are_cut():
    found = listing(
        [tool(description="y\0" * 9_000)],
        50,
        server_name="n\n" * 900,
        instructions="z" * 9_000,
    )
    assert len(found.tools[0].description) == DESCRIPTION_CHARS_MAX
    assert found.tools[0].description.endswith("y…")
    assert found.server_name == "n" * NAME_CHARS_MAX
    assert len(found.instructions) == DESCRIPTION_CHARS_MAX
