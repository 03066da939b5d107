"""Writing down how a project's AI server is reached: what may be typed, what makes it another."""

from collections.abc import Mapping
from typing import Any

from chat_app.egress import EgressRefused, Networks, parse_url
from chat_app.errors import InvalidRequest
from chat_app.store.projects import CREATED, PROCESS, URL, ProjectRow
from chat_app.store.secrets import Cipher

TYPED = ("backend", "ai_server_url", "ai_server_token")


def fill(
    project: ProjectRow,
    fields: Mapping[str, Any],
    cipher: Cipher,
    is_operator: bool,
    guard: Networks,
) -> bool:
    """Write what was typed into the row; whether its AI server is another one from now on.

    One that is has to be provisioned anew. `guard` is for what anybody but an operator types.
    Raises `InvalidRequest`, having changed nothing.
    """
    backend = fields.get("backend", _meant(project, fields))
    if backend == PROCESS:
        _check_ours(project, fields)
        has_moved = project.backend != PROCESS
        if has_moved:
            _forget(project)
    else:
        url = _typed_url(project, fields, None if is_operator else guard)
        _check_token(project, fields, url)
        has_moved = _fill_typed(project, fields, url, cipher, is_operator)
    project.backend = backend
    if has_moved:
        project.status, project.last_error = CREATED, None
        project.supervisor = project.supervised_until = None
    return has_moved


def _meant(project: ProjectRow, fields: Mapping[str, Any]) -> str:
    """Who gives an address means it; but what was read may be sent back."""
    url = fields.get("ai_server_url")
    return URL if url and url != project.ai_server_url else project.backend


def without_server(project: ProjectRow, status: str) -> None:
    """Put a project where nobody sees to it. What a process of ours was reached by goes."""
    project.status, project.last_error = status, None
    project.supervisor = project.supervised_until = None
    if project.backend == PROCESS:
        _forget(project)


def _forget(project: ProjectRow) -> None:
    project.ai_server_url = project.ai_server_token_encrypted = None
    project.by_operator = False


def _check_ours(project: ProjectRow, fields: Mapping[str, Any]) -> None:
    """Where it is started by us nobody says where it is. What was read may be sent back."""
    known = {"ai_server_url": project.ai_server_url, "ai_server_token": None}
    for name, value in known.items():
        if fields.get(name) and fields[name] != value:
            raise InvalidRequest("Holdfast starts this project's AI server itself.", field=name)


def _typed_url(
    project: ProjectRow, fields: Mapping[str, Any], guard: Networks | None
) -> str | None:
    if "ai_server_url" not in fields:
        return project.ai_server_url if project.backend == URL else None
    url = (fields["ai_server_url"] or "").strip().rstrip("/")
    if not url:
        return None
    try:
        parsed = parse_url(url)
        if "?" in url or "#" in url:
            raise EgressRefused("An AI server's address has no ? and no #.")
        if guard is not None:
            guard.check_typed(parsed.host)
    except EgressRefused as refusal:
        raise InvalidRequest(str(refusal), field="ai_server_url") from refusal
    return url


def _check_token(project: ProjectRow, fields: Mapping[str, Any], url: str | None) -> None:
    """What is secret goes only to whom it was given for."""
    if fields.get("ai_server_token") and url is None:
        raise InvalidRequest("Say where the AI server is, too.", field="ai_server_url")
    known = project.ai_server_url if project.backend == URL and project.has_token else None
    is_kept = known is not None and "ai_server_token" not in fields
    if is_kept and url is not None and parse_url(url) != parse_url(known or ""):
        raise InvalidRequest("Give the token again for the new address.", field="ai_server_token")


def _fill_typed(
    project: ProjectRow,
    fields: Mapping[str, Any],
    url: str | None,
    cipher: Cipher,
    is_operator: bool,
) -> bool:
    before = (project.backend, project.ai_server_url, project.by_operator)
    if project.backend == PROCESS or url is None:
        _forget(project)
    project.ai_server_url = url
    if "ai_server_url" in fields:
        project.by_operator = is_operator and url is not None
    if "ai_server_token" in fields:
        token = fields["ai_server_token"]
        project.ai_server_token_encrypted = cipher.encrypt(token) if token else None
    after = (URL, project.ai_server_url, project.by_operator)
    return before != after or "ai_server_token" in fields
