"""An AI server whose only task is a flood: `python -m bench.ai_server PORT`.

The spec is `{"mb_s": …, "seconds": …}`: lines of the log at that pace, or as fast as they are
taken. The result says how much was sent.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

LINE_BYTES = 100
PIECE_LINES = 1_000
_LENGTH = re.compile(r"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %b\r\n\r\n"


@dataclass
class Task:
    """The flood, once it is read: nobody remembers what was sent."""

    id: str
    spec: dict[str, float]
    sent: int = 0
    took_s: float = 0.0
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def shown(self) -> dict[str, Any]:
        status = "success" if self.is_over.is_set() else "running"
        told = {"events": self.sent, "bytes": self.sent * LINE_BYTES, "seconds": self.took_s}
        return {"task_id": self.id, "status": status, "result": json.dumps(told)}

    async def flood(self, writer: asyncio.StreamWriter) -> None:
        began_s, lines_s = time.monotonic(), self.spec["mb_s"] * 1e6 / LINE_BYTES
        seconds = 0 if self.is_over.is_set() else self.spec["seconds"]
        while (spent_s := time.monotonic() - began_s) < seconds:
            writer.write(PIECE)
            self.sent += PIECE_LINES
            await writer.drain()
            await asyncio.sleep(max(self.sent / lines_s - spent_s, 0))
        self.took_s = self.took_s or time.monotonic() - began_s
        self.is_over.set()
        writer.write(b"event: status\ndata: Task success\n\n")


def _line(number: int) -> bytes:
    head = b"event: log\ndata: 2026-11-20T12:00:00.000Z INFO %06d " % number
    return head + b"x" * (LINE_BYTES - len(head) - 2) + b"\n\n"


PIECE = b"".join(_line(number) for number in range(PIECE_LINES))


class AiServer:
    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        path = head.split()[1].strip("/").split("/")
        if path[-1] == "stream":
            writer.write(_HEAD % b"text/event-stream")
            await self._tasks[path[1]].flood(writer)
        else:
            answer = json.dumps(self._answer(path, body)).encode()
            writer.write(_HEAD % b"application/json" + answer)
        await writer.drain()
        writer.close()

    def _answer(self, path: list[str], body: bytes) -> Any:
        if path == ["run"]:
            task = Task(f"flood-{len(self._tasks)}", json.loads(json.loads(body)["spec"]))
            self._tasks[task.id] = task
            return task.shown()
        if len(path) == 2:
            return self._tasks[path[1]].shown()
        return {"status": "ok"} if path == ["health"] else []


async def main(port: int) -> None:
    server = await asyncio.start_server(AiServer().serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
