"""What goes to a tool server and what comes back. Values only, for both sides of the sidecar."""

from dataclasses import dataclass, field
from typing import Any

DEMO = "demo"
TRANSPORTS = ("http", "sse", "stdio", DEMO)


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How a tool server is reached. Two that are equal share one open session.

    `url` is set for `http` (streamable HTTP) and `sse` (legacy), `command` for `stdio`; `demo` is
    the built-in server and needs neither. `headers` and `env` are pairs, secrets among them, and
    never show in a repr. `session` keeps people apart whose sessions must not be shared (OAuth).
    """

    id: int
    name: str
    transport: str
    url: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    command: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    is_guarded: bool = True  # a member typed the address: only what egress allows is reached
    session: str = ""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as its server lists it. `annotations` has MCP's names (`readOnlyHint`, …)."""

    name: str
    description: str = ""
    input_schema: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server said of itself and all of its tools; `left_out` counts those over the limit
    or not callable here."""

    tools: tuple[ToolSpec, ...]
    protocol_version: str
    server_name: str = ""
    instructions: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """MCP progress of one call."""

    progress: float
    total: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a tool gave back.

    `text` is all a model can take: texts, embedded texts, structured content where there is no
    text, and a description in brackets of each image, sound and link. `content` keeps what text
    cannot say: `{"type": "image"|"audio", "mime_type", "data"}` (base64), `{"type":
    "resource_link", "uri", "name", "description", "mime_type"}`. `structured` is the tool's
    structured content or None. What is over the limit is cut, and `text` says so.
    """

    text: str
    is_error: bool = False
    content: tuple[dict[str, Any], ...] = ()
    structured: Any = None


@dataclass(frozen=True, slots=True)
class InputRequest:
    """One form that a server wants a person to fill in before it goes on (MCP elicitation).

    `schema` is the form's JSON Schema: an object of plain properties.
    """

    key: str
    message: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class InputRequired:
    """A call that waits for a person. `state` is the server's own memory of it, given back as it
    is with the answers: no connection is held meanwhile."""

    requests: tuple[InputRequest, ...]
    state: str | None


@dataclass(frozen=True, slots=True)
class InputAnswers:
    """What the person answered: `{key: {"action": "accept"|"decline"|"cancel", "content"}}`."""

    answers: dict[str, dict[str, Any]]
    state: str | None


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """How much a tool server may take. Each is a setting."""

    call_s: float = 30.0
    run_s: float = 120.0
    rounds: int = 5
    sync_s: float = 10.0
    servers_an_agent: int = 10
    tools_a_server: int = 50
    result_bytes: int = 256 * 1024
