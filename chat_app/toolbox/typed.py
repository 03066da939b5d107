"""What people may type of how a tool server is reached: its address and headers, or at the shell
its command and variables. Pure.
"""

import re
from collections.abc import Mapping, Sequence

from chat_app.egress import EgressRefused, Networks, Url, parse_url
from chat_app.errors import InvalidRequest

HEADERS_MAX = 20
HEADER_NAME_MAX_CHARS = 100
HEADER_VALUE_MAX_CHARS = 4_000
COMMAND_MAX_CHARS = 32_000
ENV_MAX = 100
ENV_VALUE_MAX_CHARS = 32_000

# RFC 9110 §5.6.2: a token. Values without anything that could begin another header.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What frames a request, and what MCP says in it: set by the client, or wrong.
_OURS = re.compile(
    r"accept(-encoding)?|connection|content-(encoding|length|type)|expect|host|keep-alive"
    r"|last-event-id|mcp-.*|proxy-.*|te|trailer|transfer-encoding|upgrade",
    re.IGNORECASE,
)


def check_url(url: str, guard: Networks | None) -> None:
    """Raises `InvalidRequest` for what is no address; with a `guard`, for what members type, also
    for an IP address that it does not let through.

    A name is looked up, and judged, whenever it is connected to.
    """
    try:
        parsed = parse_url(url)
        if guard is not None:
            guard.check_typed(parsed.host)
    except EgressRefused as refusal:
        raise InvalidRequest(str(refusal), field="url") from refusal


def origin(url: str | None) -> Url | None:
    """Whom an address leads to: scheme, host and port. None for none."""
    return parse_url(url) if url else None


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises `InvalidRequest` for headers that are too many, or none that one may set."""
    if len(headers) > HEADERS_MAX:
        raise _wrong(f"There may be {HEADERS_MAX} headers at most.")
    if len({name.lower() for name in headers}) < len(headers):
        raise _wrong("A header is there twice.")
    for name, value in headers.items():
        if len(name) > HEADER_NAME_MAX_CHARS or not _NAME.fullmatch(name):
            raise _wrong("A header's name is not one.")
        if _OURS.fullmatch(name):
            raise _wrong(f"The header {name} is not yours to set.")
        if len(value) > HEADER_VALUE_MAX_CHARS or not _VALUE.fullmatch(value):
            # Not repeated: it may be a secret.
            raise _wrong(f"The value of {name} must be visible ASCII characters.")


def check_command(command: Sequence[str]) -> None:
    """Raises `InvalidRequest` for a program with its arguments that cannot be one."""
    if not command or not command[0]:
        raise InvalidRequest("Say which program to run.", field="command")
    if sum(map(len, command)) > COMMAND_MAX_CHARS or not all(map(_is_text, command)):
        raise InvalidRequest("The command is too long, or no text.", field="command")


def check_env(env: Mapping[str, str]) -> None:
    """Raises `InvalidRequest` for variables that a program cannot get."""
    if len(env) > ENV_MAX:
        raise InvalidRequest(f"There may be {ENV_MAX} variables at most.", field="env")
    for name, value in env.items():
        if not _VARIABLE.fullmatch(name):
            raise InvalidRequest("A variable's name is not one.", field="env")
        if len(value) > ENV_VALUE_MAX_CHARS or not _is_text(value):
            raise InvalidRequest(f"The value of {name} is too long, or no text.", field="env")


def _is_text(value: str) -> bool:
    return "".join(value.split()).isprintable()


def _wrong(sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field="headers")
