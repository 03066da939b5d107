"""The demo model's listener: on loopback, in this process, from its first use on."""

import os

from chat_app.demo.listener import Listener
from chat_app.demo.model import MAX_BODY_BYTES, PACE_S, DemoModel


class DemoServer:
    """Serves the demo model on 127.0.0.1, at a port that the system chooses.

    Nothing is opened before the first `base_url`, and a forked process gets a listener of its own.
    """

    def __init__(self, pace_s: float = PACE_S) -> None:
        self._app = DemoModel(pace_s)
        # By process id. No lock: one that another thread holds during a fork is never released.
        self._listeners: dict[int, Listener] = {}

    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/v1`, listening. Raises `OSError` where no socket can be had."""
        listener = self._listeners.get(os.getpid()) or self._start()
        return f"http://127.0.0.1:{listener.port}/v1"

    def close(self) -> None:
        """Let go of the port and of all connections. A later `base_url` starts anew."""
        while self._listeners:
            _, listener = self._listeners.popitem()
            listener.close()

    def _start(self) -> Listener:
        started = Listener(self._app, MAX_BODY_BYTES)
        listener = self._listeners.setdefault(os.getpid(), started)
        if listener is not started:
            started.close()  # another thread was first
            return listener
        listener.start()
        for owner in set(self._listeners) - {os.getpid()}:
            self._listeners.pop(owner).close()
        return listener
