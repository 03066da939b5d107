"""The example AI server in the tests' own process, with an agent that does what a test says."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from examples import ai_server as example

Log, Progress = Callable[[str], None], Callable[[dict[str, Any]], None]


@dataclass
class Agent:
    """Where it is, and what it does: `before` is logged, then it waits to be let go (or stopped),
    and logs `after`.
    """

    url: str
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def work(
        self,
        spec: str,
        thread: list[tuple[str, str]],
        log: Log,
        progress: Progress,
        stopped: threading.Event,
    ) -> str:
        for text in self.before:
            log(text)
        progress({"progress": 1, "total": 4, "message": "keel.py"})
        while not (self.go.wait(0.02) or stopped.is_set()):
            pass
        for text in [] if stopped.is_set() else self.after:
            log(text)
        return f"**Did** {spec}"


@contextmanager
def ai_server() -> Iterator[Agent]:
    server = example.AiServer(("127.0.0.1", 0), "", None)
    agent = Agent(f"http://127.0.0.1:{server.server_port}")
    known, example.work = example.work, agent.work  # as people who copy it do
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield agent
    agent.go.set()
    server.shutdown()
    server.server_close()
    example.work = known
