"""Every failure that comes from elsewhere becomes one of ours, in words for a person."""

import socket
import ssl
from collections.abc import Iterator

import anyio
import httpx2
import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from chat_app.egress import EgressRefused
from chat_app.errors import HoldfastError, ToolFailed, ToolTimeout, ToolUnavailable
from chat_app.tools import wire
from chat_app.tools.sidecar import connection, lister  # noqa: F401 (all that we use of the SDK)
from chat_app.tools.sidecar.faults import FAULTS, of_call, of_connecting
from chat_app.tools.sidecar.http import TooLarge, Trace
from chat_app.tools.sidecar.stdio import TOO_LARGE, NotMcp
from chat_app.tools.values import ServerSpec

SPEC = ServerSpec(1, "Weather", "http", headers=(("X-Key", "s3cret"),))


def said(fault: BaseException, **note: object) -> str:
    error = of_connecting(fault, SPEC, Trace(**note))  # type: ignore[arg-type]
    assert type(error) is ToolUnavailable
    return error.message.removeprefix("Weather ")


def caused(fault: BaseException, cause: BaseException) -> BaseException:
    fault.__cause__ = cause
    return fault


CERTIFICATE = ssl.SSLCertVerificationError(1, "self-signed")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (ConnectionRefusedError(), "refused the connection."),
        (BrokenPipeError(), "broke off the connection."),
        (FileNotFoundError(), "has a command that was not found."),
        (PermissionError(), "has a command that may not be run."),
        (TimeoutError(), "did not answer in time."),
        (OSError(28, "No space"), "cannot be reached."),
        (UNKNOWN, "has a host name that is not known."),
        (httpx2.ConnectError("x"), "cannot be reached."),
        (caused(httpx2.ConnectError("x"), CERTIFICATE), "has a certificate that is not trusted."),
        (caused(httpx2.ConnectError("x"), ssl.SSLError()), "made no secure connection."),
        (caused(httpx2.ConnectError("x"), UNKNOWN), "has a host name that is not known."),
        (
            caused(httpx2.ConnectError("x"), caused(OSError(), ConnectionRefusedError())),
            "refused the connection.",
        ),
        (httpx2.ReadError("x"), "broke off the connection."),
        (httpx2.SSEError("Server-sent event exceeded the 9 byte limit."), "sent a message that"),
        (TooLarge(), "sent a message that is too large."),
        (NotMcp(), "sent something that is not MCP."),
        (RuntimeError("Unsupported protocol version"), "sent something that is not MCP."),
        (EgressRefused("It is private."), "cannot be used. It is private."),
        (KeyError("x"), "cannot be used because of a fault of Holdfast."),
        (MCPError(types.CONNECTION_CLOSED, "Connection closed"), "broke off the connection."),
        (MCPError(types.REQUEST_TIMEOUT, "Request 'x' timed out"), "did not answer in time."),
        (MCPError(types.CONNECTION_CLOSED, "No moon."), "answered with an error: No moon."),
        (MCPError(types.REQUEST_TIMEOUT, "No moon."), "answered with an error: No moon."),
        (MCPError(types.UNSUPPORTED_PROTOCOL_VERSION, "x"), "speaks a version of MCP"),
        (MCPError(types.INTERNAL_ERROR, "No s3cret\n today"), "answered with an error: No … today"),
        (MCPError(types.INTERNAL_ERROR, ""), f"answered with an error: {types.INTERNAL_ERROR}"),
        (ToolUnavailable("As it is."), "As it is."),
    ],
)
def test_each_failure_has_its_sentence(fault: BaseException, sentence: str):
    assert said(fault).startswith(sentence)


