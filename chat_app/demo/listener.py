"""HTTP/1.1 on loopback for a WSGI application: streams, kept connections, a thread for each."""

import _thread
import os
import socket
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, cast
from urllib.parse import unquote
from wsgiref.types import WSGIApplication, WSGIEnvironment

from werkzeug import Response

IDLE_S = 75
MAX_CONNECTIONS = 4_000
BACKLOG = 1_024
ACCEPT_RETRY_S = 0.1
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
DISCARD_PIECE_BYTES = 64 * 1024


class Listener(ThreadingMixIn, TCPServer):
    """A bound and listening socket on 127.0.0.1; `serve` accepts until `close`."""

    request_queue_size = BACKLOG

    def __init__(self, app: WSGIApplication, max_body_bytes: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.app = app
        self.max_body_bytes = max_body_bytes
        self._owner = os.getpid()
        self._open = True
        self._connections: set[socket.socket] = set()

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        # Not threading.Thread: under gevent a forked child inherits this thread as a greenlet, and
        # threading, which forgot it in the fork, would complain when it ends.
        _thread.start_new_thread(self.serve, ())

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None:
        _thread.start_new_thread(self.process_request_thread, (request, client_address))

    def serve(self) -> None:
        """Accept connections, a daemon thread for each; returns after `close`."""
        while self._open:
            try:
                connection, address = self.socket.accept()
            except OSError:
                # Closed, or out of file descriptors: then a moment later there may be one again.
                time.sleep(ACCEPT_RETRY_S if self._open else 0)
                continue
            if len(self._connections) >= MAX_CONNECTIONS:
                connection.close()
                continue
            self._connections.add(connection)
            self.process_request(connection, address)

    def close(self) -> None:
        """Let go of the port and of every connection; in a forked child, of its copies only."""
        self._open = False
        sockets = [self.socket, *self._connections]
        if os.getpid() != self._owner:
            # Not a shutdown: that would reach through to the parent, which still uses them.
            for copy in sockets:
                copy.close()
            return
        for own in sockets:
            with suppress(OSError):  # the client was quicker
                own.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept or recv
        self.server_close()

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self._connections.discard(cast(socket.socket, request))
        super().shutdown_request(request)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True
    error_content_type = "application/json"
    error_message_format = (
        '{"error": {"message": "Bad request", "type": "invalid_request_error",'
        ' "param": null, "code": null}}'
    )

    def handle(self) -> None:
        # The client went away or the listener was closed: what was made for it ends here.
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def version_string(self) -> str:
        """The `Server` header."""
        return "holdfast-demo"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the server that hosts the demo has its own log."""

    def _serve(self) -> None:
        length = self._content_length()
        if length is None:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            self.close_connection = True
            return
        fits = length <= self._listener.max_body_bytes
        body = self.rfile.read(length) if fits else b""
        response = Response.from_app(self._listener.app, self._environ(body, length))
        try:
            self._send(response)
        finally:
            response.close()
        if not fits:
            self._discard(length)

    @property
    def _listener(self) -> Listener:
        return cast(Listener, self.server)

    def _content_length(self) -> int | None:
        given = self.headers.get("Content-Length", "0").strip()
        known = given.isascii() and given.isdigit() and "Transfer-Encoding" not in self.headers
        return int(given) if known else None

    def _environ(self, body: bytes, length: int) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        return {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self._listener.port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def _send(self, response: Response) -> None:
        chunked = "Content-Length" not in response.headers and self._speaks_http_11()
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif "Content-Length" not in response.headers:
            self.send_header("Connection", "close")
        self.end_headers()
        for data in response.iter_encoded():
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _speaks_http_11(self) -> bool:
        return self.request_version >= "HTTP/1.1"

    def _discard(self, length: int) -> None:
        """Read what the client is still sending: a close before that would drop the refusal."""
        self.close_connection = True
        left = min(length, MAX_DISCARDED_BYTES)
        while left > 0 and (data := self.rfile.read(min(left, DISCARD_PIECE_BYTES))):
            left -= len(data)
