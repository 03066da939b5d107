"""Where the address of an AI server may lead, with real sockets."""

import gc
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
import psutil
import pytest

from chat_app.egress import Networks
from chat_app.errors import AIServerUnavailable
from chat_app.remote import client as remote_client
from chat_app.remote.client import AiServers
from chat_app.remote.values import Address, Cut
from chat_app.remote.wire import trusting
from tests.certificates import self_signed
from tests.remote.ai_server import AiServer, ai_server, answer
from tests.sockets import eventually

PRIVATE = "cannot be used. The address leads into a private network"
LOOPBACK = Networks((ip_network("127.0.0.1/32"),))
HEALTH = "GET /health"


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name leads to these. Gives the names that were looked up, one entry a time."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def named(server: AiServer, name: str = "ai.example") -> str:
    return server.url.replace("127.0.0.1", name)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
    ],
)
def test_no_spelling_of_a_private_address_is_reached(
    server: AiServer, client: AiServers, host: str
):
    address = server.address(url=named(server, host), is_free=False)
    with pytest.raises(AIServerUnavailable, match=PRIVATE):
        client.health(address)
    with pytest.raises(Cut, match=PRIVATE):
        client.stream(address, "t1")
    assert server.is_open == []


def test_what_the_operator_typed_is_reached_wherever_it_is(server: AiServer, client: AiServers):
    server.says[HEALTH] = [answer({"ok": True})]
    for host in ("127.0.0.1", "localhost"):
        assert client.health(server.address(url=named(server, host))) == {"ok": True}


def test_a_connection_of_the_operator_s_is_none_for_others(server: AiServer, client: AiServers):
    server.says[HEALTH] = [answer({})]
    client.health(server.address())
    with pytest.raises(AIServerUnavailable, match=PRIVATE):
        client.health(server.address(is_free=False))
    assert len(server.asked) == 1


def test_an_allowed_network_is_reached(server: AiServer):
    server.says[HEALTH] = [answer({"ok": True})]
    client = AiServers(LOOPBACK)
    assert client.health(server.address(is_free=False)) == {"ok": True}
    with pytest.raises(AIServerUnavailable, match=PRIVATE):
        client.health(server.address(url=named(server, "127.0.0.2"), is_free=False))
    client.close()


def test_what_was_checked_is_what_is_connected_to(
    server: AiServer, monkeypatch: pytest.MonkeyPatch
):
    """A name that leads elsewhere when it is asked for again has gained nothing."""
    asked = names(monkeypatch, "127.0.0.1")
    server.says[HEALTH] = [answer({"ok": True})]
    client = AiServers(LOOPBACK)
    assert client.health(server.address(url=named(server), is_free=False)) == {"ok": True}
    client.close()
    assert asked.count("ai.example") == 1
    assert server.asked[0].headers["host"] == named(server).removeprefix("http://")


def test_a_name_that_also_leads_into_a_private_network_is_not_used_at_all(
    server: AiServer, monkeypatch: pytest.MonkeyPatch
):
    names(monkeypatch, "127.0.0.1", "127.0.0.2")
    client = AiServers(LOOPBACK)
    with pytest.raises(AIServerUnavailable, match=PRIVATE):
        client.health(server.address(url=named(server), is_free=False))
    assert server.is_open == []


def test_all_addresses_of_a_name_are_tried(server: AiServer, monkeypatch: pytest.MonkeyPatch):
    server.says[HEALTH] = [answer({"ok": True})]
    names(monkeypatch, "127.0.0.3", "127.0.0.1")
    client = AiServers(Networks())
    assert client.health(server.address(url=named(server))) == {"ok": True}
    client.close()


def test_a_redirect_is_not_followed_and_gets_no_token(server: AiServer, client: AiServers):
    with ai_server() as elsewhere:
        server.says[HEALTH] = [answer({}, "307 Elsewhere", Location=f"{elsewhere.url}/health")]
        with pytest.raises(AIServerUnavailable, match="redirects to another address"):
            client.health(server.address())
        assert elsewhere.is_open == []


