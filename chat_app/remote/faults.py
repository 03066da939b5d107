"""The one place where failures of AI servers become our error.

tests/remote/test_faults.py walks every exception class of httpx2 and httpcore2 and fails when one
is neither named here nor below one that is.
"""

import socket
import ssl

import httpx2

from chat_app.egress import EgressRefused
from chat_app.errors import AIServerUnavailable, HoldfastError, InternalError


class TooLarge(httpx2.StreamError):
    """A body over the limit."""

    def __init__(self) -> None:
        super().__init__("The body is too large.")


# What `map_fault` takes. Anything else is a mistake of ours and must not look like the server's.
FOREIGN: tuple[type[Exception], ...] = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.CookieConflict,
    httpx2.StreamError,
    EgressRefused,
    OSError,
)

_BROKE_OFF = "The AI server broke off the connection."
_NO_HTTP = "The AI server broke off the connection, or does not speak HTTP."
_NOT_REACHED = "The AI server could not be reached in time."
_SILENT = "The AI server did not answer in time."
_BUSY = "Too many connections to AI servers are open."
_ADDRESS = "The AI server's address is not valid."
_UNREADABLE = "The AI server sent something that cannot be decoded."
_OURS: tuple[type[HoldfastError], str | None] = (InternalError, None)

# Found by the nearest class in an exception's MRO. Classes that stand for a mistake of ours are
# named too, so that only new, unread ones are missing here.
FAULTS: dict[type[BaseException], tuple[type[HoldfastError], str | None]] = {
    ConnectionRefusedError: (AIServerUnavailable, "The AI server refused the connection."),
    ConnectionError: (AIServerUnavailable, _BROKE_OFF),
    socket.gaierror: (AIServerUnavailable, "The AI server's host name is not known."),
    ssl.SSLCertVerificationError: (
        AIServerUnavailable,
        "The AI server's certificate is not trusted.",
    ),
    ssl.SSLError: (AIServerUnavailable, "No secure connection to the AI server could be made."),
    TimeoutError: (AIServerUnavailable, _SILENT),
    OSError: (AIServerUnavailable, None),
    TooLarge: (AIServerUnavailable, "The AI server sent more than an answer can be."),
    httpx2.ConnectTimeout: (AIServerUnavailable, _NOT_REACHED),
    httpx2.ReadTimeout: (AIServerUnavailable, _SILENT),
    httpx2.WriteTimeout: (AIServerUnavailable, _SILENT),
    httpx2.PoolTimeout: (AIServerUnavailable, _BUSY),
    httpx2.TimeoutException: (AIServerUnavailable, _SILENT),
    httpx2.ConnectError: (AIServerUnavailable, None),
    httpx2.ReadError: (AIServerUnavailable, _BROKE_OFF),
    httpx2.WriteError: (AIServerUnavailable, _BROKE_OFF),
    httpx2.CloseError: (AIServerUnavailable, _BROKE_OFF),
    httpx2.NetworkError: (AIServerUnavailable, None),
    httpx2.RemoteProtocolError: (AIServerUnavailable, _NO_HTTP),
    httpx2.LocalProtocolError: (AIServerUnavailable, _ADDRESS),
    httpx2.ProtocolError: (AIServerUnavailable, _NO_HTTP),
    httpx2.ProxyError: (AIServerUnavailable, None),
    httpx2.UnsupportedProtocol: (AIServerUnavailable, _ADDRESS),
    httpx2.SSEError: (AIServerUnavailable, _UNREADABLE),
    httpx2.TransportError: (AIServerUnavailable, None),
    httpx2.DecodingError: (AIServerUnavailable, _UNREADABLE),
    httpx2.TooManyRedirects: (AIServerUnavailable, None),
    httpx2.RequestError: (AIServerUnavailable, None),
    httpx2.HTTPStatusError: (AIServerUnavailable, None),
    httpx2.HTTPError: (AIServerUnavailable, None),
    httpx2.InvalidURL: (AIServerUnavailable, _ADDRESS),
    httpx2.CookieConflict: (AIServerUnavailable, _UNREADABLE),
    httpx2.StreamError: _OURS,
    httpx2.StreamConsumed: _OURS,
    httpx2.StreamClosed: (AIServerUnavailable, _BROKE_OFF),
    httpx2.ResponseNotRead: _OURS,
    httpx2.RequestNotRead: _OURS,
}

# Failures before a request was sent: whatever it asked for was not begun.
UNSENT: tuple[type[Exception], ...] = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
    httpx2.InvalidURL,
    EgressRefused,
)


def map_fault(fault: Exception) -> HoldfastError:
    """Our error for a foreign one: AIServerUnavailable, or InternalError for a mistake of ours."""
    if isinstance(fault, EgressRefused):
        return AIServerUnavailable(f"The AI server's address cannot be used. {fault}")
    found = (FAULTS[cls] for cls in type(_origin(fault)).__mro__ if cls in FAULTS)
    cls, sentence = next(found, _OURS)
    return cls(sentence)


def by_status(status: int) -> AIServerUnavailable:
    """For an answer whose HTTP status (not 2xx) is all that is known of it."""
    if status == 401:
        return AIServerUnavailable("The AI server wants a token, or another one than it was given.")
    if status == 403:
        return AIServerUnavailable("The AI server does not allow this token to do that.")
    if status == 404:
        return AIServerUnavailable("There is no AI server at this address (HTTP status 404).")
    if 300 <= status < 400:
        return AIServerUnavailable("The AI server redirects to another address. Enter that one.")
    return AIServerUnavailable(f"The AI server answered with HTTP status {status}.")


def _origin(fault: BaseException) -> BaseException:
    """Of a failed connection what the system said of it."""
    if isinstance(fault, httpx2.ConnectError) and fault.__cause__:
        # httpcore2 cuts the cause off with `from None`; its context is always the OSError.
        below = fault.__cause__.__cause__ or fault.__cause__.__context__
        return below if isinstance(below, OSError) else fault
    return fault
