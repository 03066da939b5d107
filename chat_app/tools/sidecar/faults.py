"""The one place where foreign failures become our errors.

tests/tools/test_faults.py walks every exception class of mcp, httpx2 and anyio and fails when one
is neither named here nor below one that is.
"""

import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import anyio
import httpx2
import mcp_types as types
from mcp.client.streamable_http import StreamableHTTPError
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from chat_app.egress import EgressRefused
from chat_app.errors import HoldfastError, ToolFailed, ToolUnavailable
from chat_app.tools.sidecar.http import TooLarge, Trace
from chat_app.tools.sidecar.said import shown
from chat_app.tools.sidecar.stdio import TOO_LARGE, NotMcp
from chat_app.tools.values import ServerSpec

_BROKE_OFF = "broke off the connection."
_SILENT = "did not answer in time."
_NOT_REACHED = "cannot be reached."
_NO_MCP = "sent something that is not MCP."
_TOO_LONG = "sent a message that is too large."
_ADDRESS = "has an address that is not valid."
_VERSION = "speaks a version of MCP that is not known here."
_HEADERS = "has headers that cannot be sent."
_OURS = "cannot be used because of a fault of Holdfast."
_GATE = "wants a key or a sign-in that it was not given."

# What follows the server's name. Found by the nearest class in an exception's MRO. Classes that
# stand for a mistake of ours are named too, so that only new, unread ones are missing here.
FAULTS: dict[type[BaseException], str] = {
    ConnectionRefusedError: "refused the connection.",
    ConnectionError: _BROKE_OFF,
    socket.gaierror: "has a host name that is not known.",
    ssl.SSLCertVerificationError: "has a certificate that is not trusted.",
    ssl.SSLError: "made no secure connection.",
    FileNotFoundError: "has a command that was not found.",
    PermissionError: "has a command that may not be run.",
    TimeoutError: _SILENT,
    OSError: _NOT_REACHED,
    UnicodeEncodeError: _HEADERS,
    ValueError: _NO_MCP,
    RecursionError: _NO_MCP,
    RuntimeError: _NO_MCP,  # the SDK's, about versions and shapes of results
    ValidationError: _NO_MCP,
    NotMcp: _NO_MCP,
    TooLarge: _TOO_LONG,
    httpx2.ConnectTimeout: "cannot be reached in time.",
    httpx2.ReadTimeout: _SILENT,
    httpx2.WriteTimeout: _SILENT,
    httpx2.PoolTimeout: _SILENT,
    httpx2.TimeoutException: _SILENT,
    httpx2.ConnectError: _NOT_REACHED,
    httpx2.ReadError: _BROKE_OFF,
    httpx2.WriteError: _BROKE_OFF,
    httpx2.CloseError: _BROKE_OFF,
    httpx2.NetworkError: _NOT_REACHED,
    httpx2.RemoteProtocolError: "broke off the connection, or does not speak HTTP.",
    httpx2.LocalProtocolError: _HEADERS,
    httpx2.ProtocolError: _NO_MCP,
    httpx2.ProxyError: _NOT_REACHED,
    httpx2.UnsupportedProtocol: _ADDRESS,
    httpx2.SSEError: _NO_MCP,
    httpx2.TransportError: _NOT_REACHED,
    httpx2.DecodingError: _NO_MCP,
    httpx2.TooManyRedirects: "redirects without an end.",
    httpx2.RequestError: _NOT_REACHED,
    httpx2.HTTPStatusError: _NOT_REACHED,  # by its status, below
    httpx2.HTTPError: _NOT_REACHED,
    httpx2.InvalidURL: _ADDRESS,
    httpx2.CookieConflict: _NO_MCP,
    httpx2.StreamError: _OURS,
    httpx2.StreamConsumed: _OURS,
    httpx2.StreamClosed: _BROKE_OFF,
    httpx2.ResponseNotRead: _OURS,
    httpx2.RequestNotRead: _OURS,
    anyio.BrokenResourceError: _BROKE_OFF,
    anyio.ClosedResourceError: _BROKE_OFF,
    anyio.EndOfStream: _BROKE_OFF,
    anyio.IncompleteRead: _BROKE_OFF,
    anyio.DelimiterNotFound: _NO_MCP,
    anyio.ConnectionFailed: _NOT_REACHED,
    anyio.BusyResourceError: _OURS,
    anyio.WouldBlock: _OURS,
    StreamableHTTPError: _NO_MCP,
    MCPError: _NO_MCP,  # by its code, below
    EgressRefused: "",  # says it itself
}

