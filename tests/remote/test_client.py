"""What AI servers are asked, and what is made of what they say."""

import logging
from typing import Any

import gevent
import orjson
import pytest

from chat_app.egress import Networks
from chat_app.errors import AIServerUnavailable
from chat_app.remote import wire
from chat_app.remote.answers import MAX_ID_CHARS, MAX_WHY_CHARS
from chat_app.remote.client import AiServers
from chat_app.remote.values import Address, Cut, Sent, Task
from tests.remote.ai_server import (
    TOKEN,
    AiServer,
    answer,
    chunk,
    hang_up,
    opened,
    reset,
    stall,
)
from tests.sockets import eventually

RUN = "POST /run"
TASK = "GET /tasks/t1"
TASKS = "GET /tasks"
STOP = "POST /tasks/t1/stop"
STREAM = "GET /tasks/t1/stream"


def test_a_task_is_asked_for_as_the_contract_says(server: AiServer, client: AiServers):
    server.says[RUN] = [answer({"task_id": "t1"}, "202 Accepted")]
    assert client.run(server.address(), "Tests grün bekommen", "thread-1") == "t1"
    (asked,) = server.asked
    assert orjson.loads(asked.body) == {
        "spec": "Tests grün bekommen",
        "thread_id": "thread-1",
        "verbose": True,
    }
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize("path", ["", "/", "/ai", "/ai/", "/a%20b", "/ai?x=1", "/ai#x"])
def test_an_address_may_have_a_path(server: AiServer, client: AiServers, path: str):
    bare = path.partition("?")[0].partition("#")[0].rstrip("/")
    server.says[f"GET {bare}/health"] = [answer({"status": "ok"})]
    assert client.health(server.address(url=f"{server.url}{path}")) == {"status": "ok"}


def test_without_a_token_none_is_sent(server: AiServer, client: AiServers):
    server.says["GET /health"] = [answer({})]
    client.health(server.address(token=None))
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("body", [b"", b"OK", b'"ok"', b"[]", b"\xff"])
def test_a_server_in_good_health_may_say_so_in_its_own_words(
    server: AiServer, client: AiServers, body: bytes
):
    server.says["GET /health"] = [answer(body)]
    assert client.health(server.address()) == {}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "RUNNING"),
        ("running", "RUNNING"),
        ("success", "DONE"),
        ("failed", "FAILED"),
        ("stopped", "STOPPED"),
        (" Success ", "DONE"),
    ],
)
def test_the_five_words_of_a_status_are_four_of_ours(
    server: AiServer, client: AiServers, word: str, status: Any
):
    server.says[TASK] = [answer({"task_id": "t1", "status": word})]
    assert client.task(server.address(), "t1") == Task("t1", status)


@pytest.mark.parametrize(
    ("said", "task"),
    [
        ({"id": "t1", "result": "It is done."}, Task("t1", "FAILED", "It is done.")),
        ({"id": 7, "result": {"a": [1]}}, Task("7", "FAILED", '{"a":[1]}')),
        ({"id": "t1", "error": " No.\0 ", "message": "x"}, Task("t1", "FAILED", why="No.\ufffd")),
        ({"id": "t1", "error": {}, "detail": "x"}, Task("t1", "FAILED", why="x")),
        ({"id": "t1", "error": "x" * 9999}, Task("t1", "FAILED", why="x" * MAX_WHY_CHARS)),
        (
            {"id": "t1", "thread_id": "th", "spec": "Do it.", "mood": 1},
            Task("t1", "FAILED", thread_id="th", spec="Do it."),
        ),
        ({"id": "t1", "thread_id": 5, "spec": []}, Task("t1", "FAILED")),
        ({}, Task("t1", "FAILED")),  # we know what we asked for
    ],
)
def test_a_task_is_read_for_what_it_says(
    server: AiServer, client: AiServers, said: dict[str, Any], task: Task
):
    server.says[TASK] = [answer({"status": "failed", **said})]
    assert client.task(server.address(), "t1") == task


@pytest.mark.parametrize("wrap", [list, lambda said: {"tasks": said}, lambda said: {"items": said}])
def test_tasks_are_a_list_or_have_one(server: AiServer, client: AiServers, wrap: Any):
    server.says[TASKS] = [answer(wrap([{"task_id": "t1", "status": "running"}]))]
    assert client.tasks(server.address()) == [Task("t1", "RUNNING")]


