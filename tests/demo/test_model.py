import json
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from chat_app.demo import wire
from chat_app.demo.asked import MODEL
from chat_app.demo.model import MAX_BODY_BYTES, DemoModel

CODE = "invalid_value"
HELLO = [{"role": "user", "content": "Hello"}]
CLOCK, SUMS = (
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("current_time", "calculate")
)


@pytest.fixture
def client() -> Client:
    return Client(DemoModel(pace_s=0))


def complete(client: Client, **fields: Any) -> TestResponse:
    body = {"model": MODEL, "messages": HELLO} | fields
    return client.post("/v1/chat/completions", json=body)


def chunks(response: TestResponse) -> list[dict[str, Any]]:
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def content(response: TestResponse) -> str:
    found = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks(response)]
    return "".join(found)


def test_a_completion_has_openais_shape(client: Client) -> None:
    body = complete(client).get_json()
    assert body["id"].startswith("chatcmpl-")
    assert body["object"] == "chat.completion"
    assert body["model"] == MODEL
    (choice,) = body["choices"]
    assert choice["message"]["role"] == "assistant"
    assert "Holdfast" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_is_role_text_finish_reason_done(client: Client) -> None:
    response = complete(client, stream=True)
    assert response.content_type == "text/event-stream; charset=utf-8"
    first, *middle, last = [chunk["choices"][0] for chunk in chunks(response)]
    assert first["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert all(set(choice["delta"]) == {"content"} for choice in middle)
    assert {choice["finish_reason"] for choice in (first, *middle)} == {None}
    assert (last["delta"], last["finish_reason"]) == ({}, "stop")


def test_every_chunk_of_a_stream_names_the_same_completion(client: Client) -> None:
    envelopes = {
        (c["id"], c["object"], c["created"], c["model"], c["system_fingerprint"])
        for c in chunks(complete(client, stream=True))
    }
    assert len(envelopes) == 1


def test_streamed_or_not_the_text_is_the_same(client: Client) -> None:
    whole = complete(client).get_json()["choices"][0]["message"]["content"]
    assert content(complete(client, stream=True)) == whole


def test_usage_comes_last_with_no_choices_where_it_was_asked_for(client: Client) -> None:
    response = complete(client, stream=True, stream_options={"include_usage": True})
    *others, last = chunks(response)
    assert last["choices"] == []
    assert last["usage"] == complete(client).get_json()["usage"]
    assert all(chunk["usage"] is None for chunk in others)


def test_usage_is_not_mentioned_where_it_was_not_asked_for(client: Client) -> None:
    assert not any("usage" in chunk for chunk in chunks(complete(client, stream=True)))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_at_max_tokens_and_says_so(client: Client, name: str) -> None:
    body = complete(client, **{name: 3}).get_json()
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 3
    *_, last = chunks(complete(client, stream=True, **{name: 3}))
    assert last["choices"][0]["finish_reason"] == "length"


def test_a_tool_that_nobody_asks_for_is_not_called(client: Client) -> None:
    body = complete(client, tools=[CLOCK], tool_choice="auto", temperature=0.2).get_json()
    (choice,) = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) != (None, "tool_calls")
    assert "tool_calls" not in choice["message"]


def test_tool_calls_are_streamed_as_openai_streams_them(client: Client) -> None:
    response = complete(
        client,
        messages=[{"role": "user", "content": "What time is it in Taipei, and what is 3*7?"}],
        tools=[CLOCK, SUMS],
        stream=True,
        stream_options={"include_usage": True},
    )
    *deltas, end, usage = chunks(response)
    assert (end["choices"][0]["delta"], end["choices"][0]["finish_reason"]) == ({}, "tool_calls")
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] > len(wire.tokens("Let me see to that."))
    pieces = [delta["choices"][0]["delta"].get("tool_calls") for delta in deltas]
    first_call = next(n for n, piece in enumerate(pieces) if piece)
    text = [delta["choices"][0]["delta"]["content"] for delta in deltas[:first_call]]
    assert "".join(text) == "Let me see to that."
    calls = [piece for (piece,) in pieces[first_call:]]
    heads = [piece for piece in calls if "id" in piece]
    assert [(head["index"], head["type"], head["function"]) for head in heads] == [
        (0, "function", {"name": "current_time", "arguments": ""}),
        (1, "function", {"name": "calculate", "arguments": ""}),
    ]
    assert len({head["id"] for head in heads}) == 2
    assert all(head["id"].startswith("call_") for head in heads)
    fragments = [piece for piece in calls if "id" not in piece]
    assert {tuple(piece) for piece in fragments} == {("index", "function")}
    arguments = {
        n: "".join(piece["function"]["arguments"] for piece in fragments if piece["index"] == n)
        for n in (0, 1)
    }
    assert json.loads(arguments[0]) == {"timezone": "Asia/Taipei"}
    assert json.loads(arguments[1]) == {"expression": "3*7"}


