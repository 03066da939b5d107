"""Tool servers that hang, lie, flood and break. None of them takes anything else with it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import SHUT_WR
from typing import Any

import psutil
import pytest
from gevent.server import StreamServer
from structlog.testing import capture_logs

from chat_app.errors import ToolFailed, ToolUnavailable
from chat_app.tools.client import ToolClient
from chat_app.tools.values import ServerSpec
from tests.sockets import eventually
from tests.tools.serving import at, by_hand, demo, lived, stdio, web_app
from tests.tools.test_client import LONG_S, text_of

BIG = 50 * 1024 * 1024


def works(client: ToolClient) -> bool:
    """Whether the sidecar still serves others, and quickly."""
    began_s = time.monotonic()
    text_of(client.call(demo(), "calculate", {"expression": "6 * 7"}, LONG_S))
    return time.monotonic() - began_s < 20


def failure(client: ToolClient, spec: ServerSpec) -> str:
    """What listing its tools fails with, without the server's name."""
    with pytest.raises(ToolUnavailable) as failed:
        client.list_tools(spec)
    assert works(client)
    return failed.value.message.removeprefix(f"{spec.name} ")


# --- over stdio ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("exits", "broke off the connection."),
        ("garbage", "sent something that is not MCP."),
        ("no-lines", "sent something that is not MCP."),
    ],
)
def test_a_command_that_is_no_tool_server_says_so(client: ToolClient, kind: str, said: str):
    assert failure(client, by_hand(kind)) == said


def test_a_command_that_never_answers_is_ended(hasty: ToolClient, tmp_path: Path):
    command = ("sh", "-c", 'echo $$ > "$0"; exec sleep 600', str(tmp_path / "pid"))
    server = ServerSpec(stdio("").id, "Silent", "stdio", command=command)
    assert works(hasty)  # or its sidecar starts for longer than that, and never the server
    assert "did not answer" in failure(hasty, server)
    eventually(lambda: bool(lived(tmp_path / "pid")))
    (pid,) = lived(tmp_path / "pid")
    eventually(lambda: not psutil.pid_exists(int(pid)))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nowhere/at-all",), "has a command that was not found."),
        ((), "has a command that was not found."),
        (("cat",), ""),
        (("true",), "broke off the connection."),
        (("sh", "-c", "exec /dev/null"), "broke off the connection."),
    ],
)
def test_a_command_that_cannot_be_one_says_so(
    client: ToolClient, command: tuple[str, ...], said: str
):
    server = ServerSpec(stdio("").id, "Wrong", "stdio", command=command)
    assert failure(client, server).endswith(said)


def test_a_server_that_floods_its_log_works_and_the_log_stays_short(client: ToolClient):
    with capture_logs() as logs:
        server = by_hand("noisy")
        for number in range(20):
            assert (
                text_of(client.call(server, "echo", {"n": number}, LONG_S)) == f'{{"n": {number}}}'
            )
        eventually(lambda: any(line.get("server") == server.name for line in logs))
        assert len(logs) <= 20
        client.forget(server.id)
    assert works(client)


def test_a_server_may_greet_on_its_stdout(client: ToolClient):
    assert client.list_tools(by_hand("banner")).server_name == "By hand"


@pytest.mark.parametrize("tool", ["big", "last"])
def test_a_result_of_50_mb_fails_its_call_and_nothing_else(client: ToolClient, tool: str):
    server = by_hand()
    with pytest.raises(ToolFailed, match="sent a result that is too large"):
        client.call(server, tool, {"size": BIG}, LONG_S)
    assert text_of(client.call(server, "echo", {}, LONG_S)) == "{}"
    assert works(client)


def test_a_result_that_cannot_be_read_fails_its_call_at_once_and_nothing_else(client: ToolClient):
    server = by_hand()
    with pytest.raises(ToolUnavailable, match=r"sent something that is not MCP\.") as failed:
        client.call(server, "slur", {}, LONG_S)
    assert failed.value.fields == {"may_have_run": True}
    assert text_of(client.call(server, "echo", {}, LONG_S)) == "{}"


def test_a_list_that_cannot_be_read_says_so_at_once(client: ToolClient):
    assert failure(client, by_hand("abyss")) == "sent something that is not MCP."


def test_a_long_result_is_cut_and_says_so(client: ToolClient):
    text = text_of(client.call(by_hand(), "big", {"size": 900_000}, LONG_S))
    assert text.endswith("x\n\n[Cut: the result had 900,000 bytes.]")
    assert len(text) == 64 * 1024


def test_pages_without_an_end_end(client: ToolClient):
    listing = client.list_tools(by_hand("pages"))
    assert (len(listing.tools), listing.left_out) == (50, 0)


@pytest.mark.parametrize(("kind", "names"), [("circle", ["a"]), ("two-pages", ["a", "b"])])
def test_pages_are_followed_to_their_end(client: ToolClient, kind: str, names: list[str]):
    assert [tool.name for tool in client.list_tools(by_hand(kind)).tools] == names


def test_what_cannot_be_offered_is_left_out_and_counted(client: ToolClient):
    listing = client.list_tools(by_hand("bombs"))
    assert [tool.name for tool in listing.tools] == ["good", "circle", "wordy"]
    assert listing.tools[0].description == ""
    assert len(listing.tools[2].description) == 4_000
    assert listing.left_out == 6


