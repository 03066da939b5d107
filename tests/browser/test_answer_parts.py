"""static/js/answer_parts.js: what an answer consists of, from the events of its stream."""

import pytest

TAKE = """async ([module, events]) => {
  const { AnswerParts } = await import(module);
  const parts = new AnswerParts();
  const changed = events.map((event, index) => parts.take(event, index + 1));
  return { list: parts.list, notices: parts.notices, isThinking: parts.isThinking, changed };
}"""

START = {"type": "start"}
RESET = {"type": "start", "reset": True}
ONE, TWO = ({"type": "chunk", "content": word} for word in ("one ", "two"))
CALL = {"type": "tool_call", "call_id": "a", "tool": "clock", "server": "demo", "args": {}}
ASK = CALL | {"type": "tool_approval", "expires_at": "2026-11-21T00:00:00Z"}
RESULT = {
    "type": "tool_result",
    "call_id": "a",
    "tool": "clock",
    "server": "demo",
    "result": "noon",
    "is_error": False,
    "duration_ms": 40,
}
REFUSED = RESULT | {"is_error": True, "error_code": "tool_denied"}
PROGRESS = {"type": "tool_progress", "call_id": "a", "progress": 1, "total": 3, "message": "!"}
NOTICE = {"type": "notice", "message": "Slow.", "error_code": "tool_unavailable"}


@pytest.fixture
def take(page, module):
    return lambda *events: page.evaluate(TAKE, [module("answer_parts.js"), list(events)])


def shapes(taken):
    return [part.get("text") or part["call"]["state"] for part in taken["list"]]


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([START, ONE, TWO], ["one two"]),
        ([START, ONE, TWO, {"type": "restart", "from_seq": 3}, ONE], ["one one "]),
        ([START, ONE, RESET, TWO], ["two"]),
        ([START, {"type": "reasoning", "content": "hm"}, ONE, {"type": "usage"}], ["one "]),
        ([START, {"type": "chunk", "content": "\n\n"}, CALL, TWO], ["running", "two"]),
        ([START, ONE, CALL, TWO], ["one ", "running", "two"]),
        ([START, ONE, CALL, RESULT, TWO], ["one ", "done", "two"]),
        ([START, CALL, RESULT, TWO, {"type": "restart", "from_seq": 4}], ["done"]),
        ([START, ONE, ASK], ["one ", "waiting"]),
        ([START, ONE, ASK, CALL], ["one ", "running"]),
        ([START, ASK, CALL, REFUSED], ["refused"]),
        ([START, CALL, RESULT | {"is_error": True}], ["failed"]),
        ([START, CALL, ASK, PROGRESS], ["running"]),
    ],
)
def test_the_parts_are_what_the_events_say_in_their_order(take, events, text):
    assert shapes(take(*events)) == text


@pytest.mark.parametrize("again", [[], [RESET], [RESET, ONE, CALL, RESULT], [CALL], [RESULT]])
def test_a_call_that_is_told_again_is_there_once(take, again):
    taken = take(START, ONE, CALL, RESULT, *again, CALL, RESULT)
    assert [part["call"]["id"] for part in taken["list"] if "call" in part] == ["a"]


def test_calls_of_one_round_stand_side_by_side_and_each_gets_its_own_result(take):
    other = {"call_id": "b", "tool": "sum"}
    taken = take(START, CALL, CALL | other, RESULT | other | {"result": "4"}, RESULT)
    assert [part["call"]["result"] for part in taken["list"]] == ["noon", "4"]


def test_progress_is_kept_until_the_end(take):
    (part,) = take(START, CALL, PROGRESS)["list"]
    assert part["call"]["progress"] == {"progress": 1, "total": 3, "message": "!"}
    (part,) = take(START, CALL, PROGRESS, RESULT, PROGRESS)["list"]
    assert part["call"]["progress"] is None
    assert take(START, PROGRESS)["list"] == []


@pytest.mark.parametrize(
    ("events", "is_thinking"),
    [
        ([START], True),
        ([START, ONE], False),
        ([START, ONE, CALL], False),
        ([START, ONE, ASK], False),
        ([START, ONE, CALL, RESULT], True),
        ([START, CALL, RESULT, CALL | {"call_id": "b"}], False),
        ([START, CALL, RESULT, ONE], False),
    ],
)
def test_it_thinks_while_neither_a_text_nor_a_tool_is_at_work(take, events, is_thinking):
    assert take(*events)["isThinking"] is is_thinking


def test_a_notice_is_told_once(take):
    assert take(START, NOTICE, ONE, NOTICE)["notices"] == ["Slow."]
    assert take(START, NOTICE, RESET)["notices"] == []


def test_events_that_change_nothing_are_no_reason_to_draw(take):
    assert take(START, {"type": "usage"}, ONE, RESULT, PROGRESS)["changed"] == [
        False,
        False,
        True,
        True,
        False,
    ]


def html(after, block, content):
    return {"type": "html", "after": after, "block": block, "html": content}


def test_blocks_go_to_the_text_after_so_many_calls(take):
    taken = take(START, ONE, html(0, 0, "a"), CALL, ASK, RESULT, TWO, html(1, 0, "b"))
    assert [part.get("blocks") for part in taken["list"]] == [["a"], None, ["b"]]


@pytest.mark.parametrize(
    ("events", "blocks"),
    [
        ([], None),
        ([html(0, 0, "a"), html(0, 1, "b"), html(0, 1, "c")], ["a", "c"]),
        ([html(0, 0, "a"), html(0, 1, "b"), html(0, 1, "")], ["a"]),
        ([html(0, 0, "a"), html(0, 1, "b"), html(0, 0, ""), html(0, 1, "")], []),
        ([html(0, 0, "a"), RESET, ONE], None),
        ([html(0, 0, "a"), {"type": "restart", "from_seq": 3}], ["a"]),
    ],
)
def test_a_text_has_the_blocks_that_were_told_last(take, events, blocks):
    (part,) = take(START, ONE, *events)["list"]
    assert part.get("blocks") == blocks