def test_a_whole_answer_has_its_calls_in_the_message(client: Client) -> None:
    messages = [{"role": "user", "content": "3*7"}]
    body = complete(client, messages=messages, tools=[SUMS]).get_json()
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["function"] == {"name": "calculate", "arguments": '{"expression":"3*7"}'}
    again = [*messages, choice["message"], {"role": "tool", "tool_call_id": call["id"]}]
    again[-1]["content"] = "21"
    (choice,) = complete(client, messages=again, tools=[SUMS]).get_json()["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("`3*7` is **21**.", "stop")


def test_an_answer_that_is_cut_calls_nothing(client: Client) -> None:
    messages = [{"role": "user", "content": "3*7"}]
    body = complete(client, messages=messages, tools=[SUMS], max_tokens=1).get_json()
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "length"
    assert "tool_calls" not in choice["message"]


def test_content_may_be_parts_or_null(client: Client) -> None:
    messages = [
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "tool_call_id": "a", "content": "42"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:"}},
                {"type": "text", "text": "Who are you?"},
            ],
        },
    ]
    text = complete(client, messages=messages).get_json()["choices"][0]["message"]["content"]
    assert "not a language model" in text


@pytest.mark.parametrize(
    "text", ["", " a  b\n\nc ", "你好，世界 hi", "```py\n  x = 1\n```\n", "🙂🙂 a\u3000b"]
)
def test_tokens_joined_are_the_text_again(text: str) -> None:
    assert "".join(wire.tokens(text)) == text


def test_models_are_listed_and_found_by_name(client: Client) -> None:
    listed = client.get("/v1/models").get_json()
    assert [model["id"] for model in listed["data"]] == [MODEL]
    assert client.get(f"/v1/models/{MODEL}").get_json() == listed["data"][0]


@pytest.mark.parametrize(
    ("fields", "status", "code", "param"),
    [
        ({"model": "gpt-4"}, 404, "model_not_found", "model"),
        ({"model": None}, 400, None, "model"),
        ({"model": 4}, 400, None, "model"),
        ({"messages": None}, 400, None, "messages"),
        ({"messages": "Hello"}, 400, None, "messages"),
        ({"messages": []}, 400, CODE, "messages"),
        ({"messages": HELLO * 2_001}, 400, CODE, "messages"),
        ({"messages": ["Hello"]}, 400, CODE, "messages[0]"),
        ({"messages": [{"content": "Hello"}]}, 400, CODE, "messages[0].role"),
        ({"messages": [{"role": [], "content": ""}]}, 400, CODE, "messages[0].role"),
        ({"messages": [*HELLO, {"role": "user", "content": 1}]}, 400, CODE, "messages[1].content"),
        ({"stream": "yes"}, 400, CODE, "stream"),
        ({"stream_options": {}}, 400, CODE, "stream_options"),
        ({"stream": True, "stream_options": []}, 400, CODE, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, 400, CODE, "include_usage"),
        ({"max_tokens": 0}, 400, CODE, "max_tokens"),
        ({"max_tokens": True}, 400, CODE, "max_tokens"),
        ({"max_completion_tokens": "9"}, 400, CODE, "max_completion_tokens"),
        ({"tools": {}}, 400, CODE, "tools"),
        ({"tool_choice": 1}, 400, CODE, "tool_choice"),
        ({"parallel_tool_calls": 1}, 400, CODE, "parallel_tool_calls"),
    ],
)  # fmt: skip
def test_a_bad_field_is_refused_as_openai_refuses_it(
    client: Client, fields: dict[str, Any], status: int, code: str | None, param: str
) -> None:
    response = complete(client, **fields)
    error = response.get_json()["error"]
    assert response.status_code == status
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)
    assert error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":NaN}'])
def test_a_body_that_is_no_json_object_is_refused(client: Client, body: bytes) -> None:
    response = client.post("/v1/chat/completions", data=body)
    assert response.status_code == 400
    assert "JSON" in response.get_json()["error"]["message"]


def test_a_body_that_is_too_big_is_refused(client: Client) -> None:
    response = client.post("/v1/chat/completions", data=b" " * (MAX_BODY_BYTES + 1))
    assert response.status_code == 413
    assert response.get_json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_url"),
        ("POST", "/v1/completions", 404, "unknown_url"),
        ("POST", "/v1/chat/completions/", 404, "unknown_url"),
        ("GET", "/v1/chat/completions", 405, "method_not_supported"),
        ("DELETE", "/v1/models", 405, "method_not_supported"),
        ("GET", "/v1/models/gpt-4", 404, "model_not_found"),
    ],
)
def test_an_unknown_address_is_refused_in_the_same_shape(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.get_json()["error"]["code"] == code
