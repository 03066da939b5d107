"""An installation that serves all tests of a module, and the callers of a real server."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from flask import Flask

from chat_app import create_app
from chat_app.auth import secrets
from chat_app.runtime import Runtime
from chat_app.services import tokens, users
from chat_app.settings import Settings
from chat_app.store.base import now
from chat_app.store.tokens import TokenRow
from chat_app.store.users import UserRow
from tests.clients import Client, People, Sse, people_of, read_events
from tests.conftest import ADMIN, PASSWORD, settings_at
from tests.template import KINDS, Template

# For modules about rules that a database could break.
on_each_database = pytest.mark.parametrize("built", KINDS, indirect=True)


@dataclass(frozen=True)
class House:
    """A migrated and seeded application and its people."""

    app: Flask
    settings: Settings
    people: People

    @property
    def rt(self) -> Runtime:
        runtime: Runtime = self.app.extensions["holdfast"]
        return runtime

    def client(self, token: str | None) -> Client:
        return Client(self.app, token)

    def token(self, email: str, *scopes: str, days: int | None = 1) -> str:
        """A fresh token of the person with this address."""
        user = tokens.owner_of(self.rt, email)
        return tokens.issue(self.rt, user.id, "test", scopes or tokens.SCOPES, days).secret

    def reader(self) -> Client:
        """The owner with a token that may only read."""
        return self.client(self.token(self.settings.admin_email, "read"))

    def expired(self) -> Client:
        """The owner with a token of yesterday."""
        secret = self.token(self.settings.admin_email)
        with self.rt.db.transaction() as session:
            row, *_ = tokens.tokens.live_token(session, secrets.token_hash(secret))
            session.get_one(TokenRow, row.id).expires_at = now() - timedelta(days=1)
        return self.client(secret)

    def revoked(self) -> Client:
        """The owner with a token that was taken back."""
        secret = self.token(self.settings.admin_email)
        tokens.sign_out(self.rt, secret)
        return self.client(secret)

    def deactivated(self) -> Client:
        """Somebody who may not come in any more."""
        email = f"gone-{secrets.new_password()}@example.com"
        gone = users.create(self.rt, email, "correct-horse", "Gone", "member")
        secret = self.token(email)
        with self.rt.db.transaction() as session:
            session.get_one(UserRow, gone.id).is_active = False
        return self.client(secret)

    def cookie(self, **session: str) -> str:
        """The value of the session cookie that a signed-in browser has."""
        signed_in = {"token": self.token(self.settings.admin_email)}
        return str(self._serializer.dumps(signed_in | session))

    def browser(self, **session: str) -> Client:
        """The owner with a session cookie instead of a token."""
        client = self.client(None)
        client.set_cookie("session", self.cookie(**session))
        return client

    @property
    def _serializer(self) -> Any:
        return self.app.session_interface.get_signing_serializer(self.app)


@contextmanager
def built_at(url: str) -> Iterator[House]:
    """An application over this new installation, with its people; its provider answers nobody."""
    settings = settings_at(url, "http://127.0.0.1:1/v1")
    app = create_app(settings)
    yield House(app, settings, people_of(app, ADMIN, PASSWORD))
    app.extensions["holdfast"].close()


def address_for(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a new installation for a fixture: on SQLite, or as `on_each_database` says."""
    template: Template = request.getfixturevalue("template")
    return template.copy(getattr(request, "param", "sqlite"), tmp_path_factory.mktemp("house"))


class Caller:
    """Speaks to a real server with a Bearer token, or none."""

    def __init__(self, url: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.token = token
        self.http = httpx2.Client(base_url=url, headers=headers, timeout=30, verify=False)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> httpx2.Response:
        return self.http.post(path, content=orjson.dumps(body or {}), **kwargs)

    def get(self, path: str, **kwargs: Any) -> httpx2.Response:
        return self.http.get(path, **kwargs)

    def channel(self, **fields: Any) -> int:
        return int(self.post("/api/channels", fields).json()["id"])

    def say(self, channel_id: int, body: str, **fields: Any) -> dict[str, Any]:
        said = self.post(f"/api/channels/{channel_id}/messages", {"body": body, **fields})
        assert said.status_code in (200, 201), said.text
        shown: dict[str, Any] = said.json()
        return shown

    def stream(self, path: str, **kwargs: Any) -> list[Sse]:
        """The events of a stream, read to its end."""
        return list(read_events(self.raw_stream(path, **kwargs)))

    def raw_stream(self, path: str, **kwargs: Any) -> bytes:
        response = self.http.get(path, **kwargs)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        return response.content

    @contextmanager
    def watching(self, path: str, method: str = "GET", **kwargs: Any) -> Iterator[Iterator[Sse]]:
        """The events of a stream as they come; the connection is closed at the end."""
        with self.http.stream(method, path, **kwargs) as response:
            assert response.status_code == 200, response.read()
            yield _as_they_come(response.iter_bytes())


def _as_they_come(pieces: Iterator[bytes]) -> Iterator[Sse]:
    rest = b""
    for piece in pieces:
        whole, mark, rest = (rest + piece).rpartition(b"\n\n")
        yield from read_events(whole + mark)


@contextmanager
def raw_request(address: tuple[str, int], head: str) -> Iterator[socket.socket]:
    """A socket on which a request went out: `head` is its lines, without the last empty one."""
    with closing(socket.create_connection(address, timeout=30)) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in [*head.splitlines(), ""]).encode())
        yield connection


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    """What comes up to and with `mark`, and maybe more. Fails at the end of the connection."""
    data = b""
    while mark not in data:
        piece = connection.recv(65536)
        assert piece, f"ended without {mark!r}: {data!r}"
        data += piece
    return data
