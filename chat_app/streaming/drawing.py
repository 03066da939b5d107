"""An answer as HTML while it is written: made once a run, for all here who watch it so. Pure.

Nothing of it is journalled: whoever comes later gets the blocks as they are then.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from chat_app.growing import Growing
from chat_app.store.run_events import StoredEvent
from chat_app.streaming import sse
from chat_app.streaming.rounds import Story

EVERY_S = 0.2
# What costs more is drawn less often: a part of the processor, and of each viewer's line.
SHARE_MAX = 0.05
BYTES_A_SECOND = 200_000

# A block's place: how many tool calls stand before its text, and its number in that text.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Drawn:
    html: str
    version: int
    frame: bytes


class Drawing:
    """The blocks of one run's answer. `position` is the number of the last event drawn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._story = Story()
        self._growing: dict[int, Growing] = {}
        self._texts: dict[int, str] = {}
        self._drawn: dict[Place, _Drawn] = {}
        self._due = 0.0
        self.position = 0
        self.version = 0

    def waits_s(self, events: Sequence[StoredEvent]) -> float | None:
        """In how many seconds these are to be drawn, the run's last; None where all are."""
        if not events or events[-1].seq <= self.position:
            return None
        return max(self._due - self._clock(), 0.0)

    def draw(self, events: Sequence[StoredEvent]) -> None:
        """Bring the blocks up to these events; those that are drawn already are skipped."""
        for event in events:
            if event.seq > self.position:
                self._story.read(event)
                self.position = event.seq
        began, cost = self._clock(), time.thread_time()
        told = self._draw_texts()
        spent = time.thread_time() - cost
        if told:
            self._due = began + max(EVERY_S, spent / SHARE_MAX, told / BYTES_A_SECOND)

    def read(self, version: int) -> tuple[bytes, int]:
        """The frames of all blocks that changed after `version`, and the version now.

        Version 0 has seen nothing.
        """
        if version == self.version:
            return b"", version
        frames = [
            drawn.frame
            for drawn in self._drawn.values()
            if drawn.version > version and (drawn.html or version)
        ]
        return b"".join(frames), self.version

    def _draw_texts(self) -> int:
        """Draw what has changed; gives the bytes that tell of it."""
        texts, told = self._story.texts, 0
        for after in sorted(texts.keys() | self._texts.keys()):
            text = texts.get(after, "")
            if text != self._texts.get(after, ""):
                growing = self._growing.setdefault(after, Growing())
                told += self._show(after, growing.blocks(text))
        self._texts = texts
        return told

    def _show(self, after: int, blocks: Sequence[str]) -> int:
        """Tell of the blocks that changed, and of those that are gone."""
        gone = sum(1 for place in self._drawn if place[0] == after) - len(blocks)
        changed = [
            (block, html)
            for block, html in enumerate([*blocks, *[""] * gone])
            if (drawn := self._drawn.get((after, block))) is None or drawn.html != html
        ]
        self.version += bool(changed)
        for block, html in changed:
            payload = {"type": "html", "after": after, "block": block, "html": html}
            frame = sse.frame(orjson.dumps(payload).decode())
            self._drawn[after, block] = _Drawn(html, self.version, frame)
        return sum(len(self._drawn[after, block].frame) for block, _ in changed)
