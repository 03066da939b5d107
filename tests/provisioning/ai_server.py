"""An AI server that answers GET /health, or does not: `ai_server.py PORT HOW`."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FLOOD = b"x" * 1_000 + b"\n"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = self.headers["Authorization"] == f"Bearer {os.environ['AI_SERVER_TOKEN']}"
        body = json.dumps({"pid": os.getpid()}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: object) -> None:
        """Nothing."""


def flood() -> None:
    while True:
        os.write(2, FLOOD)


def main(port: int, how: str) -> None:
    folder = Path(os.environ["AI_SERVER_DIR"])
    with (folder / "starts").open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    print(f"starting with {os.environ['AI_SERVER_TOKEN']}", file=sys.stderr, flush=True)
    if how == "exits":
        sys.exit("there is no model here")
    if how == "deaf":
        time.sleep(600)
    if how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "forks":
        sleep = subprocess.Popen(["sleep", "600"], start_new_session=True)
        (folder / "forked").write_text(str(sleep.pid))
    if how == "floods":
        threading.Thread(target=flood, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


main(int(sys.argv[1]), sys.argv[2])
