"""Clients of the application under test: a person with a token, and the three kinds of people."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson
from flask import Flask
from werkzeug.test import TestResponse

from chat_app.runtime import Runtime
from chat_app.services import tokens, users
from chat_app.store.workspaces import WorkspaceMemberRow, WorkspaceRow


@dataclass(frozen=True)
class Sse:
    """One event as a client reads it."""

    id: str | None
    data: dict[str, Any]

    @property
    def seq(self) -> int:
        return int((self.id or ":0").rpartition(":")[2])


class Client:
    """Speaks JSON and event streams with a Bearer token, or none."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self._client = app.test_client()
        self.token = token

    def open(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = dict(kwargs.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self._client.open(path, method=method, headers=headers, **kwargs)

    def set_cookie(self, name: str, value: str) -> None:
        self._client.set_cookie(name, value)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("GET", path, **kwargs)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> TestResponse:
        return self.open("POST", path, data=orjson.dumps(body or {}), **kwargs)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.open("PATCH", path, data=orjson.dumps(body))

    def delete(self, path: str) -> TestResponse:
        return self.open("DELETE", path)

    def stream(self, path: str, **kwargs: Any) -> list[Sse]:
        """The events of a stream, read to its end."""
        response = self.get(path, **kwargs)
        assert response.status_code == 200, response.text
        assert response.content_type == "text/event-stream; charset=utf-8"
        return list(read_events(response.data))

    def channel(self, **fields: Any) -> int:
        """The id of a new channel."""
        made = self.post("/api/channels", fields)
        assert made.status_code == 201, made.text
        return int(made.get_json()["id"])

    def say(self, channel_id: int, body: str, **fields: Any) -> dict[str, Any]:
        """Post a message; the answer of the door."""
        said = self.post(f"/api/channels/{channel_id}/messages", {"body": body, **fields})
        assert said.status_code in (200, 201), said.text
        shown: dict[str, Any] = said.get_json()
        return shown


def uploaded(client: Client, content: bytes = b"kelp", name: str = "notes.txt") -> dict[str, Any]:
    """A file that was taken in and not sent yet."""
    answer = client.open("POST", "/api/attachments", data={"file": (BytesIO(content), name)})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.get_json()
    return shown


def read_events(raw: bytes) -> Iterator[Sse]:
    """The events in the bytes of a stream; comments and `retry` are left out."""
    for block in raw.decode().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.split("\n") if line[:1] not in ("", ":")
        )
        if "data" in fields:
            yield Sse(fields.get("id"), orjson.loads(fields["data"]))


@dataclass(frozen=True)
class People:
    owner: Client
    member: Client
    viewer: Client
    stranger: Client


def people_of(app: Flask, admin: str, password: str) -> People:
    rt: Runtime = app.extensions["holdfast"]
    users.create(rt, "member@example.com", password, "Member", "member")
    users.create(rt, "viewer@example.com", password, "Viewer", "viewer")
    stranger = users.create(rt, "stranger@example.com", password, "Stranger", "member")
    with rt.db.transaction() as session:
        elsewhere = WorkspaceRow(name="Elsewhere")
        session.add(elsewhere)
        session.flush()
        old = session.get_one(WorkspaceMemberRow, (1, stranger.id))
        session.delete(old)
        session.add(
            WorkspaceMemberRow(workspace_id=elsewhere.id, user_id=stranger.id, role="owner")
        )
    emails = (admin, "member@example.com", "viewer@example.com", "stranger@example.com")
    return People(*(Client(app, _token(rt, email)) for email in emails))


def _token(rt: Runtime, email: str) -> str:
    owner = tokens.owner_of(rt, email)
    return tokens.issue(rt, owner.id, "test", tokens.SCOPES, 1).secret
