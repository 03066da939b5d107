"""Every failure that comes from elsewhere becomes one of ours, in a sentence for a person."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import httpcore2
import httpx2
import pytest

from chat_app.egress import EgressRefused
from chat_app.errors import AIServerUnavailable, InternalError
from chat_app.remote.client import AiServers
from chat_app.remote.faults import FAULTS, FOREIGN, UNSENT, TooLarge, by_status, map_fault
from chat_app.remote.values import Address

NOWHERE = Address("http://127.0.0.1:9", is_free=True)


def caused(fault: BaseException, cause: BaseException) -> Any:
    fault.__cause__ = cause
    return fault


def below(cause: BaseException) -> Any:
    """As httpx2 wraps what httpcore2 made of an error of the system's."""
    core = httpcore2.ConnectError()
    core.__context__ = cause
    return caused(httpx2.ConnectError("x"), core)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (below(ConnectionRefusedError()), "refused the connection"),
        (below(socket.gaierror()), "host name is not known"),
        (below(ssl.SSLCertVerificationError()), "certificate is not trusted"),
        (below(ssl.SSLError()), "No secure connection"),
        (below(OSError(113, "No route to host")), "cannot be reached"),
        (below(ValueError()), "cannot be reached"),
        (httpx2.ConnectError("x"), "cannot be reached"),
        (httpx2.ConnectTimeout("x"), "could not be reached in time"),
        (httpx2.ReadTimeout("x"), "did not answer in time"),
        (httpx2.PoolTimeout("x"), "Too many connections"),
        (httpx2.ReadError("x"), "broke off the connection"),
        (httpx2.RemoteProtocolError("x"), "does not speak HTTP"),
        (httpx2.InvalidURL("x"), "address is not valid"),
        (ConnectionResetError(), "broke off the connection"),
        (TooLarge(), "more than an answer can be"),
        (EgressRefused("It is private."), "cannot be used. It is private."),
    ],
)
def test_each_failure_has_its_sentence(fault: Exception, sentence: str):
    error = map_fault(fault)
    assert type(error) is AIServerUnavailable
    assert sentence in error.message


@pytest.mark.parametrize("fault", [httpx2.StreamConsumed(), httpx2.RequestNotRead(), KeyError("x")])
def test_a_mistake_of_ours_does_not_look_like_the_server_s(fault: Exception):
    assert type(map_fault(fault)) is InternalError


@pytest.mark.parametrize("status", [100, 301, 401, 403, 404, 409, 418, 500, 503, 599])
def test_each_status_has_a_sentence(status: int):
    assert by_status(status).message != AIServerUnavailable.sentence


# --- complete ------------------------------------------------------------------------------------


def every_class_of(*roots: type) -> Iterator[type]:
    for root in roots:
        yield root
        yield from every_class_of(*root.__subclasses__())


def classes_of(package: str) -> set[type[Exception]]:
    """Each exception class that the package defines, exported or not."""
    return {
        cls
        for cls in every_class_of(Exception)
        if cls.__module__.partition(".")[0] == package and not issubclass(cls, Warning)
    }


# Of parts that we do not use: WebSockets, and httpx2's own command and event streams.
NOT_USED = {"WebSocketConnectionClosedError", "WebSocketQueueFullError"}


def test_every_exception_of_httpx2_is_mapped_on_purpose():
    names = {cls.__name__ for cls in classes_of("httpx2") if cls not in FAULTS}
    assert names - NOT_USED == set()
    assert all(issubclass(cls, FOREIGN) for cls in FAULTS)
    assert all(cls in FAULTS or cls is EgressRefused for cls in UNSENT)


# What the pool says to itself; it asks another connection then.
INSIDE = {"ConnectionNotAvailable"}


@pytest.mark.parametrize(
    "cls",
    sorted(
        (cls for cls in classes_of("httpcore2") if cls.__name__ not in INSIDE),
        key=lambda cls: cls.__name__,
    ),
)
def test_every_exception_of_httpcore2_becomes_ours(
    cls: type[Exception], monkeypatch: pytest.MonkeyPatch, client: AiServers
):
    def fail(*_: Any) -> None:
        raise cls("x")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", fail)
    with pytest.raises(AIServerUnavailable):
        client.health(NOWHERE)