# What a server may answer instead of a result: by code, and with what it said where that is new.
_CODES = {
    types.CONNECTION_CLOSED: _BROKE_OFF,
    types.REQUEST_TIMEOUT: _SILENT,
    types.UNSUPPORTED_PROTOCOL_VERSION: _VERSION,
    types.PARSE_ERROR: _NO_MCP,
}
_REFUSED_CALLS = {
    types.URL_ELICITATION_REQUIRED: "wants a person to open a page first, which is not possible.",
    types.MISSING_REQUIRED_CLIENT_CAPABILITY: "needs something that Holdfast does not offer.",
}
# The SDK's own words for an HTTP status without a JSON-RPC error in the body.
_BY_STATUS = "Server returned an error response"
_CLOSED = "Connection closed"
# Its words for two codes that JSON-RPC leaves to servers, which mean anything at all by them.
_OWN_WORDS = {
    types.CONNECTION_CLOSED: (_CLOSED, "SSE stream "),
    types.REQUEST_TIMEOUT: ("Request ",),
}
_NO_ANSWER = ("Unexpected content type: ", "server answered a request with 202 Accepted")
_NO_SESSION = ("Session terminated", "Session not found")


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure and what it means for the call that met it."""

    error: HoldfastError
    is_cut: bool = False  # the connection broke: the call may have run
    is_dead: bool = False  # and nothing can be sent over it any more
    did_not_run: bool = False  # the server was not reached, or does not know the session any more


def of_connecting(fault: BaseException, spec: ServerSpec, note: Trace) -> HoldfastError:
    """ToolUnavailable for what went wrong while a session was opened, kept or asked for tools."""
    origin = _origin(fault)
    if isinstance(origin, MCPError) and not (_is_coded(origin) or _is_by_status(origin)):
        said = shown(origin.message, spec) or f"{origin.code}"
        return ToolUnavailable(f"{spec.name} answered with an error: {said}")
    return _unavailable(origin, spec, note)


def of_call(fault: BaseException, spec: ServerSpec, note: Trace) -> Fault:
    """What went wrong with a call."""
    origin = _origin(fault)
    if isinstance(origin, HoldfastError):
        return Fault(origin)
    if note.is_unreached:
        return Fault(_unavailable(origin, spec, note), did_not_run=True)
    if not isinstance(origin, MCPError):
        is_cut = _is_cut(origin)
        error = _unavailable(origin, spec, note, may_have_run=True)
        return Fault(error, is_cut=is_cut, is_dead=is_cut)
    if _is_forgotten(origin, note):
        return Fault(_unavailable(origin, spec, note), did_not_run=True)
    if origin.message == TOO_LARGE or note.is_too_large or _is_over_limit(origin):
        return Fault(ToolFailed(f"{spec.name} sent a result that is too large."))
    if _is_coded(origin):
        is_cut = origin.code == types.CONNECTION_CLOSED
        error = _unavailable(origin, spec, note, may_have_run=True)
        return Fault(error, is_cut=is_cut, is_dead=is_cut and origin.message == _CLOSED)
    if _is_by_status(origin):
        # Refused before it ran, except where the server itself broke.
        ran = {"may_have_run": True} if (note.status or 500) >= 500 else {}
        return Fault(_unavailable(origin, spec, note, **ran))
    if origin.message.startswith(_NO_ANSWER):
        return Fault(_unavailable(origin, spec, note, may_have_run=True))
    if origin.code in _REFUSED_CALLS:
        return Fault(ToolFailed(f"{spec.name} {_REFUSED_CALLS[origin.code]}"))
    said = shown(origin.message, spec) or origin.code
    return Fault(ToolFailed(f"{spec.name} refused the call: {said}"))


def _unavailable(
    origin: BaseException, spec: ServerSpec, note: Trace, **fields: bool
) -> HoldfastError:
    if isinstance(origin, HoldfastError):
        return origin
    if isinstance(origin, EgressRefused):
        return ToolUnavailable(f"{spec.name} cannot be used. {origin}")
    if isinstance(origin, httpx2.HTTPStatusError):
        return _by_status(spec, origin.response.status_code, fields)
    if isinstance(origin, MCPError) and _is_by_status(origin) and note.status:
        return _by_status(spec, note.status, fields)
    if note.is_too_large or _is_over_limit(origin):
        return ToolUnavailable(f"{spec.name} {_TOO_LONG}", **fields)
    if isinstance(origin, MCPError) and _is_coded(origin):
        return ToolUnavailable(f"{spec.name} {_CODES[origin.code]}", **fields)
    known = next((cls for cls in type(origin).__mro__ if cls in FAULTS), None)
    if known is None:
        logging.error("a failure that nobody has mapped", exc_info=origin)
    return ToolUnavailable(f"{spec.name} {FAULTS[known] if known else _OURS}", **fields)


def _by_status(spec: ServerSpec, status: int, fields: dict[str, bool]) -> ToolUnavailable:
    if status in (401, 403):
        return ToolUnavailable(f"{spec.name} {_GATE}", sign_in=True)
    if 300 <= status < 400:
        return ToolUnavailable(f"{spec.name} redirects to another address.")
    return ToolUnavailable(f"{spec.name} answered with HTTP status {status}.", **fields)


def _is_coded(fault: MCPError) -> bool:
    """Whether the code alone says what happened, and not the words of the server."""
    return fault.code in _CODES and fault.message.startswith(_OWN_WORDS.get(fault.code, ""))


def _is_over_limit(fault: BaseException) -> bool:
    """What httpx2 says of a server-sent event that is too long, as itself or in the SDK's words."""
    return "byte limit" in str(fault) and isinstance(fault, httpx2.SSEError | MCPError)