# --- over HTTP -----------------------------------------------------------------------------------

Start = Callable[..., Any]


def says(status: str, body: bytes = b"", **headers: str) -> Callable[[Any, Start], list[bytes]]:
    def app(environ: Any, start: Start) -> list[bytes]:
        environ["wsgi.input"].read()
        start(status, [(name.replace("_", "-"), value) for name, value in headers.items()])
        return [body]

    return app


JSON = {"Content_Type": "application/json"}
EVENTS = {"Content_Type": "text/event-stream"}
NOT_MCP = "sent something that is not MCP."


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (says("401 Unauthorized"), "wants a key or a sign-in that it was not given."),
        (says("403 Forbidden"), "wants a key or a sign-in that it was not given."),
        (says("500 Oops"), "answered with HTTP status 500."),
        (says("404 Not Found"), "answered with HTTP status 404."),
        (
            says("200 OK", b"<html>", Content_Type="text/html"),
            "answered with an error: Unexpected content",
        ),
        (says("200 OK", b"{", **JSON), NOT_MCP),
        (says("200 OK", b"[1, 2]", **JSON), NOT_MCP),
        (says("200 OK", b"\x1f\x8b", Content_Encoding="gzip", **JSON), NOT_MCP),
        (says("200 OK", b"data: {\n\n", **EVENTS), NOT_MCP),
        (says("200 OK", b"data: ", **EVENTS), "broke off the connection."),
        (says("200 OK", b" " * BIG, **JSON), "sent a message that is too large."),
        (says("200 OK", b"data: " + b" " * BIG, **EVENTS), "sent a message that is too large."),
        (
            says("202 Accepted"),
            "answered with an error: server answered a request with 202 Accepted",
        ),
        (says("302 Found", Location="/other"), "redirects to another address."),
        (says("307 No", Location="http://127.0.0.1:1/"), "redirects to another address."),
        (says("307 No", Location="/mcp"), "redirects to another address."),
    ],
)
def test_an_answer_that_is_none_says_so(client: ToolClient, app: Any, said: str):
    with web_app(app) as url:
        assert failure(client, at(url)).startswith(said)


@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_server_that_wants_a_sign_in_is_told_apart(
    client: ToolClient, status: str, transport: str
):
    with web_app(says(status)) as url:
        with pytest.raises(ToolUnavailable) as refused:
            client.list_tools(at(url, transport))
        assert refused.value.fields == {"sign_in": True}
        with pytest.raises(ToolUnavailable) as again:
            client.call(at(url, transport), "echo", {}, LONG_S)
        assert again.value.fields == {"sign_in": True}


@contextmanager
def raw_server(handle: Callable[[Any], None]) -> Iterator[str]:
    def connected(sock: Any, address: Any) -> None:
        with sock:
            sock.recv(65536)
            handle(sock)
            # Closing with something unread would send a reset, which may overtake what was said.
            sock.shutdown(SHUT_WR)
            while sock.recv(65536):
                pass

    server = StreamServer(("127.0.0.1", 0), connected)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp"
    finally:
        server.stop(timeout=0.1)


@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize("bytes_", [b"", b"\xff\xfe nonsense \r\n\r\n", b"HTTP/1.1 200 O"])
def test_something_else_than_http_says_so(client: ToolClient, transport: str, bytes_: bytes):
    with raw_server(lambda sock: sock.sendall(bytes_)) as url:
        assert failure(client, at(url, transport)) == (
            "broke off the connection, or does not speak HTTP."
        )


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_a_body_that_never_comes_is_not_waited_for(hasty: ToolClient, transport: str):
    def half(environ: Any, start: Start) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/event-stream")])
        while True:
            yield b": still here\n\n"
            time.sleep(0.1)

    with web_app(half) as url:
        assert "did not answer" in failure(hasty, at(url, transport))


@pytest.mark.parametrize("url", ["", "mcp", "ftp://x/", "http://", "http://[::1", "http://u:p@x/"])
def test_an_address_that_is_none_says_so(client: ToolClient, url: str):
    assert failure(client, at(url)).startswith("cannot be used. ")


def test_an_unknown_host_says_so(client: ToolClient):
    assert failure(client, at("http://tools.invalid/mcp")) == "has a host name that is not known."


@pytest.mark.parametrize("value", ["Bearer a\nb", "Bearer ключ", "Bearer a\0b"])
def test_headers_that_cannot_be_sent_say_so(client: ToolClient, value: str):
    with web_app(says("500 Oops")) as url:
        server = at(url, headers=(("Authorization", value),))
        assert failure(client, server) == "has headers that cannot be sent."


def test_headers_of_a_person_do_not_change_how_requests_are_put_together(client: ToolClient):
    seen: list[Any] = []

    def app(environ: Any, start: Start) -> list[bytes]:
        seen.append(
            {name: environ.get(f"HTTP_{name}") for name in ("HOST", "X_MINE", "USER_AGENT")}
        )
        return says("500 Oops")(environ, start)

    given = {"Host": "evil", "Content-Length": "3", "Transfer-Encoding": "chunked"}
    with web_app(app) as url:
        mine = {"X-Mine": "yes", "User-Agent": "me", **given}
        failure(client, at(url, headers=tuple(mine.items())))
    host = url.split("/")[2]
    assert seen[0] == {"HOST": host, "X_MINE": "yes", "USER_AGENT": "me"}
