"""What the tests of tool servers share: making one, and reading its tools."""

import uuid
from typing import Any

from tests.clients import Client

SYSTEM = "/api/tool-servers"
URL = "https://tools.example/mcp"
KEY = "sk-very-secret-0123456789"
Json = dict[str, Any]


def name() -> str:
    return f"S {uuid.uuid4().hex[:8]}"


def made(person: Client, place: str = SYSTEM, **fields: object) -> Json:
    """A new server there."""
    answer = person.post(place, {"name": name(), "url": URL} | fields)
    assert answer.status_code == 201, answer.text
    server: Json = answer.get_json()
    return server


def synced(person: Client, place: str = SYSTEM, **fields: object) -> tuple[Json, list[Json]]:
    """A new server that was reached, and its tools."""
    path = f"{place}/{made(person, place, **fields)['id']}"
    answer = person.post(f"{path}/sync")
    assert answer.status_code == 200, answer.text
    return answer.get_json(), person.get(f"{path}/tools").get_json()["items"]


def project(person: Client, **fields: object) -> Json:
    answer = person.post("/api/v1/projects", {"name": name()} | fields)
    assert answer.status_code == 201, answer.text
    found: Json = answer.get_json()
    return found


def servers_of(project: Json) -> str:
    """Where the tool servers of a project are."""
    return f"/api/projects/{project['id']}/tool-servers"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error_code"]


def refused(answer: Any) -> tuple[int, str, str]:
    error = answer.get_json()
    return answer.status_code, error["error_code"], error.get("field")
