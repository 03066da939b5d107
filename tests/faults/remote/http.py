"""Just enough HTTP for an AI server of the tests."""

from dataclasses import dataclass
from typing import Any

import orjson
from gevent.socket import socket


@dataclass(frozen=True)
class Request:
    method: str
    path: list[str]
    headers: dict[str, str]
    body: bytes


def read_request(connection: socket) -> Request:
    """One request. Raises OSError when the connection ends before it does, ValueError when it is
    not HTTP but TLS, say.
    """
    data = _more(connection)
    if not data[:1].isalpha():
        raise ValueError(data)
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    while len(body) < int(headers.get("content-length", "0")):
        body += _more(connection)
    return Request(method, path.partition("?")[0].strip("/").split("/"), headers, body)


def _more(connection: socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionResetError
    return bytes(data)


def answer(connection: socket, status: int, body: dict[str, Any]) -> None:
    _send(connection, status, "application/json", orjson.dumps(body))


def page(connection: socket, status: int) -> None:
    """What a proxy in between says."""
    _send(connection, status, "text/html", b"<html><h1>nginx</h1></html>")


def _send(connection: socket, status: int, kind: str, body: bytes) -> None:
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
