"""Calls of 2026-07-28 that take more than one round, with a server that follows a script."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chat_app.errors import ToolFailed
from chat_app.tools.client import ToolClient
from tests.tools.serving import at, web_app
from tests.tools.test_client import LONG_S, text_of

DISCOVERED = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "ttlMs": 0,
    "cacheScope": "private",
}
PROPERTIES = {"q": {"type": "string", "x-mcp-header": "Q"}}
LISTED = {
    "resultType": "complete",
    "tools": [{"name": "a", "inputSchema": {"type": "object", "properties": PROPERTIES}}],
    "ttlMs": 0,
    "cacheScope": "private",
}
DONE = {"resultType": "complete", "content": [{"type": "text", "text": "done"}]}
Answer = Callable[[int, dict[str, Any], dict[str, Any]], dict[str, Any]]


@contextmanager
def scripted(on_call: Answer) -> Iterator[str]:
    """A server whose `on_call(number, params, environ)` gives `result` or `error` of a call."""
    calls: list[Any] = []

    def answer(asked: Any, environ: Any) -> dict[str, Any]:
        match asked["method"]:
            case "server/discover":
                return {"result": DISCOVERED}
            case "tools/list":
                return {"result": LISTED}
        calls.append(asked)
        return on_call(len(calls), asked["params"], environ)

    def app(environ: Any, start: Any) -> list[bytes]:
        asked = json.load(environ["wsgi.input"])
        start("200 OK", [("Content-Type", "application/json")])
        return [
            json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer(asked, environ)}).encode()
        ]

    with web_app(app) as url:
        yield url


def test_a_server_that_only_wants_to_be_asked_again_is_asked_again(client: ToolClient):
    states: list[Any] = []

    def on_call(number: int, params: Any, _: Any) -> dict[str, Any]:
        states.append(params.get("requestState"))
        later = {"resultType": "input_required", "requestState": f"state {number}"}
        return {"result": DONE if number == 3 else later}

    with scripted(on_call) as url:
        assert text_of(client.call(at(url), "a", {}, LONG_S)) == "done"
    assert states == [None, "state 1", "state 2"]


def test_a_server_that_wants_that_without_an_end_fails(client: ToolClient):
    def on_call(*_: Any) -> dict[str, Any]:
        return {"result": {"resultType": "input_required", "requestState": "again"}}

    with scripted(on_call) as url, pytest.raises(ToolFailed, match="without an end"):
        client.call(at(url), "a", {}, LONG_S)


def test_arguments_that_a_list_says_belong_into_headers_are_sent_there_after_a_mismatch(
    client: ToolClient,
):
    def on_call(number: int, params: Any, environ: Any) -> dict[str, Any]:
        if number == 1:
            return {"error": {"code": -32020, "message": "Header mismatch"}}
        assert environ["HTTP_MCP_PARAM_Q"] == "x"
        return {"result": DONE}

    with scripted(on_call) as url:
        assert text_of(client.call(at(url), "a", {"q": "x"}, LONG_S)) == "done"


def test_a_mismatch_that_stays_is_a_refusal(client: ToolClient):
    def on_call(*_: Any) -> dict[str, Any]:
        return {"error": {"code": -32020, "message": "Header mismatch"}}

    with scripted(on_call) as url, pytest.raises(ToolFailed, match="Header mismatch"):
        client.call(at(url), "a", {"q": "x"}, LONG_S)


def test_a_result_that_breaks_the_servers_own_promise_is_taken(client: ToolClient):
    """The schema of a result is not checked: a costly pattern in it would stop all sessions."""

    def on_call(*_: Any) -> dict[str, Any]:
        return {"result": {**DONE, "structuredContent": {"n": "no number"}}}

    with scripted(on_call) as url:
        assert text_of(client.call(at(url), "a", {}, LONG_S)) == "done"
