"""The one place where foreign failures become our errors.

tests/providers/test_faults.py walks every exception class of openai and httpx2 and fails when
one is neither named here nor below one that is.
"""

import socket
import ssl

import httpx2
import openai

from chat_app.errors import (
    ContentFiltered,
    HoldfastError,
    InternalError,
    ProviderBadResponse,
    ProviderTimeout,
    ProviderUnavailable,
)
from chat_app.providers.answer import ErrorInAnswer
from chat_app.providers.reported import by_status, in_answer
from chat_app.providers.sse_lines import LineTooLong

# What `map_fault` takes. Anything else is a mistake of ours and must not look like the provider's.
FOREIGN: tuple[type[Exception], ...] = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.CookieConflict,
    httpx2.StreamError,
    OSError,
    ErrorInAnswer,
    LineTooLong,
    HoldfastError,
)

_REFUSED = "The model provider refused the connection."
_UNKNOWN_HOST = "The model provider's host name is not known."
_CERTIFICATE = "The model provider's certificate is not trusted."
_TLS = "No secure connection to the model provider could be made."
_BROKE_OFF = "The model provider broke off the connection."
_PROXY = "The proxy on the way to the model provider failed."
_ADDRESS = "The model provider's address is not valid."
_CONNECT = "The model provider could not be reached in time."
_SILENT = "The model provider was silent for too long."
_BUSY = "Too many answers are under way to the model provider."
_UNREADABLE = "The model provider sent something we could not decode."
_LONG_LINE = "The model provider sent a line that is too long."
_OURS: tuple[type[HoldfastError], str | None] = (InternalError, None)

# Found by the nearest class in an exception's MRO. Classes that stand for a mistake of ours in
# using the SDK are named too, so that only new, unread classes are missing here.
FAULTS: dict[type[BaseException], tuple[type[HoldfastError], str | None]] = {
    ConnectionRefusedError: (ProviderUnavailable, _REFUSED),
    socket.gaierror: (ProviderUnavailable, _UNKNOWN_HOST),
    ssl.SSLCertVerificationError: (ProviderUnavailable, _CERTIFICATE),
    ssl.SSLError: (ProviderUnavailable, _TLS),
    TimeoutError: (ProviderTimeout, _SILENT),
    OSError: (ProviderUnavailable, None),
    LineTooLong: (ProviderBadResponse, _LONG_LINE),
    httpx2.ConnectTimeout: (ProviderTimeout, _CONNECT),
    httpx2.ReadTimeout: (ProviderTimeout, _SILENT),
    httpx2.WriteTimeout: (ProviderTimeout, None),
    httpx2.PoolTimeout: (ProviderTimeout, _BUSY),
    httpx2.TimeoutException: (ProviderTimeout, None),
    httpx2.ConnectError: (ProviderUnavailable, None),
    httpx2.ReadError: (ProviderUnavailable, _BROKE_OFF),
    httpx2.WriteError: (ProviderUnavailable, _BROKE_OFF),
    httpx2.CloseError: (ProviderUnavailable, _BROKE_OFF),
    httpx2.NetworkError: (ProviderUnavailable, None),
    httpx2.RemoteProtocolError: (ProviderUnavailable, _BROKE_OFF),
    httpx2.LocalProtocolError: (ProviderBadResponse, None),
    httpx2.ProtocolError: (ProviderUnavailable, None),
    httpx2.ProxyError: (ProviderUnavailable, _PROXY),
    httpx2.UnsupportedProtocol: (ProviderUnavailable, _ADDRESS),
    httpx2.SSEError: (ProviderBadResponse, None),
    httpx2.TransportError: (ProviderUnavailable, None),
    httpx2.DecodingError: (ProviderBadResponse, _UNREADABLE),
    httpx2.TooManyRedirects: (ProviderBadResponse, None),
    httpx2.RequestError: (ProviderUnavailable, None),
    httpx2.HTTPStatusError: (ProviderBadResponse, None),
    httpx2.HTTPError: (ProviderUnavailable, None),
    httpx2.InvalidURL: (ProviderUnavailable, _ADDRESS),
    httpx2.CookieConflict: (ProviderBadResponse, None),
    httpx2.StreamError: _OURS,
    httpx2.StreamConsumed: _OURS,
    httpx2.StreamClosed: (ProviderUnavailable, _BROKE_OFF),
    httpx2.ResponseNotRead: _OURS,
    httpx2.RequestNotRead: _OURS,
    openai.APITimeoutError: (ProviderTimeout, None),
    openai.APIConnectionError: (ProviderUnavailable, None),
    openai.APIResponseValidationError: (ProviderBadResponse, None),
    openai.LengthFinishReasonError: (ProviderBadResponse, None),
    openai.ContentFilterFinishReasonError: (ContentFiltered, None),
    openai.APIError: (ProviderBadResponse, None),
    openai.OpenAIError: _OURS,
}

# 500 and friends are worth a second try at once; 504 means that it already took long.
_WORTH_A_RETRY = frozenset({500, 502, 503, 529})


def map_fault(
    fault: Exception, api_key: str | None = None, has_images: bool = False
) -> HoldfastError:
    """Our error for a foreign one. `api_key` never shows in its message; `has_images` is whether
    any were sent, for providers complain of them in many ways.

    A class that is not known here is a mistake of ours: InternalError.
    """
    if isinstance(fault, HoldfastError):
        return fault
    if isinstance(fault, ErrorInAnswer):
        return in_answer(fault.error, api_key, has_images)
    if isinstance(fault, openai.APIStatusError):
        headers = {name.lower(): value for name, value in fault.response.headers.items()}
        return by_status(fault.status_code, headers, fault.body, api_key, has_images)
    found = (FAULTS[cls] for cls in type(_origin(fault)).__mro__ if cls in FAULTS)
    cls, message = next(found, _OURS)
    return cls(message)


def worth_a_second_try(fault: Exception) -> bool:
    """Whether asking again may help: the connection failed, or the server for a moment.

    Not after a time-out (the person has waited long enough) nor where it can only fail again.
    """
    if isinstance(fault, openai.APIStatusError):
        hurry = "retry-after" not in fault.response.headers
        return hurry and fault.status_code in _WORTH_A_RETRY
    origin = _origin(fault)
    if isinstance(origin, ssl.SSLError | TimeoutError | httpx2.TimeoutException):
        return False
    return isinstance(
        origin, OSError | httpx2.NetworkError | httpx2.RemoteProtocolError | httpx2.ProxyError
    )


def _origin(fault: BaseException) -> BaseException:
    """What lies under the SDK's wrapping.

    Only the steps that are known to be wrapping are taken: a whole walk down `__context__`
    would end at whatever the caller was handling when it asked.
    """
    if isinstance(fault, openai.APIConnectionError) and fault.__cause__:
        return _origin(fault.__cause__)
    if isinstance(fault, httpx2.ConnectError) and fault.__cause__:
        # httpcore2 cuts the cause off with `from None`; its context is always the OSError.
        below = fault.__cause__.__cause__ or fault.__cause__.__context__
        return below if isinstance(below, OSError) else fault
    return fault
