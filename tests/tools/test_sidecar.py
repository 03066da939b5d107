"""The two processes: what happens to one when the other dies, and what each can see."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import psutil
import pytest
from structlog.testing import capture_logs

from chat_app.errors import ToolUnavailable
from chat_app.tools.client import ToolClient
from chat_app.tools.process import Process
from tests.servers import ROOT
from tests.sockets import eventually
from tests.tools.serving import ENVIRON, by_hand, demo, lived, tool_client, with_sdk
from tests.tools.test_client import LONG_S, text_of

IDLE_MB_MAX = 55  # without demo server


@pytest.fixture
def own() -> Iterator[ToolClient]:
    """A client that nobody else uses, so that its sidecar may be killed."""
    with tool_client() as made:
        yield made


def process_of(client: ToolClient) -> Process:
    assert client._process is not None
    return client._process


def sidecar_of(client: ToolClient) -> psutil.Process:
    return psutil.Process(process_of(client).pid)


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_nothing_is_started_before_the_first_use(own: ToolClient):
    own.forget(1)
    assert own._process is None


def test_a_killed_sidecar_fails_its_calls_at_once_and_the_next_one_works(
    own: ToolClient, tmp_path: Path
):
    path = tmp_path / "lived"
    server = with_sdk(LIVED=str(path))
    call = gevent.spawn(own.call, server, "wait", {"seconds": 600}, 10 * LONG_S)
    eventually(lambda: lived(path) == ["started"])
    sidecar_of(own).kill()
    call.join(LONG_S)
    assert isinstance(call.exception, ToolUnavailable)
    assert call.exception.fields == {"may_have_run": True}
    assert text_of(own.call(server, "echo", {"text": "again"}, LONG_S)) == "again"


def test_a_sidecar_that_never_answers_is_not_started_without_end(own: ToolClient):
    for _ in range(2):
        asking = gevent.spawn(own.list_tools, demo())
        eventually(lambda: own._process is not None)
        sidecar_of(own).kill()
        with pytest.raises(ToolUnavailable):
            asking.get()
    with pytest.raises(ToolUnavailable, match="keeps ending; it starts again in") as refused:
        own.list_tools(demo())
    assert refused.value.fields == {"retry_after": 1}
    eventually(lambda: bool(own.list_tools(demo())) if can_start(own) else False)


def test_a_sidecar_that_has_answered_is_started_again_at_once(own: ToolClient):
    for _ in range(3):
        assert own.list_tools(demo()).tools
        sidecar_of(own).kill()
        eventually(lambda: own._process is None)


def can_start(client: ToolClient) -> bool:
    return time.monotonic() > client._not_before_s


def test_a_killed_sidecar_takes_its_servers_and_their_children_with_it(own: ToolClient):
    server = with_sdk()
    child = int(text_of(own.call(server, "offspring", {}, LONG_S)))
    family = [*sidecar_of(own).children(recursive=True)]
    assert child in [member.pid for member in family]
    sidecar_of(own).kill()
    eventually(lambda: not any(is_alive(member) for member in family))


def test_a_closed_client_leaves_nothing_behind(own: ToolClient):
    text_of(own.call(with_sdk(), "offspring", {}, LONG_S))
    own.list_tools(by_hand("stubborn"))
    family = [sidecar_of(own), *sidecar_of(own).children(recursive=True)]
    own.close()
    eventually(lambda: not any(is_alive(member) for member in family))


def test_a_closed_client_may_be_used_again(own: ToolClient):
    own.list_tools(demo())
    own.close()
    assert own.list_tools(demo()).tools


OWNER = """
    from gevent import monkey; monkey.patch_all()
    import os, sys, gevent
    from tests.tools.serving import by_hand, tool_client, with_sdk
    with tool_client() as client:
        client.list_tools(with_sdk())
        client.list_tools(by_hand("stubborn"))
        print("ready", flush=True)
        gevent.sleep(600)
"""


def test_a_killed_owner_is_followed_by_all_that_it_started():
    code = textwrap.dedent(OWNER)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, env=ENVIRON
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        family = psutil.Process(owner.pid).children(recursive=True)
        owner.kill()
    assert len(family) == 3
    eventually(lambda: not any(is_alive(member) for member in family))


FORKED = """
    from gevent import monkey; monkey.patch_all()
    import gevent.os, os
    from tests.tools.serving import demo, tool_client
    with tool_client() as client:
        client.list_tools(demo())
        if pid := gevent.os.fork():
            print(gevent.os.waitpid(pid, 0)[1] + len(client.list_tools(demo()).tools))
        else:
            os._exit(len(client.list_tools(demo()).tools) != 5)
"""


def test_a_client_that_was_used_works_on_both_sides_of_a_fork():
    code = textwrap.dedent(FORKED)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, env=ENVIRON, timeout=120
    )
    assert done.stdout == b"5\n", done.stderr


def test_neither_the_sidecar_nor_its_servers_see_our_secrets(
    own: ToolClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SECRET_KEY", "do-not-tell-anybody")
    names = text_of(own.call(with_sdk(MINE="1"), "environment", {}, LONG_S)).split()
    assert "MINE" in names
    assert "SECRET_KEY" not in names
    seen = Path(f"/proc/{process_of(own).pid}/environ").read_bytes()
    assert {one.split(b"=")[0].decode() for one in seen.split(b"\0") if one} == set(ENVIRON)


def test_the_sidecar_stays_small(own: ToolClient):
    """Without the SDK's server side and without our own application."""
    own.list_tools(by_hand())
    assert sidecar_of(own).memory_info().rss / 1024**2 < IDLE_MB_MAX
    maps = Path(f"/proc/{process_of(own).pid}/maps").read_text()
    assert "gevent" not in maps
    assert "sqlalchemy" not in maps


def test_a_term_signal_leaves_calls_to_their_end(own: ToolClient):
    """A deploy signals every process; the web side says when it is over."""
    own.list_tools(by_hand())
    sidecar = sidecar_of(own)
    os.kill(sidecar.pid, signal.SIGTERM)
    own.list_tools(by_hand(), fresh=True)
    assert is_alive(sidecar)
    own.close()
    eventually(lambda: not is_alive(sidecar))


def test_what_the_sidecar_prints_is_logged_and_not_for_ever():
    environ = {**ENVIRON, "PYTHONVERBOSE": "1"}  # thousands of lines, at its start
    with capture_logs() as logs, tool_client(environ=environ) as client:
        client.list_tools(demo())
    said = [line for line in logs if line["event"] == "the tool process says"]
    assert 20 <= len(said) <= 60
