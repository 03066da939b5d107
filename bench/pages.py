"""What the page of a channel with 50 messages costs: once it is drawn anew, then again and again.

A part of `make bench`, and alone `python -m bench.pages`. Ends with 1 if a message was missing.
"""

import re
import signal
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import table
from bench.machine import Cores, Noise, Usage
from bench.server import ROOT, START_S, Server, free_port
from bench.targets import Holdfast
from bench.values import Spread

TURNS = 25  # a question and its answer each
MODEL = "bench-60@0"
VIEWS, QUICK_VIEWS = 200, 20
GOAL_MS = 30
_MESSAGE = re.compile(rb'<article class="message[^>]* id="m')


class WithPages(Holdfast):
    """Holdfast with a channel of 50 messages."""

    def talk(self) -> str:
        """The address of that channel's page. Its questions are Markdown that somebody wrote."""
        agent = self.call("GET", "/api/agents")["items"][-1]["id"]
        channel = self.call("POST", "/api/channels", {"title": "Long", "agent_id": agent})["id"]
        for said in _paragraphs()[:TURNS]:
            body = {"body": said, "reply": "wait"}
            self.call("POST", f"/api/channels/{channel}/messages", body)
        return f"/channels/{channel}"

    def views(self, page: str, number: int) -> tuple[list[float], int]:
        """What each view took in ms, and how many messages the last one showed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        headers, took_ms, html = {"Authorization": f"Bearer {self._token}"}, [], b""
        for _ in range(number):
            began_s = time.perf_counter()
            connection.request("GET", page, headers=headers)
            html = connection.getresponse().read()
            took_ms.append((time.perf_counter() - began_s) * 1000)
        connection.close()
        return took_ms, len(_MESSAGE.findall(html))


def _paragraphs() -> list[str]:
    """Texts of some length, no two alike."""
    found = (ROOT / "docs/api.md").read_text(encoding="utf-8").split("\n\n")
    return [text for text in found if len(text) > 200]


def measured(is_quick: bool = False) -> list[str]:
    """Measures, prints the table, and gives what failed."""
    with TemporaryDirectory(prefix="holdfast-bench-") as folder:
        cores, port = Cores.shared_out(), free_port()
        command = [sys.executable, "-m", "bench.provider", str(port)]
        (Path(folder) / "provider").mkdir()
        provider = Server(command, port, Path(folder) / "provider", cores.provider)
        target = WithPages(port, [MODEL], Path(folder), cores.target)
        try:
            target.start()
            return _measured(target, cores, QUICK_VIEWS if is_quick else VIEWS, is_quick)
        finally:
            target.stop()
            provider.stop()


def _measured(target: WithPages, cores: Cores, number: int, is_quick: bool) -> list[str]:
    page, noise = target.talk(), Noise(cores.all)
    target.views("/channels", 3)  # what every page has is warm
    (first_ms,), _ = target.views(page, 1)
    before = Usage.of(target.processes())
    again_ms, shown = target.views(page, number)
    cpu_s = Usage.of(target.processes()).cpu_s - before.cpu_s
    spread = Spread.of(again_ms)
    assert spread is not None
    print(f"pages: a channel's page with {2 * TURNS} messages, one worker")
    print(table.line("its first view, ms", first_ms))
    print(table.line("a view, median, ms", spread.p50, None if is_quick else GOAL_MS))
    print(table.line("a view, p99, ms", spread.p99))
    print(table.line("a view, CPU, ms", cpu_s / number * 1000))
    print(f"  Others used {noise.share():.0%} of the cores meanwhile.")
    return [] if shown == 2 * TURNS else [f"pages: {shown} messages were shown, not {2 * TURNS}"]


def main() -> int:
    complaints = measured()
    print("\n".join(complaints) or "All messages were shown.")
    return 1 if complaints else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    sys.exit(main())