def _is_by_status(fault: MCPError) -> bool:
    is_redirect = fault.message.startswith("Redirect to ")
    return fault.message in (_BY_STATUS, "Not Found", *_NO_SESSION) or is_redirect


def _is_forgotten(fault: MCPError, note: Trace) -> bool:
    """A restarted server of before 2026 says so with 404, others with 400 and a sentence: as an
    error, or as one without an id (the examples of JavaScript's SDK), which the SDK drops.
    """
    if fault.message in _NO_SESSION:
        return True
    said = fault.message.encode() + note.said
    return note.status in (400, 404) and b"session" in said.lower()


def _is_cut(origin: BaseException) -> bool:
    return isinstance(
        origin, OSError | httpx2.TransportError | anyio.BrokenResourceError | anyio.EndOfStream
    )


def _origin(fault: BaseException) -> BaseException:
    """The exception that says most: of a group the first that is more than the noise of closing,
    and of httpx2's failures to connect that of the system."""
    leaves = list(_leaves(fault))
    noise = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream)
    leaf = next((one for one in leaves if not isinstance(one, noise)), leaves[0])
    if isinstance(leaf, httpx2.ConnectError):
        telling = (ssl.SSLError, ConnectionRefusedError, socket.gaierror)
        return next((one for one in _causes(leaf) if isinstance(one, telling)), leaf)
    return leaf


def _causes(fault: BaseException) -> Iterator[BaseException]:
    # httpcore2 raises what it maps without `from`.
    below: Sequence[BaseException | None] = (fault.__cause__ or fault.__context__,)
    if isinstance(fault, BaseExceptionGroup):
        below = fault.exceptions
    for one in below:
        if one is not None:
            yield one
            yield from _causes(one)


def _leaves(fault: BaseException) -> Iterator[BaseException]:
    if isinstance(fault, BaseExceptionGroup):
        for one in fault.exceptions:
            yield from _leaves(one)
    else:
        yield fault