def test_a_task_that_nobody_knows_is_none(server: AiServer, client: AiServers):
    assert client.task(server.address(), "t1") is None


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "409 Conflict"])
def test_what_is_over_is_stopped(server: AiServer, client: AiServers, status: str):
    server.says[STOP] = [answer({}, status)]
    client.stop(server.address(), "t1")
    assert server.asked[0].line == STOP


def test_an_id_of_any_kind_is_one_part_of_the_path(server: AiServer, client: AiServers):
    assert client.task(server.address(), "a/../b?c#d é") is None
    assert server.asked[0].line == "GET /tasks/a%2F..%2Fb%3Fc%23d%20%C3%A9"


def test_a_connection_is_used_again(server: AiServer, client: AiServers):
    server.says["GET /health"] = [answer({})]
    server.says[TASK] = [answer({}, "404 Not Found")]
    for _ in range(3):
        client.health(server.address())
        client.task(server.address(), "t1")
    assert server.is_open == [True]
    client.close()
    eventually(lambda: server.is_open == [False])


def test_a_connection_that_the_server_let_go_is_made_anew(server: AiServer, client: AiServers):
    server.says["GET /health"] = [answer({}), hang_up]
    for count in (1, 2, 3):
        assert client.health(server.address()) == {}
        eventually(lambda count=count: server.is_open == [False] * count)


# --- what is not as it should be --------------------------------------------------------------


def refused(client: AiServers, address: Address) -> AIServerUnavailable:
    with pytest.raises(AIServerUnavailable) as wrong:
        client.task(address, "t1")
    assert wrong.value.__cause__ is None
    assert wrong.value.fields == {}
    return wrong.value


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([answer(b"<html>")], "something that is not JSON"),
        ([answer(b"[" * 5000)], "something that is not JSON"),
        ([answer([])], "JSON of another shape"),
        ([answer({"task_id": ".."})], "a task without an id"),
        ([answer({"task_id": True})], "a task without an id"),
        ([answer({"task_id": "x" * (MAX_ID_CHARS + 1)})], "an id that is too long"),
        ([answer({"id": "t1"})], "a status that is not known here: None."),
        ([answer({"id": "t1", "status": "on\nfire" + "!" * 99})], f"here: onfire{'!' * 33}."),
        ([answer({"id": "t1", "status": ["success"]})], "a status that is not known here"),
        ([answer(b" " * (4 * 1024 * 1024 + 1))], "more than an answer can be"),
        ([answer(b"\x1f\x8b", **{"Content-Encoding": "gzip"})], "something that is not JSON"),
        ([answer({}, "302 Found", Location="http://x/")], "redirects to another address"),
        ([answer({}, "401 Unauthorized")], "wants a token"),
        ([answer({}, "403 Forbidden")], "does not allow this token"),
        ([answer({}, "409 Conflict")], "answered with HTTP status 409."),
        ([answer({}, "500 Oops")], "answered with HTTP status 500."),
        ([answer({}, "503 Later")], "answered with HTTP status 503."),
        ([b"+OK POP3 ready\r\n", hang_up], "does not speak HTTP"),
        ([hang_up], "broke off the connection"),
        ([reset], "broke off the connection"),
        ([answer({"a": 1})[:-2], hang_up], "broke off the connection"),
        ([answer({"a": 1})[:-2], reset], "broke off the connection"),
        ([stall], "did not answer in time"),
        ([answer({"a": 1})[:-2], stall], "did not answer in time"),
    ],
)
def test_whatever_else_it_says_is_told_in_a_sentence(
    server: AiServer, client: AiServers, said: list[Any], sentence: str
):
    server.says[TASK] = said
    assert sentence in refused(client, server.address()).message


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\n", opened("application/json")])
def test_a_server_that_drips_has_no_more_time_than_others(
    server: AiServer, client: AiServers, begin: bytes
):
    def drip(connection: Any) -> None:
        piece = b"X-Drop: 1\r\n" if len(begin) < 20 else chunk(b" ")
        while True:
            gevent.sleep(0.05)
            connection.sendall(piece)

    server.says[TASK] = [begin, drip]
    with gevent.Timeout(30):
        assert "did not answer in time" in refused(client, server.address()).message
    eventually(lambda: server.is_open == [False])


