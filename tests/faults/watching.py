"""A client that watches one run to its end through whatever happens, and what it saw."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import gevent

from tests.faults.wire import Door, Frame, Frames

BACKOFF_S = 0.05
BACKOFF_MAX_S = 0.5
PATIENCE_S = 40.0
TERMINAL = ("done", "error")


@dataclass
class Seen:
    """What a client has, kept as CONTRACT §3 says, and every breach of it in plain words."""

    frames: list[Frame] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    resets: int = 0
    restarts: int = 0
    connections: int = 0
    longest_silence_s: float = 0.0
    at: dict[int, float] = field(default_factory=dict)  # when each came, in `time.monotonic`
    _texts: dict[int, str] = field(default_factory=dict)
    _last: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        return "".join(self._texts.values())

    @property
    def cursor(self) -> str | None:
        return self.frames[-1].id if self.frames else None

    @property
    def end(self) -> dict[str, Any] | None:
        last = self.frames[-1].payload if self.frames else {}
        return last if last.get("type") in TERMINAL else None

    def take(self, frame: Frame) -> None:
        payload = frame.payload
        if self.end is not None:
            self.breaches.append(f"{frame.id} {payload['type']} after the end")
        if payload["type"] == "start" and payload.get("reset"):
            self.resets += 1
            self.frames, self._texts = [], {}
        if frame.seq != len(self.frames) + 1:
            self.breaches.append(f"{frame.seq} came after {len(self.frames)}")
        self.frames.append(frame)
        now = time.monotonic()
        self.longest_silence_s, self._last = max(self.longest_silence_s, now - self._last), now
        self.at[frame.seq] = now
        self._fold(frame.seq, payload)

    def _fold(self, seq: int, payload: dict[str, Any]) -> None:
        if payload["type"] == "chunk":
            self._texts[seq] = payload["content"]
        elif payload["type"] == "restart":
            self.restarts += 1
            kept = {at: text for at, text in self._texts.items() if at < payload["from_seq"]}
            self._texts = kept


@dataclass
class Watcher:
    """Reads, and comes back with its cursor when cut: 1 s → 30 s in a browser, shortened here."""

    doors: Sequence[Door]
    chance: random.Random
    seen: Seen = field(default_factory=Seen)
    is_cut: Callable[[], bool] = lambda: False
    is_refused: bool = False

    def watch(self, patience_s: float = PATIENCE_S) -> Seen:
        """What was seen, up to the end of the run, or a breach when that does not come."""
        with gevent.Timeout(patience_s, False):
            self._until_the_end()
        if self.seen.end is None and not self.seen.breaches:
            self.seen.breaches.append(f"no end within {patience_s:.0f} s")
        return self.seen

    def _until_the_end(self) -> None:
        pause_s = BACKOFF_S
        while self.seen.end is None and not self.is_refused:
            before = len(self.seen.frames)
            with suppress(OSError, ValueError):  # a cut, or half a chunk: come back
                self._read(self.chance.choice(self.doors))
            if len(self.seen.frames) > before:
                pause_s = 0.0
            if self.seen.end is None:
                gevent.sleep(min(pause_s, BACKOFF_MAX_S) * self.chance.uniform(0.5, 1.0))
                pause_s = max(BACKOFF_S, pause_s * 2)

    def _read(self, door: Door) -> None:
        self.seen.connections += 1
        frames = Frames()
        with door.open(self.seen.cursor) as body:
            for data in body:
                for frame in frames.feed(data):
                    if not frame.id:
                        return self._refused(frame)
                    self.seen.take(frame)
                if self.is_cut():
                    return None
        return None

    def _refused(self, frame: Frame) -> None:
        if not frame.payload["retryable"]:
            self.seen.breaches.append(f"refused: {frame.data.decode()}")
            self.is_refused = True
