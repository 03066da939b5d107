"""A client that goes is noticed by its socket."""

import socket
from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from chat_app.streaming.hangup import Hangup
from tests.faults.wire import reset

PATIENCE_S = 30.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection: ours and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        with ours, client:
            yield ours, client


def test_a_fin_is_noticed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, client = pair
    line, gone = Hangup(ours), Event()
    with line.watched(gone.set):
        client.close()
        assert gone.wait(PATIENCE_S)
    assert line.is_gone


def test_an_rst_is_noticed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, client = pair
    line, gone = Hangup(ours), Event()
    with line.watched(gone.set):
        reset(client)
        assert gone.wait(PATIENCE_S)
    assert line.is_gone


def test_bytes_of_a_next_request_are_no_hangup_and_stay(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, client = pair
    line, gone = Hangup(ours), Event()
    with line.watched(gone.set):
        client.sendall(b"GET /")
        gevent.sleep(0.05)  # the hub has looked by then
    assert not gone.is_set()
    assert not line.is_gone
    assert ours.recv(10) == b"GET /"


def test_after_the_block_nobody_looks(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, client = pair
    line, gone = Hangup(ours), Event()
    with line.watched(gone.set):
        pass
    client.close()
    gevent.sleep(0.05)
    assert not gone.is_set()


def test_without_a_socket_nothing_is_watched() -> None:
    with Hangup(None).watched(pytest.fail):
        pass
