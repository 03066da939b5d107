"""A task's stream: opened, read, cut, and let go."""

from typing import Any

import gevent
import pytest

from chat_app.remote.client import MAX_LAST_ID_CHARS, AiServers
from chat_app.remote.values import Cut, Sent
from tests.remote.ai_server import (
    AiServer,
    answer,
    chunk,
    half_close,
    hang_up,
    opened,
    reset,
    stall,
)
from tests.remote.conftest import SILENCE_S
from tests.sockets import eventually

STREAM = "GET /tasks/t1/stream"
A = chunk(b"event: log\nid: 1\ndata: a\n\n")
SENT_A = Sent("log", "a", "1")
END = chunk(b"")


def read(server: AiServer, client: AiServers, *steps: Any) -> tuple[list[Sent], Cut | None]:
    """The events, and what cut them off."""
    server.says[STREAM] = list(steps)
    sents: list[Sent] = []
    try:
        with client.stream(server.address(), "t1") as events:
            for sent in events:
                sents.append(sent)
    except Cut as cut:
        return sents, cut
    return sents, None


def test_events_come_as_they_were_sent_and_end_where_the_server_ends(
    server: AiServer, client: AiServers
):
    split = [chunk(b"data: \xc3"), chunk(b"\xa9\r"), chunk(b"\n\r\n")]
    assert read(server, client, opened(), A, *split, END) == ([SENT_A, Sent("message", "é")], None)
    assert server.is_open == [True]  # and the connection is used again
    assert read(server, client, opened(), END) == ([], None)
    assert server.is_open == [True]
    assert server.asked[0].headers["accept"] == "text/event-stream"
    assert "last-event-id" not in server.asked[0].headers


def test_a_stream_that_ends_with_its_connection_is_read_too(server: AiServer, client: AiServers):
    head = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\n\r\n"
    assert read(server, client, head, b"data: a\n\n", hang_up) == ([Sent("message", "a")], None)
    sents, cut = read(server, client, head, b"data: a\n\ndata: b\n", hang_up)
    assert sents == [Sent("message", "a")]
    assert cut is not None
    assert "in the midst of an event" in cut.sentence


def test_whether_a_stream_shows_its_end_is_known(server: AiServer, client: AiServers):
    head = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n"
    for more, shows in ((b"\r\n", False), (b"Content-Length: 0\r\n\r\n", True)):
        server.says[STREAM] = [head + more, hang_up]
        with client.stream(server.address(), "t1") as events:
            assert events.shows_its_end is shows
    server.says[STREAM] = [opened(), END]
    with client.stream(server.address(), "t1") as events:
        assert events.shows_its_end


@pytest.mark.parametrize(
    ("last_id", "sent"),
    [
        ("7", "7"),
        ("é 日", "é 日"),
        ("", None),
        (None, None),
        ("a\x01b", None),
        (" 7", None),
        ("x" * (MAX_LAST_ID_CHARS + 1), None),
    ],
)
def test_an_id_that_can_be_sent_is_sent_as_utf_8(
    server: AiServer, client: AiServers, last_id: str | None, sent: str | None
):
    server.says[STREAM] = [opened(), END]
    with client.stream(server.address(), "t1", last_id) as events:
        assert list(events) == []
    assert server.asked[0].headers.get("last-event-id") == sent


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([hang_up], "broke off the connection"),
        ([reset], "broke off the connection"),
        ([half_close, stall], "broke off the connection"),
        ([half_close, reset], "broke off the connection"),
        ([b"ZZ\r\n"], "does not speak HTTP"),
        ([stall], "did not answer in time"),
    ],
)
def test_a_cut_gives_what_came_before_it_and_says_why(
    server: AiServer, client: AiServers, steps: list[Any], sentence: str
):
    for part in (b"", b"data: lost"):
        sents, cut = read(server, client, opened(), A, *([chunk(part)] if part else []), *steps)
        assert sents == [SENT_A]
        assert cut is not None
        assert sentence in cut.sentence
        assert not cut.is_gone
    eventually(lambda: True not in server.is_open)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([answer({}, "500 Oops")], "answered with HTTP status 500."),
        ([answer({}, "204 No Content")], "answered with HTTP status 204."),
        ([answer({}, "401 Unauthorized")], "wants a token"),
        ([answer({}, "302 Found", Location="/")], "redirects to another address"),
        ([answer({"task_id": "t1"})], "something else than a stream"),
        ([opened("text/html"), END], "something else than a stream"),
        ([opened(**{"Content-Encoding": "gzip"}), END], "packed"),
        ([stall], "did not answer in time"),
        ([opened()[:20], stall], "did not answer in time"),
        ([hang_up], "broke off the connection"),
    ],
)
def test_what_is_no_stream_is_cut_before_it_begins(
    server: AiServer, client: AiServers, said: list[Any], sentence: str
):
    sents, cut = read(server, client, *said)
    assert sents == []
    assert cut is not None
    assert sentence in cut.sentence
    assert (cut.is_gone, cut.__cause__) == (False, None)


