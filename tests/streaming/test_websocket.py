"""One client's WebSocket over a pair of real sockets: slow, silent and rude clients."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gevent
import pytest
from gevent.event import Event as Bell
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from chat_app.errors import InvalidRequest
from chat_app.streaming import websocket, ws
from chat_app.streaming.websocket import INBOX_MAX, Gone, WebSocket
from tests.sockets import HANDSHAKE


@dataclass
class Pair:
    """A WebSocket of ours, and the raw other end of it."""

    ours: WebSocket
    raw: socket.socket
    protocol: WSConnection

    def say(self, event: Event) -> None:
        self.raw.sendall(self.protocol.send(event))

    def hear(self, wanted: type[Event]) -> Any:
        """The next event of this kind."""
        while True:
            for event in self.protocol.events():
                if isinstance(event, wanted):
                    return event
            self.protocol.receive_data(self.raw.recv(65_536))


def pair(ping_every_s: float = 15.0, send_max_s: float = 30.0) -> Pair:
    server, client = socket.socketpair()
    client.settimeout(30)
    ours = WebSocket({**HANDSHAKE, "gunicorn.socket": server}, ping_every_s, send_max_s)
    protocol = WSConnection(ConnectionType.CLIENT)
    protocol.send(Request(host="localhost", target="/"))
    answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"deflate" not in answer
    # The key of the fixed handshake is not the one that wsproto made up: let it believe its own.
    return Pair(ours, client, _opened(protocol))


def _opened(protocol: WSConnection) -> WSConnection:
    server = WSConnection(ConnectionType.SERVER)
    fresh = WSConnection(ConnectionType.CLIENT)
    server.receive_data(fresh.send(Request(host="localhost", target="/")))
    next(server.events())
    fresh.receive_data(server.send(AcceptConnection()))
    next(fresh.events())
    return fresh


@pytest.fixture
def two() -> Iterator[Pair]:
    made = pair()
    yield made
    made.raw.close()


@pytest.mark.parametrize(
    "change",
    [
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_UPGRADE": ""},
        {"HTTP_SEC_WEBSOCKET_VERSION": "8"},
        {"HTTP_SEC_WEBSOCKET_KEY": "short"},
        {"HTTP_SEC_WEBSOCKET_KEY": "世"},
        {"gunicorn.socket": None},
    ],
    ids=str,
)
def test_what_cannot_become_a_websocket_is_refused(change: dict[str, Any]) -> None:
    asked = {name: value for name, value in {**HANDSHAKE, **change}.items() if value is not None}
    with pytest.raises(InvalidRequest):
        websocket.check(asked)


def test_a_message_comes_whole_however_it_is_cut(two: Pair) -> None:
    two.say(TextMessage("Hel", message_finished=False))
    two.say(TextMessage("lo"))
    two.ours.wait([], 30)
    assert two.ours.take() == "Hello"
    assert two.ours.take() is None


def test_waiting_ends_when_a_bell_rings(two: Pair) -> None:
    bell = Bell()
    gevent.spawn_later(0.01, bell.set)
    with gevent.Timeout(30):
        two.ours.wait([bell], 600)


def test_frames_larger_than_any_buffer_arrive_whole(two: Pair) -> None:
    sent = b"x" * 5_000_000
    sending = gevent.spawn(two.ours.send, ws.text(sent))
    message, heard = b"", None
    while heard is None or not heard.message_finished:
        heard = two.hear(Message)
        message += heard.data.encode()
    sending.get(timeout=30)
    assert message == sent


def test_who_reads_nothing_is_given_up() -> None:
    two = pair(send_max_s=0.1)
    with pytest.raises(Gone):
        two.ours.send(ws.text(b"x" * 5_000_000))
    assert not two.ours.is_open
    with pytest.raises(Gone):
        two.ours.send(ws.text(b"more"))


def test_who_talks_without_end_is_not_read_without_end(two: Pair) -> None:
    two.raw.settimeout(0.2)
    message = two.protocol.send(TextMessage("x" * 10_000))
    with pytest.raises(TimeoutError):
        two.raw.sendall(message * 1_000)
    waiting = 0
    while two.ours.take() is not None:
        waiting += 1
    assert waiting <= INBOX_MAX
    while two.ours.take() is None:
        two.ours.wait([], 30)


def test_a_ping_is_answered_and_pings_go_out() -> None:
    two = pair(ping_every_s=0.05)
    two.say(Ping(b"you?"))
    assert bytes(two.hear(Pong).payload) == b"you?"
    two.say(two.hear(Ping).response())
    two.hear(Ping)
    assert two.ours.is_open


def test_a_client_that_answers_no_ping_is_gone() -> None:
    two = pair(ping_every_s=0.05)
    assert two.hear(CloseConnection).code == 1008
    two.ours.wait([], 30)
    assert not two.ours.is_open


def test_a_frame_that_is_too_large_closes_with_1009(two: Pair) -> None:
    sending = gevent.spawn(two.say, TextMessage("x" * 900_000))
    assert two.hear(CloseConnection).code == 1009
    two.ours.wait([], 30)
    assert not two.ours.is_open
    sending.kill()


@pytest.mark.parametrize("rude", [b"\xff" * 100, b"\x81\x01x", b"\x83\x80abcd"], ids=repr)
def test_bytes_that_are_no_frames_close(two: Pair, rude: bytes) -> None:
    two.raw.sendall(rude)
    two.ours.wait([], 30)
    assert not two.ours.is_open


def test_closing_tells_why_and_leaving_reads_what_is_still_on_its_way(two: Pair) -> None:
    two.say(TextMessage("too late"))
    two.ours.close(1001, "Goodbye")
    leaving = gevent.spawn(two.ours.leave)
    closed = two.hear(CloseConnection)
    assert (closed.code, closed.reason) == (1001, "Goodbye")
    two.raw.close()
    leaving.get(timeout=30)


def test_leaving_waits_no_longer_than_a_second_for_the_client(two: Pair) -> None:
    with gevent.Timeout(10):
        two.ours.leave()


def test_a_client_that_hangs_up_is_noticed_at_once(two: Pair) -> None:
    two.raw.close()
    two.ours.wait([], 30)
    assert not two.ours.is_open
    with pytest.raises(Gone):
        two.ours.send(ws.text(b"anybody?"))