def test_of_a_group_the_failure_that_says_most_is_told():
    noise = [anyio.ClosedResourceError(), anyio.BrokenResourceError()]
    inner = ExceptionGroup("", [*noise, httpx2.ConnectTimeout("x")])
    assert said(ExceptionGroup("", [noise[0], inner])) == "cannot be reached in time."
    assert said(ExceptionGroup("", noise)) == "broke off the connection."


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "wants a key or a sign-in that it was not given."),
        (403, "wants a key or a sign-in that it was not given."),
        (307, "redirects to another address."),
        (404, "answered with HTTP status 404."),
        (429, "answered with HTTP status 429."),
        (502, "answered with HTTP status 502."),
    ],
)
def test_an_http_status_is_told_in_both_transports(status: int, sentence: str):
    by_sdk = MCPError(types.INTERNAL_ERROR, "Server returned an error response")
    assert said(by_sdk, status=status) == sentence
    request = httpx2.Request("GET", "http://x")
    response = httpx2.Response(status, request=request)
    assert said(httpx2.HTTPStatusError("x", request=request, response=response)) == sentence


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_sign_in_is_marked(status: int):
    fault = MCPError(types.INTERNAL_ERROR, "Server returned an error response")
    for error in (
        of_connecting(fault, SPEC, Trace(status)),
        of_call(fault, SPEC, Trace(status)).error,
    ):
        assert error.fields == {"sign_in": True}


def test_a_refused_call_is_a_failed_tool():
    said_by_sdk_too = types.CONNECTION_CLOSED, types.REQUEST_TIMEOUT
    for code in (types.INVALID_PARAMS, types.METHOD_NOT_FOUND, 7, *said_by_sdk_too):
        fault = of_call(MCPError(code, "Not s3cret."), SPEC, Trace())
        assert type(fault.error) is ToolFailed
        assert fault.error.message == "Weather refused the call: Not …."
        assert (fault.is_cut, fault.did_not_run) == (False, False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (types.URL_ELICITATION_REQUIRED, "open a page"),
        (types.MISSING_REQUIRED_CLIENT_CAPABILITY, "does not offer"),
    ],
)
def test_what_we_do_not_offer_is_said_in_our_words(code: int, words: str):
    assert words in of_call(MCPError(code, "x"), SPEC, Trace()).error.message


@pytest.mark.parametrize(
    "said", ["Unexpected content type: text/html", "server answered a request with 202 Accepted"]
)
def test_what_is_no_answer_is_no_refusal(said: str):
    found = of_call(MCPError(types.INVALID_REQUEST, said), SPEC, Trace(200))
    assert type(found.error) is ToolUnavailable
    assert found.error.message == "Weather sent something that is not MCP."
    assert found.error.fields == {"may_have_run": True}


@pytest.mark.parametrize(
    "fault",
    [
        MCPError(types.CONNECTION_CLOSED, "Connection closed"),
        MCPError(types.CONNECTION_CLOSED, "SSE stream ended without a response"),
        httpx2.ReadError("x"),
        anyio.BrokenResourceError(),
        ConnectionResetError(),
    ],
)
def test_a_cut_call_may_have_run(fault: Exception):
    found = of_call(fault, SPEC, Trace(status=200))
    assert type(found.error) is ToolUnavailable
    assert found.error.fields == {"may_have_run": True}
    assert found.is_cut


def test_only_a_closed_connection_is_dead():
    """In 2026 each call has a stream of its own, which may end alone."""
    closed = MCPError(types.CONNECTION_CLOSED, "Connection closed")
    ended = MCPError(types.CONNECTION_CLOSED, "SSE stream ended without a response")
    assert of_call(closed, SPEC, Trace()).is_dead
    assert not of_call(ended, SPEC, Trace()).is_dead


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        (MCPError(types.INVALID_REQUEST, "Session terminated"), Trace(404)),
        (MCPError(types.INVALID_REQUEST, "Session not found"), Trace(404)),
        (MCPError(-32000, "Bad Request: No valid session ID provided"), Trace(400)),
        (MCPError(types.CONNECTION_CLOSED, "Connection closed"), Trace(is_unreached=True)),
    ],
)
def test_a_call_that_reached_no_session_did_not_run(fault: Exception, note: Trace):
    found = of_call(fault, SPEC, note)
    assert found.did_not_run
    assert found.error.fields == {}