def test_a_task_that_is_gone_says_so(server: AiServer, client: AiServers):
    sents, cut = read(server, client, answer({}, "404 Not Found"))
    assert sents == []
    assert cut is not None
    assert cut.is_gone


def test_a_server_that_is_down_is_a_cut(server: AiServer, client: AiServers):
    server.server.stop()
    _, cut = read(server, client)
    assert cut is not None
    assert "refused the connection" in cut.sentence


def test_a_ping_breaks_the_silence(server: AiServer, client: AiServers):
    def ping(connection: Any) -> None:
        gevent.sleep(SILENCE_S / 5)
        connection.sendall(chunk(b": ping\n\n"))

    assert read(server, client, opened(), *[ping] * 6, A, END) == ([SENT_A], None)


@pytest.mark.parametrize("close", ["stream", "client", "kill"])
def test_a_stream_is_let_go_from_elsewhere_at_once(server: AiServer, client: AiServers, close: str):
    server.says[STREAM] = [opened(), A, stall]
    heard: list[Sent] = []
    stream = client.stream(server.address(), "t1")

    def read() -> None:
        try:
            with stream as events:
                for sent in events:
                    heard.append(sent)
        except Cut as cut:
            heard.append(Sent("cut", cut.sentence))

    greenlet = gevent.spawn(read)
    eventually(lambda: heard == [SENT_A])
    {"stream": stream.close, "client": client.close, "kill": greenlet.kill}[close]()
    greenlet.join(30)
    assert greenlet.dead
    eventually(lambda: server.is_open == [False])
    cut = Sent("cut", "The AI server broke off the connection.")
    assert heard == ([SENT_A] if close == "kill" else [SENT_A, cut])


def test_a_reader_who_leaves_early_leaves_no_connection(server: AiServer, client: AiServers):
    server.says[STREAM] = [opened(), A, A, stall]
    with client.stream(server.address(), "t1") as events:
        for sent in events:
            assert sent == SENT_A
            break
    eventually(lambda: server.is_open == [False])


def test_a_stream_that_is_read_slowly_is_not_held_in_memory(server: AiServer, client: AiServers):
    """What is not read waits on the server's side of the connection."""
    sent = []

    def flood(connection: Any) -> None:
        piece = chunk(b"data: " + b"x" * 65_536 + b"\n\n")
        while True:
            connection.sendall(piece)
            sent.append(len(piece))

    server.says[STREAM] = [opened(), flood]
    with client.stream(server.address(), "t1") as events:
        next(iter(events))
        before = -1
        while before != len(sent):
            before = len(sent)
            gevent.sleep(0.1)
    assert sum(sent) < 16 * 1024 * 1024
    eventually(lambda: server.is_open == [False])
