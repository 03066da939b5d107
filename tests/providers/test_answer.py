import json
from typing import Any

import pytest

from chat_app.errors import ProviderBadResponse, ProviderUnavailable
from chat_app.providers import Finish, Part, Reasoning, Text, ToolCallPart, Usage
from chat_app.providers.answer import MAX_TOOL_CALLS, Answer, ErrorInAnswer

END = [Finish("stop", "m")]
NEVER_ENOUGH = 100_000


def parts(*chunks: Any) -> list[Part]:
    """The parts of these chunks, given as JSON values or as raw bytes, and of their end."""
    answer = Answer("m")
    lines = [chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode() for chunk in chunks]
    return [part for line in lines for part in answer.read(line)] + answer.end("stop")


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def finish(reason: str, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {}, "finish_reason": reason}], **fields}


def call(index: int | None = None, call_id: str | None = None, **function: Any) -> dict[str, Any]:
    fields = {"index": index, "id": call_id, "function": function}
    return {name: value for name, value in fields.items() if value is not None}


def test_text_reasoning_and_refusal_are_parts():
    assert parts(
        delta(role="assistant", content=""),
        delta(reasoning_content="hm"),
        delta(reasoning="mm"),
        delta(content="a"),
        delta(refusal="no"),
    ) == [Reasoning("hm"), Reasoning("mm"), Text("a"), Text("no"), *END]


@pytest.mark.parametrize(
    "chunk",
    [
        {},
        {"choices": []},
        {"choices": None, "usage": None, "error": None},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        delta(),
        delta(content=None, tool_calls=None, reasoning=None, refusal=None),
        delta(content="", tool_calls=[], reasoning_content=""),
        delta(tool_calls=[{"index": 0}]),
        {"x_new": [1], "choices": [{"delta": {"audio": {"x": 1}}, "logprobs": {"y": 2}}]},
    ],
)
def test_what_is_empty_or_unknown_gives_nothing(chunk: dict):
    assert parts(chunk) == END


def test_tool_calls_come_in_fragments_told_apart_by_index():
    assert parts(
        delta(tool_calls=[call(0, "a", name="f", arguments=""), call(1, "b", name="g")]),
        delta(tool_calls=[call(1, arguments='{"x"'), call(0, arguments="{}")]),
        finish("tool_calls"),
    ) == [
        ToolCallPart(0, "a", "f", ""),
        ToolCallPart(1, "b", "g", ""),
        ToolCallPart(1, None, None, '{"x"'),
        ToolCallPart(0, None, None, "{}"),
        Finish("tool_calls", "m"),
    ]


def test_without_an_index_every_id_starts_the_next_call():
    assert parts(
        delta(tool_calls=[call(None, "a", name="f")]),
        delta(tool_calls=[call(None, None, arguments="{}")]),
        delta(tool_calls=[call(None, "b", name="g")]),
    )[:3] == [
        ToolCallPart(0, "a", "f", ""),
        ToolCallPart(0, None, None, "{}"),
        ToolCallPart(1, "b", "g", ""),
    ]


@pytest.mark.parametrize(
    "chunks",
    [
        [finish("length"), {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}],
        [finish("length", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})],
        [
            {"choices": [], "usage": {"prompt_tokens": 9}},
            finish("length", usage={"prompt_tokens": 1, "completion_tokens": 2}),
            {"choices": [], "usage": None},
        ],
    ],
)
def test_usage_comes_once_wherever_it_was_and_is_the_last_seen(chunks: list):
    assert parts(*chunks) == [Usage(1, 2, 3), Finish("length", "m")]


def test_finish_names_the_model_that_the_provider_named():
    assert parts(finish("stop", model="m-2026")) == [Finish("stop", "m-2026")]


def test_an_end_without_a_reason_is_a_cut_unless_the_caller_knows_better():
    with pytest.raises(ProviderUnavailable):
        Answer("m").end(None)
    assert Answer("m").end("stop") == END


def test_a_character_in_two_halves_is_joined_over_chunks():
    assert parts(
        rb'{"choices":[{"delta":{"content":"a\ud83d"}}]}',
        rb'{"choices":[{"delta":{"content":"\ude00b"}}]}',
        rb'{"choices":[{"delta":{"content":"\ud83d\ude00"}}]}',
    ) == [Text("a"), Text("😀b"), Text("😀"), *END]


