"""The application that gunicorn serves in these tests: production's, with a hook at named points.

FAULT_FILE names a file that says `<signal> <point> <n> <nonce>`: the process that passes the point
for the n-th time takes the file away and sends itself the signal. FAULT_LEASE is the clock of
leases, four numbers of seconds.
"""

import os
import signal
from pathlib import Path
from typing import Any

import psutil

from chat_app import create_app
from chat_app.runtime import Runtime
from chat_app.settings import Settings
from chat_app.streaming.drain import InFlight
from chat_app.streaming.lease import USUAL, Lease


class Fuse:
    """The hook. Without its file a passing costs one look at the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._order = ""
        self._passed = 0

    def __call__(self, point: str) -> None:
        try:
            order = self._path.read_text()
            kind, at, count, _ = order.split()
        except FileNotFoundError:
            return
        if at != point:
            return
        if order != self._order:
            self._order, self._passed = order, 0
        self._passed += 1
        if self._passed >= int(count):
            self._blow(signal.Signals[kind])

    def _blow(self, kind: signal.Signals) -> None:
        try:
            self._path.unlink()
        except FileNotFoundError:
            return  # another process was first
        os.kill(os.getpid(), kind)


def _lease() -> Lease:
    given = os.environ.get("FAULT_LEASE")
    return Lease(*map(float, given.split())) if given else USUAL


def _state() -> dict[str, Any]:
    """What this process holds: followers and writers of feeds, requests, runs, memory."""
    rt: Runtime = app.extensions["holdfast"]
    feeds = rt.feeds._feeds.values()
    return {
        "users": sum(feed.users for feed in feeds),
        "runs": len(rt.engine.running_ids),
        "requests": in_flight.count - 1,  # but for this one
        "rss_bytes": psutil.Process().memory_info().rss,
    }


app = create_app(Settings.from_env(), _lease(), Fuse(Path(os.environ["FAULT_FILE"])))
assert isinstance(app.wsgi_app, InFlight)
in_flight = app.wsgi_app
app.add_url_rule("/faults/state", "faults_state", _state)
