"""Addresses that members typed, with real sockets: where they may lead and where not."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from chat_app.egress import Networks
from chat_app.errors import ToolUnavailable
from chat_app.tools.client import ToolClient
from chat_app.tools.values import ServerSpec
from tests.certificates import self_signed, server_context
from tests.sockets import eventually
from tests.tools.serving import ENVIRON, at, tool_client, web_app
from tests.tools.test_client import LONG_S, text_of
from tests.tools.test_misbehaving import says

PRIVATE = "cannot be used. The address leads into a private network"


@pytest.fixture(scope="module")
def loopback() -> Iterator[ToolClient]:
    """Of an operator who allows 127.0.0.1, and nothing else that is private."""
    with tool_client(networks=Networks((ip_network("127.0.0.1/32"),))) as made:
        yield made


@contextmanager
def counted() -> Iterator[tuple[str, list[Any]]]:
    """A server, and the requests that reached it."""
    reached: list[Any] = []

    def app(environ: Any, start: Any) -> list[bytes]:
        reached.append((environ["REQUEST_METHOD"], environ.get("HTTP_AUTHORIZATION")))
        return says("500 Oops")(environ, start)

    with web_app(app) as url:
        yield url, reached


@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.0.1",
        "192.168.1.1",
        "[fe80::1]",
        "[fd00::1]",
    ],
)
def test_no_spelling_of_a_private_address_is_reached(client: ToolClient, host: str, transport: str):
    with counted() as (url, reached):
        server = at(url.replace("127.0.0.1", host), transport, is_guarded=True)
        # httpx2 itself does not take octal numbers.
        with pytest.raises(ToolUnavailable, match=f"{PRIVATE}|address that is not valid"):
            client.list_tools(server)
        assert reached == []


def test_what_an_operator_typed_is_not_checked(client: ToolClient, http_server: ServerSpec):
    assert client.list_tools(at(str(http_server.url))).tools


@pytest.mark.parametrize("name", ["http_server", "old_http_server", "sse_server"])
def test_an_allowed_network_is_reached(
    loopback: ToolClient, request: pytest.FixtureRequest, name: str
):
    found: ServerSpec = request.getfixturevalue(name)
    server = at(str(found.url), found.transport, is_guarded=True)
    assert text_of(loopback.call(server, "echo", {"text": "hi"}, LONG_S)) == "hi"


def test_every_address_of_a_name_has_to_be_allowed(loopback: ToolClient):
    """127.0.0.2 is loopback too, and not what the operator allowed."""
    with pytest.raises(ToolUnavailable, match=PRIVATE):
        loopback.list_tools(at("http://127.0.0.2:1/mcp", is_guarded=True))


@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_a_redirect_to_elsewhere_is_not_followed_and_gets_no_key(
    loopback: ToolClient, status: str, transport: str
):
    with counted() as (elsewhere, reached), web_app(says(status, Location=elsewhere)) as url:
        key = (("Authorization", "Bearer secret"),)
        with pytest.raises(ToolUnavailable, match="redirects to another address"):
            loopback.list_tools(at(url, transport, is_guarded=True, headers=key))
        assert reached == []


def test_the_key_goes_to_the_server(client: ToolClient):
    with counted() as (url, reached):
        with pytest.raises(ToolUnavailable):
            client.list_tools(at(url, headers=(("Authorization", "Bearer secret"),)))
        eventually(lambda: ("POST", "Bearer secret") in reached)


def test_a_proxy_of_the_environment_is_not_used(http_server: ServerSpec):
    environ = {"HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
    with tool_client(environ=environ) as client:
        assert client.list_tools(at(str(http_server.url))).tools


def test_a_certificate_that_nobody_signed_is_not_trusted(client: ToolClient):
    with (
        web_app(says("500 Oops"), ssl_context=server_context()) as url,
        pytest.raises(ToolUnavailable, match="a certificate that is not trusted"),
    ):
        client.list_tools(at(url))


def test_over_tls_the_name_is_checked_and_not_the_address_it_led_to(tmp_path: Path):
    """The certificate is one for 127.0.0.1, which the operator trusts."""
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(self_signed())
    environ = {**ENVIRON, "SSL_CERT_FILE": str(trusted)}
    networks = Networks((ip_network("127.0.0.0/8"), ip_network("::1/128")))
    with (
        web_app(says("500 Oops"), ssl_context=server_context()) as url,
        tool_client(networks=networks, environ=environ) as client,
    ):
        with pytest.raises(ToolUnavailable, match="answered with HTTP status 500"):
            client.list_tools(at(url, is_guarded=True))
        with pytest.raises(ToolUnavailable, match="a certificate that is not trusted"):
            client.list_tools(at(url.replace("127.0.0.1", "localhost"), is_guarded=True))
