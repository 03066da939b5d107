"""A stdio server of the year 2025 without the SDK, well-behaved or not: `by_hand.py KIND`.

What it lives through is written to the file that LIVED names, a word a line.
"""

import json
import os
import signal
import sys
import time
from typing import Any

KIND = sys.argv[1]
waiting: dict[Any, Any] = {}  # questions of ours: the call that each belongs to


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def lived(word: str) -> None:
    if path := os.environ.get("LIVED"):
        with open(path, "a") as file:
            file.write(f"{word}\n")


def text(id: Any, said: str) -> None:
    say(id=id, result={"content": [{"type": "text", "text": said}]})


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, **more}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"not": schema}
    return {"type": "object", **schema}


NAMES = ("echo", "wait", "grow", "ask", "refuse", "big", "last", "slur", "die")
tools = [tool(name) for name in NAMES]
BOMBS = [
    tool("good"),
    tool("good", description="the second of that name"),
    tool("deep", inputSchema=nested(60)),
    tool("long", inputSchema={"type": "object", "description": "x" * 40_000}),
    tool("circle", inputSchema={"type": "object", "properties": {"a": {"$ref": "#"}}}),
    tool("x" * 200),
    tool("line\nbreak"),
    tool("task", execution={"taskSupport": "required"}),
    tool("wordy", description="y" * 10_000),
]


def listed(params: dict[str, Any]) -> dict[str, Any]:
    if KIND == "bombs":
        return {"tools": BOMBS}
    if KIND == "abyss":  # deeper than any reader goes
        return {"tools": [tool("abyss", inputSchema=nested(300))]}
    if KIND == "pages":
        page = int(params.get("cursor", 0))
        return {"tools": [tool(f"t{page}")], "nextCursor": str(page + 1)}
    if KIND == "circle":
        return {"tools": [tool("a")], "nextCursor": "same"}
    if KIND == "two-pages" and "cursor" not in params:
        return {"tools": [tool("a")], "nextCursor": "more"}
    return {"tools": [tool("b")] if KIND == "two-pages" else tools}


def call(id: Any, name: str, args: dict[str, Any]) -> None:
    match name:
        case "wait":
            lived("started")
        case "grow":
            tools.append(tool(args["name"]))
            say(method="notifications/tools/list_changed")
            text(id, "grown")
        case "ask":
            waiting[f"q{id}"] = id
            form = {"type": "object", "properties": {"sure": {"type": "boolean"}}}
            params = {"message": "Are you sure?", "requestedSchema": form}
            say(id=f"q{id}", method="elicitation/create", params=params)
        case "refuse":
            say(id=id, error={"code": -32602, "message": f"No. {os.environ.get('KEY')}"})
        case "big":
            text(id, "x" * args["size"])
        case "last":  # with the id at the end, as JavaScript's SDK writes it
            result = json.dumps({"content": [{"type": "text", "text": "x" * args["size"]}]})
            print(f'{{"result":{result},"jsonrpc":"2.0","id":{id}}}', flush=True)
        case "slur":  # half of a character, as JavaScript cuts them
            said = json.dumps({"content": [{"type": "text", "text": "\ud83d"}]})
            print(f'{{"jsonrpc":"2.0","id":{id},"result":{said}}}', flush=True)
        case "die":
            lived("dying")
            os._exit(1)
        case _:
            text(id, json.dumps(args))


def take(message: dict[str, Any]) -> None:
    id, params = message.get("id"), message.get("params", {})
    match message.get("method"):
        case "initialize":
            offers = {"tools": {"listChanged": True}}
            info = {"name": "By hand", "version": "1"}
            version = params["protocolVersion"]
            said = {"protocolVersion": version, "capabilities": offers, "serverInfo": info}
            say(id=id, result={**said, "instructions": "Take care."})
        case "tools/list":
            lived("listed")
            say(id=id, result=listed(params))
        case "tools/call":
            call(id, params["name"], params.get("arguments", {}))
        case "notifications/cancelled":
            lived("cancelled")
        case None:
            text(waiting.pop(id), json.dumps(message.get("result", "error")))
        case _ if KIND == "strict" and id is not None:
            sys.exit(4)  # as servers on Rust's SDK do before they were greeted
        case _ if id is not None and KIND != "deaf":
            say(id=id, error={"code": -32601, "message": "Method not found"})


def serve() -> None:
    for line in sys.stdin:
        take(json.loads(line))
    lived("closed")


def flood(file: Any, line: str) -> None:
    while True:
        file.write(line)


def main() -> None:
    lived(f"pid {os.getpid()}")
    match KIND:
        case "exits":
            print("I will not.", file=sys.stderr)
            sys.exit(3)
        case "stubborn":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            serve()
            time.sleep(600)
        case "garbage":
            flood(sys.stdout, "yes\n")
        case "no-lines":
            flood(sys.stdout, "yes" * 1000)
        case "banner":
            print("Welcome!\n\nWe are open.", flush=True)
            serve()
        case "noisy":
            if os.fork() == 0:
                flood(sys.stderr, "I feel a great disturbance\n")
            serve()
        case _:
            serve()


main()
