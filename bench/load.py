"""Opens streams, times every content event in them, and notices loss, repeats and disorder.

A process of its own: `python -m bench.load` reads a `Load` and a `Door` as JSON, prints a `Result`.
"""

import asyncio
import gc
import json
import sys
import time
from contextlib import suppress
from dataclasses import asdict

from bench.machine import Usage
from bench.marks import Body, Marks, Tally
from bench.values import Door, Load, Result, Spread, Window

NS_IN_MS = 1e6


class Stream(asyncio.Protocol):
    """One request and its response."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._body = Body()
        self._marks = Marks()
        self._began_ns = time.monotonic_ns()
        self.tally = Tally()
        self.first_event_ms = self.first_token_ms = 0.0
        self.ended = asyncio.get_running_loop().create_future()
        self.last_words = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._run.door.request.encode())

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        piece = self._body.feed(data)
        if not self.first_event_ms and b"data:" in piece:
            self.first_event_ms = (now_ns - self._began_ns) / NS_IN_MS
        for seq, sent_ns in self._marks.feed(piece):
            if not self.first_token_ms:
                self.first_token_ms = (now_ns - self._began_ns) / NS_IN_MS
                self._run.one_flows()
            self.tally.see(seq)
            self._run.latency_ns.append(now_ns - sent_ns)
        self.last_words = piece or self.last_words
        if self._body.is_whole:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set_result(None)

    def complaint(self) -> str:
        """What is wrong with the whole of it, or nothing."""
        lost = self.tally.lost(self._run.load.chunks)
        if not (lost or self.tally.repeated or self.tally.disordered):
            return "" if self._body.is_whole else "all events came, but not the stream's end"
        said = self.last_words[-300:].decode(errors="replace").strip()
        return f"HTTP status {self._body.status or 'none'}, at the end: {said or 'nothing'}"


class Run:
    """One load while it lasts."""

    def __init__(self, load: Load, door: Door) -> None:
        self.load, self.door = load, door
        self.latency_ns: list[int] = []
        self._streams: list[Stream] = []
        self._to_flow = 1 if load.for_s else load.streams
        self._flow, self._end = asyncio.Event(), asyncio.Event()
        self._window = Window()

    def one_flows(self) -> None:
        self._to_flow -= 1
        if self._to_flow == 0:
            self._flow.set()

    async def result(self) -> Result:
        window = asyncio.create_task(self._count())
        slots = [asyncio.create_task(self._slot(number)) for number in range(self.load.streams)]
        done, late = await asyncio.wait(slots, timeout=self.load.limit_s)
        for task in late:
            task.cancel()
        self._end.set()
        if self._flow.is_set():
            await window
        return self._summed_up([repr(error) for slot in done if (error := slot.exception())])

    async def _slot(self, number: int) -> None:
        load, loop = self.load, asyncio.get_running_loop()
        end_s = loop.time() + load.for_s
        await asyncio.sleep(load.ramp_s * number / load.streams)
        rounds = 0
        while rounds < load.rounds or loop.time() < end_s:
            await self._stream(loop)
            rounds += 1

    async def _stream(self, loop: asyncio.AbstractEventLoop) -> None:
        stream = Stream(self)
        self._streams.append(stream)
        await loop.create_connection(lambda: stream, "127.0.0.1", self.door.port)
        await stream.ended

    async def _count(self) -> None:
        idle = Usage.of(self.door.watched)
        await self._flow.wait()
        open_at_once = sum(not stream.ended.done() for stream in self._streams)
        events, before = len(self.latency_ns), Usage.of(self.door.watched)
        began_s = time.monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), self.load.window_s)
        after, seconds = Usage.of(self.door.watched), time.monotonic() - began_s
        self._window = Window(
            open_at_once=open_at_once,
            events=len(self.latency_ns) - events,
            seconds=seconds,
            cpu_s=after.cpu_s - before.cpu_s,
            grown_kib=after.memory_kib - idle.memory_kib,
        )

    def _summed_up(self, complaints: list[str]) -> Result:
        streams = self._streams
        complaints += [said for stream in streams if (said := stream.complaint())]
        return Result(
            streams=len(streams),
            events=len(self.latency_ns),
            lost=sum(stream.tally.lost(self.load.chunks) for stream in streams),
            repeated=sum(stream.tally.repeated for stream in streams),
            disordered=sum(stream.tally.disordered for stream in streams),
            complaint=complaints[0] if complaints else "",
            first_event_ms=Spread.of(s.first_event_ms for s in streams if s.first_event_ms),
            first_token_ms=Spread.of(s.first_token_ms for s in streams if s.first_token_ms),
            latency_ms=Spread.of(ns / NS_IN_MS for ns in self.latency_ns),
            window=self._window,
        )


if __name__ == "__main__":
    gc.disable()
    given = json.load(sys.stdin)
    run = Run(Load(**given["load"]), Door(**given["door"]))
    print(json.dumps(asdict(asyncio.run(run.result()))))
