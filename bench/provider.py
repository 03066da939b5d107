"""A fake OpenAI-compatible provider that streams at a pace, in a process of its own.

`python -m bench.provider PORT`. The model's name says how it answers: `bench-100@20` in 100 chunks
at 20 a second, `bench-100@0` in 100 as fast as they are taken, one write each. `bench-100@20+4`
calls 4 tools when half of them are sent, and sends the rest once it has the results.
"""

import asyncio
import gc
import json
import re
import sys
import time
from typing import Any

from bench.marks import mark
from bench.values import DONE, tool_over

BACKLOG = 4_096
_MODEL = re.compile(r"bench-(\d+)@(\d+)(?:\+(\d+))?")
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
            results = [one["content"] for one in asked["messages"] if one["role"] == "tool"]
            await _answer(asked["model"], results, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the client has hung up
    finally:
        writer.close()


async def _answer(model: str, results: list[str], writer: asyncio.StreamWriter) -> None:
    match = _MODEL.fullmatch(model)
    if match is None:
        raise ValueError(f"not a model of the bench: {model}")
    chunks, rate, calls = int(match[1]), int(match[2]), int(match[3] or 0)
    first, last = 1, chunks
    if calls and not results:
        last = chunks // 2
    elif calls:
        first = chunks // 2 + 1
        if results != [DONE] * calls:
            raise ValueError(f"tools failed: {results}")
    writer.write(_HEAD + _chunk(model, {"role": "assistant", "content": ""}))
    await _stream(model, range(first, last + 1), rate, writer)
    usage = {"prompt_tokens": 10, "completion_tokens": chunks, "total_tokens": chunks + 10}
    if last < chunks:
        writer.write(_chunk(model, {"tool_calls": _calls(calls)}))
    reason = "stop" if last == chunks else "tool_calls"
    writer.write(_chunk(model, {}, finish_reason=reason))
    writer.write(_framed(_json(model, choices=[], usage=usage)))
    writer.write(_framed("[DONE]") + _END)
    await writer.drain()


async def _stream(model: str, seqs: range, rate: int, writer: asyncio.StreamWriter) -> None:
    before, after = _around_the_mark(model)
    began_s = time.monotonic()
    for number, seq in enumerate(seqs):
        # Unpaced streams take turns.
        due_s = began_s + number / rate if rate else 0.0
        if number:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        writer.write(before + mark(seq, time.monotonic_ns()) + after)
        await writer.drain()


def _calls(number: int) -> list[dict[str, Any]]:
    """Calls over each transport in turn."""
    tools = [tool_over(("stdio", "http")[index % 2]) for index in range(number)]
    return [
        {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": tool, "arguments": "{}"},
        }
        for index, tool in enumerate(tools)
    ]


def _around_the_mark(model: str) -> tuple[bytes, bytes]:
    """A content chunk cut where its mark goes. All are of one length, as all marks are."""
    blank = mark(0, 0)
    before, _, after = _chunk(model, {"content": blank.decode()}).partition(blank)
    return before, after


def _chunk(model: str, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
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
