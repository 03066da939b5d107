"""A fake OpenAI-compatible provider that streams at a pace, in a process of its own.

`python -m bench.provider PORT`. The model's name says how it answers: `bench-100@20` in 100 chunks
at 20 a second, `bench-100@0` in 100 as fast as they are taken, one write each.
"""

import asyncio
import gc
import json
import re
import sys
import time

from bench.marks import mark

BACKLOG = 4_096
_MODEL = re.compile(r"bench-(\d+)@(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_END = b"0\r\n\r\n"


async def main(port: int) -> None:
    gc.disable()
    server = await asyncio.start_server(_serve, "127.0.0.1", port, backlog=BACKLOG)
    await server.serve_forever()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            asked = json.loads(await reader.readexactly(int(length[1]) if length else 0))
            await _answer(asked["model"], writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the client has hung up
    finally:
        writer.close()


async def _answer(model: str, writer: asyncio.StreamWriter) -> None:
    match = _MODEL.fullmatch(model)
    if match is None:
        raise ValueError(f"not a model of the bench: {model}")
    chunks, rate = int(match[1]), int(match[2])
    before, after = _around_the_mark(model)
    writer.write(_HEAD + _chunk(model, {"role": "assistant", "content": ""}))
    began_s = time.monotonic()
    for seq in range(1, chunks + 1):
        # Unpaced streams take turns.
        due_s = began_s + (seq - 1) / rate if rate else 0.0
        if seq > 1:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        writer.write(before + mark(seq, time.monotonic_ns()) + after)
        await writer.drain()
    usage = {"prompt_tokens": 10, "completion_tokens": chunks, "total_tokens": chunks + 10}
    writer.write(_chunk(model, {}, finish_reason="stop"))
    writer.write(_framed(_json(model, choices=[], usage=usage)))
    writer.write(_framed("[DONE]") + _END)
    await writer.drain()


def _around_the_mark(model: str) -> tuple[bytes, bytes]:
    """A content chunk cut where its mark goes. All are of one length, as all marks are."""
    blank = mark(0, 0)
    before, _, after = _chunk(model, {"content": blank.decode()}).partition(blank)
    return before, after


def _chunk(model: str, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _framed(_json(model, choices=[choice]))


def _json(model: str, **more: object) -> str:
    about = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_790_000_000}
    return json.dumps({**about, "model": model, **more}, separators=(",", ":"))


def _framed(data: str) -> bytes:
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