def test_a_proxy_of_the_environment_is_not_used(server: AiServer, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.says[HEALTH] = [answer({})]
    client = AiServers(Networks())
    assert client.health(server.address()) == {}
    client.close()


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://x/", "http://", "http://[::1", "http://u:p@x/", "http://x:0/", "http://a b/"],
)
def test_an_address_that_is_none_says_so(client: AiServers, server: AiServer, url: str):
    for is_free in (True, False):
        with pytest.raises(AIServerUnavailable, match="address"):
            client.health(server.address(url=url, is_free=is_free))


@pytest.mark.parametrize("host", ["ai.invalid", "x" * 64 + ".example", "a..b"])
def test_a_host_that_nobody_knows_says_so(
    client: AiServers, server: AiServer, host: str, monkeypatch: pytest.MonkeyPatch
):
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(AIServerUnavailable, match=r"host name is not known|address is not valid"):
        client.health(server.address(url=named(server, host)))


def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(
    server: AiServer, monkeypatch: pytest.MonkeyPatch
):
    asked = gevent.event.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [asked.wait(60)][1:])
    monkeypatch.setattr(remote_client, "CONNECT_S", 0.2)
    with pytest.raises(AIServerUnavailable, match="could not be reached in time"):
        AiServers(Networks()).health(server.address(url=named(server)))
    asked.set()


def test_a_connection_nobody_accepts_is_not_waited_for(
    client: AiServers, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(remote_client, "CONNECT_S", 0.2)
    with (
        nobody_accepts() as url,
        pytest.raises(AIServerUnavailable, match="could not be reached in time"),
    ):
        client.health(Address(url, is_free=True))


@contextmanager
def nobody_accepts() -> Iterator[str]:
    """The address of a server whose queue is full."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"


@pytest.fixture
def newborn() -> Iterator[None]:
    """This process has not read yet whom it trusts, nor has it afterwards."""
    trusting.cache_clear()
    yield
    trusting.cache_clear()


@pytest.mark.usefixtures("newborn")
def test_over_tls_the_name_is_checked_and_not_the_address_it_led_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The certificate is one for 127.0.0.1, which the operator trusts."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(self_signed())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    client = AiServers(Networks((ip_network("127.0.0.0/8"), ip_network("::1/128"))))
    with ai_server(tls=True) as server:
        server.says[HEALTH] = [answer({"ok": True})]
        assert client.health(server.address(is_free=False)) == {"ok": True}
        with pytest.raises(AIServerUnavailable, match="certificate is not trusted"):
            client.health(server.address(url=named(server, "localhost"), is_free=False))
    client.close()


def test_a_certificate_that_nobody_signed_is_not_trusted(client: AiServers):
    with ai_server(tls=True) as server:
        with pytest.raises(AIServerUnavailable, match="certificate is not trusted"):
            client.health(server.address())
        with pytest.raises(AIServerUnavailable, match=r"broke off|answer in time"):
            client.health(server.address(url=server.url.replace("https", "http")))


def test_tls_to_a_server_without_it_says_so(server: AiServer, client: AiServers):
    url = server.url.replace("http", "https")
    with pytest.raises(AIServerUnavailable, match="No secure connection"):
        client.health(server.address(url=url))


def test_a_greenlet_killed_while_it_connects_leaves_no_socket(client: AiServers):
    with nobody_accepts() as url:
        before = sockets_to(url)
        greenlet = gevent.spawn(client.health, Address(url, is_free=True))
        eventually(lambda: sockets_to(url) > before)
        greenlet.kill()
        gc.collect()
        eventually(lambda: sockets_to(url) == before)


def sockets_to(url: str) -> int:
    """How many of this process's sockets go there."""
    ours = psutil.Process().net_connections("tcp")
    return sum(1 for one in ours if one.raddr and one.raddr.port == urlsplit(url).port)