@pytest.mark.parametrize("body", [[], {}, {"tasks": {}}, [[]], {"tasks": [{"task_id": "t1"}]}])
def test_a_list_that_cannot_be_read_is_not_half_read(
    server: AiServer, client: AiServers, body: Any
):
    """A run of ours may be the one that is left out, and would be started twice."""
    server.says[TASKS] = [answer(body)]
    if body == []:
        assert client.tasks(server.address()) == []
    else:
        with pytest.raises(AIServerUnavailable):
            client.tasks(server.address())


@pytest.mark.parametrize(
    ("said", "may_have_run"),
    [
        ([stall], True),
        ([hang_up], True),
        ([answer({})], True),
        ([answer(b"<html>")], True),
        ([answer({}, "500 Oops")], True),
        ([answer({}, "422 No")], False),
        ([answer({}, "401 Unauthorized")], False),
        ([answer({}, "404 Not Found")], False),
        ([answer({}, "307 Elsewhere")], False),
    ],
)
def test_a_run_that_failed_says_whether_it_may_have_begun(
    server: AiServer, client: AiServers, said: list[Any], may_have_run: bool
):
    server.says[RUN] = said
    with pytest.raises(AIServerUnavailable) as wrong:
        client.run(server.address(), "Do it.", "thread-1")
    assert wrong.value.fields == ({"may_have_run": True} if may_have_run else {})
    assert len(server.asked) == 1


def test_a_run_at_a_server_that_is_down_has_not_begun(server: AiServer, client: AiServers):
    server.server.stop()
    with pytest.raises(AIServerUnavailable, match="refused the connection") as wrong:
        client.run(server.address(), "Do it.", "thread-1")
    assert wrong.value.fields == {}


@pytest.mark.parametrize("token", ["a\nb", "sécret", "\x7f"])
def test_a_token_that_cannot_be_sent_is_told_and_not_shown(
    server: AiServer, client: AiServers, token: str
):
    assert (
        "characters that no token can have" in refused(client, server.address(token=token)).message
    )
    assert server.asked == []


def test_the_token_is_in_no_log_and_in_no_repr(
    server: AiServer, client: AiServers, caplog: pytest.LogCaptureFixture
):
    server.says[RUN] = [answer({}, "500 Oops")]
    server.says[STREAM] = [opened(), stall]
    caplog.set_level(logging.DEBUG)
    for chatty in ("httpx2", "httpcore2"):  # which an application keeps quiet
        caplog.set_level(logging.DEBUG, chatty)
    with pytest.raises(AIServerUnavailable):
        client.run(server.address(), "Do it.", "thread-1")
    with pytest.raises(Cut), client.stream(server.address(), "t1") as events:
        list(events)
    assert f"Bearer {TOKEN}" in str(server.asked)
    assert caplog.records
    assert TOKEN not in caplog.text + repr(server.address())


# --- greenlets -----------------------------------------------------------------------------------


def test_a_greenlet_killed_while_it_waits_leaves_no_connection(
    server: AiServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "MAX_CONNECTIONS", 1)
    client = AiServers(Networks())
    server.says[TASK] = [stall]
    server.says["GET /health"] = [answer({})]
    for waiting in range(3):
        greenlet = gevent.spawn(client.task, server.address(), "t1")
        eventually(lambda waiting=waiting: len(server.asked) == 2 * waiting + 1)
        greenlet.kill()
        assert client.health(server.address()) == {}
        eventually(lambda: server.is_open.count(True) == 1)
    client.close()


def test_with_all_connections_taken_another_one_fails_at_once(
    server: AiServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "MAX_CONNECTIONS", 1)
    client = AiServers(Networks())
    server.says[STREAM] = [opened(), chunk(b"data: a\n\n"), stall]
    with client.stream(server.address(), "t1") as events:
        reading = iter(events)
        assert next(reading) == Sent("message", "a")
        assert "Too many connections" in refused(client, server.address()).message
    assert client.task(server.address(), "t2") is None
    client.close()
