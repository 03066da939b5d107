"""Each server, over each transport: found, asked, and its answer kept."""

from chat_app.store.tool_servers import ToolServerRow
from chat_app.toolbox.specs import spec_of
from tests.real.desk import Json, Known

TIME = {"source_timezone": "Asia/Taipei", "time": "12:00", "target_timezone": "Asia/Tokyo"}
# Who, the names of its tools, one that only reads, how that is asked, what it says.
SAYS: dict[str, tuple[set[str], str, Json, str]] = {
    "time": ({"get_current_time", "convert_time"}, "convert_time", TIME, "T13:00:00+09:00"),
    "everything": (
        {"echo", "get-tiny-image", "get-structured-content", "trigger-elicitation-request"},
        "echo",
        {"message": "Grüße, 世界"},
        "Echo: Grüße, 世界",
    ),
    "modern": ({"add", "climb", "book", "learn"}, "add", {"a": 2, "b": 3}, "5"),
    "older": ({"add", "climb", "book", "learn"}, "add", {"a": 2, "b": 3}, "5"),
}
ERAS = {"time": "2026-07-28", "modern": "2026-07-28"}
BEFORE = "2025-11-25"


def about(known: Known) -> tuple[set[str], str, Json, str]:
    return SAYS[known.server["name"].split()[0]]


def test_its_tools_are_found_and_stored(anyone: Known):
    names, tool, args, _ = about(anyone)
    tools = anyone.tools()
    assert anyone.server["state"] == "connected"
    assert set(tools) >= names
    found = tools[tool]
    assert found["description"]
    assert found["annotations"]["readOnlyHint"] is True
    assert set(found["input_schema"]["properties"]) == set(args)


def test_a_call_is_made_and_its_result_is_kept(anyone: Known):
    _, tool, args, says = about(anyone)
    result = anyone.use(tool, **args)
    assert says in result["result"]
    assert result["is_error"] is False
    assert says in str(anyone.desk.fake.requests[-1].json["messages"][-1]["content"])


def test_the_protocol_is_the_newest_that_both_speak(anyone: Known):
    with anyone.desk.rt.db.reading() as session:
        spec = spec_of(session.get_one(ToolServerRow, anyone.server["id"]), anyone.desk.rt.cipher)
    listing = anyone.desk.rt.tool_client.list_tools(spec)
    assert listing.protocol_version == ERAS.get(anyone.server["name"].split()[0], BEFORE)
