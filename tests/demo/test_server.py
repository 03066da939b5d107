import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from openai import NotFoundError, OpenAI

from chat_app.demo.model import MAX_BODY_BYTES
from chat_app.demo.server import DemoServer

STREAM = json.dumps(
    {
        "model": "holdfast-demo",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
)
FOREVER_S = 3_600


@pytest.fixture
def server() -> Iterator[DemoServer]:
    server = DemoServer(pace_s=0)
    yield server
    server.close()


def connect(server: DemoServer) -> HTTPConnection:
    return HTTPConnection(urlsplit(server.base_url()).netloc, timeout=120)


def stream(server: DemoServer) -> bytes:
    connection = connect(server)
    connection.request("POST", "/v1/chat/completions", STREAM)
    return connection.getresponse().read()


def raw(server: DemoServer, request: bytes) -> bytes:
    """Everything the server says to `request` until it closes the connection."""
    address = urlsplit(server.base_url())
    with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_it_listens_on_loopback_only_from_the_first_use_on(server: DemoServer) -> None:
    url = urlsplit(server.base_url())
    assert (url.hostname, url.path) == ("127.0.0.1", "/v1")
    assert server.base_url() == url.geturl()


def test_threads_that_ask_at_once_get_one_listener(server: DemoServer) -> None:
    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(lambda _: server.base_url(), range(100)))) == 1


def test_the_openai_sdk_talks_to_it(server: DemoServer) -> None:
    with OpenAI(base_url=server.base_url(), api_key="none", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["holdfast-demo"]
        events = client.chat.completions.create(
            model="holdfast-demo", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        text = "".join(event.choices[0].delta.content or "" for event in events)
        assert "Holdfast" in text
        with pytest.raises(NotFoundError, match="does not exist"):
            client.chat.completions.create(
                model="other", messages=[{"role": "user", "content": ""}]
            )


def test_the_openai_sdk_reads_its_tool_calls(server: DemoServer) -> None:
    function = {"name": "calculate", "parameters": {"type": "object"}}
    asked = {
        "model": "holdfast-demo",
        "messages": [{"role": "user", "content": "3*7"}],
        "tools": [{"type": "function", "function": function}],
    }
    client = OpenAI(base_url=server.base_url(), api_key="none", max_retries=0)
    with client, client.chat.completions.stream(**asked) as events:
        message = events.get_final_completion().choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("calculate", '{"expression":"3*7"}')


def test_a_connection_is_kept_for_the_next_request(server: DemoServer) -> None:
    connection = connect(server)
    connection.connect()
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        connection.request("POST", "/v1/chat/completions", STREAM)
        response = connection.getresponse()
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.read().endswith(b"data: [DONE]\n\n")
        assert connection.sock.getsockname()[1] == port


def test_many_streams_at_once_each_get_the_whole_answer(server: DemoServer) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: stream(server), range(100)))
    assert len({answer.count(b"data: ") for answer in answers}) == 1
    assert all(answer.endswith(b"data: [DONE]\n\n") for answer in answers)


def test_a_client_that_stalls_holds_nobody_up(server: DemoServer) -> None:
    address = urlsplit(server.base_url())
    with socket.create_connection((address.hostname, address.port)) as stalled:
        stalled.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        assert stream(server).endswith(b"data: [DONE]\n\n")


def test_the_first_event_comes_at_once_and_a_client_may_leave_after_it() -> None:
    server = DemoServer(pace_s=FOREVER_S)
    connection = connect(server)
    connection.request("POST", "/v1/chat/completions", STREAM)
    assert b'"role":"assistant"' in connection.getresponse().readline()
    connection.close()
    server.close()


def test_an_oversized_body_is_refused_and_the_refusal_arrives(server: DemoServer) -> None:
    connection = connect(server)
    connection.request("POST", "/v1/chat/completions", b"x" * (2 * MAX_BODY_BYTES))
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"BREW /v1/models HTTP/1.1\r\n\r\n",
        b"GET /v1/models HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_proper_request_gets_an_error_in_json(
    server: DemoServer, request_: bytes
) -> None:
    head, _, body = raw(server, request_).rpartition(b"\r\n\r\n")
    assert b"Traceback" not in head
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_an_old_client_gets_the_stream_without_chunks(server: DemoServer) -> None:
    body = STREAM.encode()
    request = b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body)
    head, _, events = raw(server, request + body).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert events.startswith(b"data: {")
    assert events.endswith(b"data: [DONE]\n\n")


def test_after_close_the_port_is_free_and_open_connections_end(server: DemoServer) -> None:
    connection = connect(server)
    connection.request("GET", "/v1/models")
    connection.getresponse().read()
    server.close()
    assert connection.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(connection.port)))


def test_it_may_be_closed_twice_and_started_again(server: DemoServer) -> None:
    server.base_url()
    server.close()
    server.close()
    assert stream(server).endswith(b"data: [DONE]\n\n")


FORK = """
{patch}
import os, sys
from urllib.request import urlopen
from chat_app.demo.server import DemoServer

server = DemoServer()
url = server.base_url()
urlopen(url + "/models").read()
child = os.fork()
if child == 0:
    own = server.base_url()
    found = urlopen(own + "/models").read()
    server.close()
    os._exit(0 if own != url and b"holdfast-demo" in found else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child"
assert server.base_url() == url
assert b"holdfast-demo" in urlopen(url + "/models").read()
server.close()
"""


@pytest.mark.parametrize("patch", ["", "from gevent import monkey; monkey.patch_all()"])
def test_a_forked_process_gets_its_own_and_leaves_the_parents_alone(patch: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK.format(patch=patch)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"no_proxy": "*"},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