def test_a_server_that_breaks_may_have_run_the_call_and_one_that_refuses_has_not():
    fault = MCPError(types.INTERNAL_ERROR, "Server returned an error response")
    assert of_call(fault, SPEC, Trace(502)).error.fields == {"may_have_run": True}
    assert of_call(fault, SPEC, Trace(429)).error.fields == {}


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        (MCPError(types.PARSE_ERROR, TOO_LARGE), Trace()),
        (MCPError(types.PARSE_ERROR, "Failed to parse"), Trace(is_too_large=True)),
        (MCPError(types.CONNECTION_CLOSED, "SSE stream failed: the 9 byte limit."), Trace()),
    ],
)
def test_a_result_that_is_too_large_is_a_failed_tool(fault: Exception, note: Trace):
    found = of_call(fault, SPEC, note)
    assert type(found.error) is ToolFailed
    assert "too large" in found.error.message


def test_our_own_failures_pass():
    assert of_call(ToolFailed("As it is."), SPEC, Trace()).error.message == "As it is."


@pytest.mark.parametrize("cls", [ToolUnavailable, ToolTimeout, ToolFailed])
def test_a_failure_crosses_the_wire_whole(cls: type[HoldfastError]):
    there = wire.read_error(wire.message(wire.line(wire.error(cls("So.", retry_after=3)))))
    assert (type(there), there.message, there.fields) == (cls, "So.", {"retry_after": 3})


# --- complete ------------------------------------------------------------------------------------


def every_class_of(*roots: type) -> Iterator[type]:
    for root in roots:
        yield root
        yield from every_class_of(*root.__subclasses__())


def foreign_classes() -> set[type]:
    """Each exception class that mcp, httpx2 and anyio define, exported or not."""
    ours = ("mcp", "httpx2", "anyio")
    return {
        cls
        for cls in every_class_of(Exception)
        if cls.__module__.partition(".")[0] in ours and not issubclass(cls, Warning)
    }


# Below a class that is named in FAULTS, and rightly treated like it.
LIKE_THEIR_PARENT = {
    "NoBackChannelError",
    "UrlElicitationRequiredError",
    "ResumptionError",
    "TypedAttributeLookupError",
}

# Never raised by what we call: workers, threads, other processes, callables, the SDK's server
# side, its OAuth and its Client; or caught where they are raised (SubscriptionLost).
NOT_USED = {
    "BrokenWorkerInterpreter",
    "BrokenWorkerProcess",
    "FutureAlreadyFinished",
    "FutureCancelled",
    "FutureFailed",
    "FutureNotFinished",
    "ListenNotSupportedError",
    "NoEventLoopError",
    "RunFinishedError",
    "SubscriptionLost",
    "TaskCancelled",
    "TaskFailed",
    "TaskNotFinished",
    "UnexpectedClaimedResult",
}
# Parts of the SDK that this process does not run: its server side, which tests may have imported.
NOT_OURS = (
    "mcp.server",
    "mcp.client.auth",
    "mcp.client._input_required",
    "mcp.shared.auth",
    "mcp.shared.path_security",
    "mcp.shared.uri_template",
)


def test_every_exception_of_mcp_httpx2_and_anyio_is_mapped_on_purpose():
    unread = {cls for cls in foreign_classes() if cls not in FAULTS}
    names = {cls.__name__ for cls in unread if not cls.__module__.startswith(NOT_OURS)}
    assert names - LIKE_THEIR_PARENT - NOT_USED == set()


def test_what_pydantic_raises_is_not_mcp():
    with pytest.raises(ValidationError) as wrong:
        types.Tool.model_validate({})
    assert said(wrong.value) == "sent something that is not MCP."
