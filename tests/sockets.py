"""A WebSocket client for tests, and what it heard."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from simple_websocket import Client
from simple_websocket.errors import ConnectionClosed

from tests.servers import Server

# Of a machine that has much else to do; where all is well nobody waits for it.
PATIENCE_S = 60.0
# What a WSGI server makes of a client's handshake.
HANDSHAKE = {
    "REQUEST_METHOD": "GET",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "keep-alive, Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate",
}

Frame = dict[str, Any]


class Socket:
    """An open WebSocket. `heard` are all frames so far."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.heard: list[Frame] = []
        self._client = Client.connect(url, headers=headers)

    def say(self, frame: Any) -> None:
        """Send a frame: text and bytes as they are, all else as JSON."""
        self._client.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def hear(self, patience_s: float = PATIENCE_S) -> Frame:
        """The next frame. Fails when none comes; raises `ConnectionClosed`."""
        frame = self._client.receive(patience_s)
        assert frame is not None, f"nothing within {patience_s} s, after {self.heard}"
        self.heard.append(json.loads(frame))
        return self.heard[-1]

    def until(self, *kinds: str, **fields: Any) -> list[Frame]:
        """All frames up to the next one of such a type, and with these fields."""
        frames = [self.hear()]
        while frames[-1]["type"] not in kinds or not fields.items() <= frames[-1].items():
            frames.append(self.hear())
        return frames

    def silent_for(self, seconds: float) -> None:
        """Fails when a frame comes in that time."""
        frame = self._client.receive(seconds)
        assert frame is None, frame

    def closed(self, patience_s: float = PATIENCE_S) -> tuple[int, str]:
        """Code and reason, once the server closes; what comes before that is heard."""
        deadline = time.monotonic() + patience_s
        try:
            while time.monotonic() < deadline:
                self.hear(patience_s)
        except ConnectionClosed as closed:
            return int(closed.reason), closed.message or ""
        raise AssertionError("it is still open")

    def leave(self) -> None:
        """Close in good order."""
        self._client.close()

    def cut(self) -> None:
        """Close the connection without a word."""
        self._client.connected = False
        self._client.sock.close()


@contextmanager
def connected(
    server: Server, session_id: str, token: str | None, **headers: str
) -> Iterator[Socket]:
    """A socket to a session, closed at the end. Raises simple-websocket's `ConnectionError`."""
    url = f"{server.url.replace('http', 'ws')}/ws/chat/{session_id}"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    socket = Socket(url, headers)
    try:
        yield socket
    finally:
        socket.cut()


def payloads(frames: list[Frame], run_id: str | None = None) -> list[Frame]:
    """The events of a run, or of all, as an event stream has them."""
    return [
        {name: value for name, value in frame.items() if name != "id"}
        for frame in frames
        if "id" in frame and (run_id is None or frame["id"].startswith(run_id))
    ]


def text_of(frames: list[Frame]) -> str:
    return "".join(frame["content"] for frame in frames if frame["type"] == "chunk")


def eventually(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Waits until it holds; fails the test when it does not come to."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