def test_each_strand_joins_its_own_halves():
    assert parts(
        rb'{"choices":[{"delta":{"content":"\ud83d","reasoning":"\ud83c"}}]}',
        rb'{"choices":[{"delta":{"content":"\ude00","reasoning":"\udf89"}}]}',
        rb'{"choices":[{"delta":{"tool_calls":[{"index":2,"function":{"arguments":"\ud83d"}}]}}]}',
        rb'{"choices":[{"delta":{"tool_calls":[{"index":2,"function":{"arguments":"\ude00"}}]}}]}',
    ) == [Reasoning("🎉"), Text("😀"), ToolCallPart(2, None, None, "😀"), *END]


def test_a_half_without_its_partner_becomes_a_replacement_character():
    half = rb'{"choices":[{"delta":{"content":"\ud83d"}}]}'
    assert parts(half, delta(content="a")) == [Text("\ufffda"), *END]
    assert parts(rb'{"choices":[{"delta":{"content":"\ude00"}}]}') == [Text("\ufffd"), *END]
    assert parts(half) == [Text("\ufffd"), *END]
    assert parts(
        rb'{"choices":[{"delta":{"reasoning":"\ud83d"}}]}',
        rb'{"choices":[{"delta":{"tool_calls":[{"index":2,"function":{"arguments":"\ud83d"}}]}}]}',
    ) == [Reasoning("\ufffd"), ToolCallPart(2, None, None, "\ufffd"), *END]


def test_every_text_can_be_stored_as_utf8_without_nul():
    found = parts(
        rb'{"model":"\ud83d\u0000x","choices":[{"finish_reason":"\ud83d","delta":{"content":"\u0000a",'
        rb'"tool_calls":[{"id":"\ud83di","function":{"name":"\u0000f","arguments":"\u0000"}}]}}]}'
    )
    assert found == [
        Text("a"),
        ToolCallPart(0, "\ufffdi", "f", ""),
        Finish("\ufffd", "\ufffdx"),
    ]


@pytest.mark.parametrize(
    "chunk",
    [
        [],
        "text",
        5,
        None,
        {"choices": {}},
        {"choices": {"0": {}}},
        {"choices": 0},
        {"choices": "x"},
        {"choices": [5]},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": []}]},
        {"choices": [{"finish_reason": 5}]},
        {"choices": [{"finish_reason": "stop"}], "model": 5},
        {"usage": 5},
        {"usage": [1]},
        {"usage": {"prompt_tokens": "5"}},
        {"usage": {"prompt_tokens": -1}},
        {"usage": {"prompt_tokens": True}},
        {"usage": {"prompt_tokens": 1e300}},
        delta(content=5),
        delta(content=0),
        delta(content=[]),
        delta(reasoning={"x": 1}),
        delta(refusal=True),
        delta(tool_calls={}),
        delta(tool_calls=[5]),
        delta(tool_calls=[{"index": "0"}]),
        delta(tool_calls=[{"index": True}]),
        delta(tool_calls=[{"index": -1}]),
        delta(tool_calls=[{"index": MAX_TOOL_CALLS}]),
        delta(tool_calls=[{"index": 0, "id": 5}]),
        delta(tool_calls=[{"index": 0, "function": "f"}]),
        delta(tool_calls=[{"index": 0, "function": {"name": 5}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": {"x": 1}}}]),
        b"",
        b"{",
        b'{"choices":[\\u',
        b"\xff\xfe",
        b'{"choices":[{"delta":{"content":"\xed\xa0\xbd"}}]}',
        b"[" * NEVER_ENOUGH,
        b'["\\ud83d",' + b"[" * NEVER_ENOUGH,
        b"1" * NEVER_ENOUGH,
    ],
)
def test_anything_of_the_wrong_kind_is_a_bad_response(chunk: Any):
    with pytest.raises(ProviderBadResponse):
        parts(chunk)


@pytest.mark.parametrize("error", [{"message": "no"}, "no", 5])
def test_an_error_in_a_chunk_is_raised_as_it_is(error: Any):
    with pytest.raises(ErrorInAnswer) as raised:
        parts({"error": error})
    assert raised.value.error == error
    with pytest.raises(ErrorInAnswer):
        parts({"object": "error", "message": "no"})


def test_a_whole_answer_gives_the_same_parts():
    message = {
        "role": "assistant",
        "reasoning_content": "hm",
        "content": "Hi",
        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
    }
    whole = {
        "object": "chat.completion",
        "model": "m-2026",
        "choices": [{"message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    assert Answer("m").read_whole(json.dumps(whole).encode()) == [
        Reasoning("hm"),
        Text("Hi"),
        ToolCallPart(0, "a", "f", "{}"),
        Usage(1, 2, 3),
        Finish("tool_calls", "m-2026"),
    ]


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"choices":[]}', b'{"choices":[5]}'])
def test_json_that_is_no_answer_is_a_bad_response(body: bytes):
    with pytest.raises(ProviderBadResponse):
        Answer("m").read_whole(body)
