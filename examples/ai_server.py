"""A small AI server to copy: Holdfast starts tasks here, follows their logs, shows their results.

    AI_SERVER_TOKEN=a-long-secret python examples/ai_server.py --port 9000 --state ./state

It needs nothing but Python 3.11. Put your agent into `work`; all else is the protocol, which
docs/api.md explains under “The AI server's side”.
"""

import argparse
import hmac
import json
import os
import re
import sys
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# --- the agent: replace this part ---------------------------------------------------------------

LIBRARY = Path(os.__file__).parent
PAUSE_S, PAUSES_MAX_S = 0.1, 5.0


def work(
    spec: str,
    thread: list[tuple[str, str]],
    log: Callable[[str], None],
    progress: Callable[[dict[str, Any]], None],
    stopped: threading.Event,
) -> str:
    """Do what `spec` asks for; gives the result, or raises what makes the task fail.

    `thread` has spec and result of what was done before in the same thread, oldest first. It is
    called in a thread of its own, and ends soon after `stopped` is set: what it gives then is kept.

    This one counts the lines of packages of the Python library: those that the spec names, or all.
    """
    if "fail" in spec.split():
        raise RuntimeError("The spec told me to fail.")
    known = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    names = sorted(known & set(re.findall(r"\w+", spec)) or known)
    files = [path for name in names for path in sorted((LIBRARY / name).rglob("*.py"))]
    log(f"INFO {len(files):,} files to read; tasks in this thread so far: {len(thread)}")
    done = lines = 0
    for done, path in enumerate(files, 1):
        lines += (count := path.read_bytes().count(b"\n"))
        log(f"{'INFO' if count else 'WARNING'} {path.relative_to(LIBRARY)}: {count:,} lines")
        progress({"progress": done, "total": len(files), "message": path.name})
        if stopped.wait(min(PAUSE_S, PAUSES_MAX_S / len(files))):  # as if it had to think
            break
    return f"{lines:,} lines in {done:,} of {len(files):,} files of {', '.join(names)}"


# --- the protocol: it can stay as it is ---------------------------------------------------------

LIVE_MAX, TASKS_MAX = 20, 200  # at once, and known: the oldest that are over are forgotten
EVENTS_MAX = 5_000  # of a task, in memory; the oldest are forgotten
TEXT_MAX_CHARS = 20_000
BODY_MAX_BYTES = 1_000_000
PING_S = 15.0
OVER = {"success": "Task success", "failed": "Task failed: ", "stopped": "Task stopped"}


@dataclass
class Task:
    """What is told of a task and kept; and its events, which are in memory only."""

    task_id: str
    thread_id: str
    spec: str
    verbose: bool
    created_at: str
    status: str = "running"
    result: str | None = None
    error: str | None = None
    finished_at: str | None = None

    def __post_init__(self) -> None:
        self.stopped = threading.Event()
        self._changed = threading.Condition()
        self._events: list[bytes] = []
        self._count = 0  # of all events so far, which is the id of the last one
        self._is_told = False

    def log(self, text: str) -> None:
        if self.verbose:
            self._tell("log", f"{now()} {text[:TEXT_MAX_CHARS]}")

    def progress(self, state: dict[str, Any]) -> None:
        self._tell("progress", json.dumps(state))

    def tell_end(self) -> None:
        self._tell("status", OVER[self.status] + (self.error or ""))

    def after(self, seen: int) -> tuple[bytes, int, bool]:
        """Waits for events after the first `seen`: they, the number of the last, is that all?

        Nothing after PING_S in which nothing happened; all to who has seen more than there is.
        """
        with self._changed:
            seen = seen if seen <= self._count else 0
            self._changed.wait_for(lambda: self._count > seen or self._is_told, PING_S)
            forgotten = self._count - len(self._events)
            fresh = self._events[max(0, seen - forgotten) :]
            return b"".join(fresh), self._count, self._is_told

    def _tell(self, event: str, data: str) -> None:
        lines = "".join(f"data: {line}\n" for line in re.split("\r\n|\r|\n", data))
        with self._changed:
            self._count += 1
            self._events.append(
                f"id: {self._count}\nevent: {event}\n{lines}\n".encode(errors="replace")
            )
            del self._events[:-EVENTS_MAX]
            self._is_told = event == "status"
            self._changed.notify_all()


class AiServer(ThreadingHTTPServer):
    """The door and all tasks behind it. `state` is the folder that keeps them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], token: str, state: Path | None) -> None:
        super().__init__(address, Door)
        self.token = token
        self.tasks: dict[str, Task] = {}
        self._file = state / "tasks.json" if state else None
        self._lock = threading.Lock()
        kept = json.loads(self._file.read_text()) if self._file and self._file.exists() else []
        for task in [Task(**fields) for fields in kept]:
            self.tasks[task.task_id] = task
            if task.status not in OVER:
                task.status, task.finished_at = "failed", now()
                task.error = "The AI server was started anew while this ran."
            task.tell_end()

    def begin(self, spec: str, thread_id: str, verbose: bool) -> Task | None:
        """A task that runs in the background; None where too many do already."""
        with self._lock:
            over = [task for task in self.tasks.values() if task.status in OVER]
            if len(self.tasks) - len(over) >= LIVE_MAX:
                return None
            if len(self.tasks) >= TASKS_MAX:
                del self.tasks[over[0].task_id]
            before = [task for task in over if task.thread_id == thread_id]
            thread = [(task.spec, task.result) for task in before if task.result is not None]
            task = Task(str(uuid.uuid4()), thread_id, spec, verbose, now())
            self.tasks[task.task_id] = task
        self._keep()
        threading.Thread(target=self._perform, args=[task, thread], daemon=True).start()
        return task

    def _perform(self, task: Task, thread: list[tuple[str, str]]) -> None:
        try:
            task.result = work(task.spec, thread, task.log, task.progress, task.stopped)
            status = "stopped" if task.stopped.is_set() else "success"
        except (Exception, SystemExit) as error:  # what goes wrong in an agent is its task's
            task.error, status = str(error)[:TEXT_MAX_CHARS] or type(error).__name__, "failed"
        task.finished_at, task.status = now(), status
        self._keep()  # before anybody is told
        task.tell_end()

    def _keep(self) -> None:
        if self._file is None:
            return
        with self._lock:
            try:
                draft = self._file.with_suffix(".draft")
                draft.write_text(json.dumps([asdict(task) for task in self.tasks.values()]))
                draft.replace(self._file)
            except OSError as error:  # a full disk, say: the work goes on
                print(f"The tasks cannot be kept: {error}", file=sys.stderr)


class Door(BaseHTTPRequestHandler):
    """One connection of Holdfast's."""

    server: AiServer
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds in which the other side neither speaks nor reads

    def handle(self) -> None:
        with suppress(ConnectionError):  # whoever asked has gone
            super().handle()

    def do_GET(self) -> None:
        if not re.fullmatch("[0-9]{1,6}", length := self.headers.get("Content-Length", "0")):
            self.close_connection = True
            return self._answer(413, error="The request is too long.")
        body, key = self.rfile.read(int(length)), f"Bearer {self.server.token}"
        given, tasks = self.headers.get("Authorization", ""), self.server.tasks
        if self.server.token and not hmac.compare_digest(given.encode(), key.encode()):
            return self._answer(401, error="The token is wrong, or there is none.")
        match [self.command, *self.path.partition("?")[0].strip("/").split("/")]:
            case ["GET", "health"]:
                return self._answer(200, status="ok")
            case ["POST", "run"]:
                return self._run(body)
            case ["GET", "tasks"]:
                return self._answer(200, tasks=[asdict(task) for task in [*tasks.values()]])
            case ["GET", "tasks", task_id] if task_id in tasks:
                return self._answer(200, **asdict(tasks[task_id]))
            case ["GET", "tasks", task_id, "stream"] if task_id in tasks:
                return self._stream(tasks[task_id])
            case ["POST", "tasks", task_id, "stop"] if task_id in tasks:
                tasks[task_id].stopped.set()
                return self._answer(200, **asdict(tasks[task_id]))
        return self._answer(404, error="There is nothing here.")

    do_POST = do_GET

    def _run(self, body: bytes) -> None:
        # Any page that is open in a browser here can send text, but not JSON that says it is.
        if self.headers.get_content_type() != "application/json":
            return self._answer(415, error="The body has to be application/json.")
        try:
            asked = json.loads(body)
            spec, thread_id = str(asked["spec"]), str(asked["thread_id"])
        except (ValueError, KeyError, TypeError):
            return self._answer(400, error="The body has to be {spec, thread_id, verbose}.")
        task = self.server.begin(spec, thread_id, bool(asked.get("verbose", True)))
        if task is None:
            return self._answer(503, error="Too much to do.")
        return self._answer(200, **asdict(task))

    def _stream(self, task: Task) -> None:
        self._head(200, "text/event-stream; charset=utf-8", "Transfer-Encoding", "chunked")
        last_id = self.headers.get("Last-Event-ID", "")
        seen, is_all = int(last_id) if re.fullmatch("[0-9]{1,15}", last_id) else 0, False
        while not is_all:
            events, seen, is_all = task.after(seen)
            data = events or b": ping\n\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")  # so that a reader can tell the end from a cut

    def _answer(self, code: int, /, **body: Any) -> None:
        data = json.dumps(body).encode()
        self._head(code, "application/json", "Content-Length", str(len(data)))
        self.wfile.write(data)

    def _head(self, code: int, kind: str, *length: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-cache")
        self.send_header(*length)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: Holdfast asks for this server's health again and again."""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main() -> None:
    parser = argparse.ArgumentParser(description="An AI server for Holdfast.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--state", type=Path, help="a folder: tasks are known after a restart")
    asked, token = parser.parse_args(), os.environ.get("AI_SERVER_TOKEN", "")
    if not token and asked.host not in ("127.0.0.1", "localhost"):
        parser.error(f"others reach {asked.host}: set AI_SERVER_TOKEN")
    if asked.state:
        asked.state.mkdir(parents=True, exist_ok=True)
    server = AiServer((asked.host, asked.port), token, asked.state)
    print(f"AI server on http://{asked.host}:{server.server_port}", flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
