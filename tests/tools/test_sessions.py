"""Sessions break, come back, change and are forgotten."""

import itertools
import os
import signal
from dataclasses import replace
from pathlib import Path

import gevent
import psutil
import pytest
from gevent import socket

from chat_app.errors import ToolUnavailable
from chat_app.tools.client import ToolClient
from chat_app.tools.values import ServerSpec, ToolLimits
from tests.sockets import eventually
from tests.tools.serving import (
    PATIENCE_S,
    Heard,
    at,
    by_hand,
    free_port,
    lived,
    served,
    tool_client,
    with_sdk,
)
from tests.tools.test_client import LONG_S, text_of


def pids(path: Path) -> list[int]:
    return [int(line.split()[1]) for line in lived(path) if line.startswith("pid ")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lived"


@pytest.fixture
def watched(path: Path) -> ServerSpec:
    return by_hand(LIVED=str(path))


def names(listing) -> list[str]:
    return [tool.name for tool in listing.tools]


def test_calls_share_one_session_and_the_list_is_asked_for_once(
    client: ToolClient, watched: ServerSpec, path: Path
):
    for _ in range(3):
        client.list_tools(watched)
        client.call(watched, "echo", {}, LONG_S)
    assert len(pids(path)) == 1
    assert lived(path).count("listed") == 1


def test_a_fresh_list_is_asked_for_again(client: ToolClient, watched: ServerSpec, path: Path):
    client.list_tools(watched)
    client.list_tools(watched, fresh=True)
    assert lived(path).count("listed") == 2


def test_people_whose_sessions_must_not_be_shared_have_their_own(
    client: ToolClient, watched: ServerSpec, path: Path
):
    client.list_tools(watched)
    client.list_tools(replace(watched, session="person 7"))
    assert len(pids(path)) == 2


def test_the_first_list_of_a_session_is_news(client: ToolClient, watched: ServerSpec, heard: Heard):
    listing = client.list_tools(watched)
    eventually(lambda: heard.listings(watched) == [listing])


@pytest.mark.parametrize("name", ["old_http_server", "http_server", "by_hand", "with_sdk"])
def test_a_changed_list_is_news_once_in_both_eras(
    client: ToolClient, heard: Heard, request: pytest.FixtureRequest, name: str
):
    made = {"by_hand": by_hand, "with_sdk": with_sdk}
    server = made[name]() if name in made else request.getfixturevalue(name)
    client.list_tools(server)
    news = len(heard.listings(server))
    client.call(server, "grow", {"name": f"more_{name}"}, LONG_S)
    eventually(lambda: f"more_{name}" in names(heard.listings(server)[-1]))
    client.call(server, "echo", {"text": "x"}, LONG_S)
    assert len(heard.listings(server)) == news + 1
    assert f"more_{name}" in names(client.list_tools(server))


def test_a_killed_server_is_lost_and_comes_back_by_itself(
    client: ToolClient, watched: ServerSpec, path: Path, heard: Heard
):
    client.call(watched, "echo", {}, LONG_S)
    os.kill(pids(path)[0], signal.SIGKILL)
    eventually(lambda: heard.losses(watched) == [f"{watched.name} broke off the connection."])
    eventually(lambda: len(heard.listings(watched)) == 2)
    assert text_of(client.call(watched, "echo", {"a": 1}, LONG_S)) == '{"a": 1}'


def test_a_call_cut_off_says_that_it_may_have_run(client: ToolClient, watched: ServerSpec):
    with pytest.raises(ToolUnavailable, match="broke off") as cut:
        client.call(watched, "die", {}, LONG_S)
    assert cut.value.fields == {"may_have_run": True}
    assert text_of(client.call(watched, "echo", {}, LONG_S)) == "{}"


def test_a_call_cut_off_is_made_once_more_where_that_is_safe(
    client: ToolClient, watched: ServerSpec, path: Path
):
    with pytest.raises(ToolUnavailable):
        client.call(watched, "die", {}, LONG_S, repeatable=True)
    assert lived(path).count("dying") == 2


def test_a_repeated_call_that_then_works_is_a_result(client: ToolClient, tmp_path: Path):
    server = with_sdk()
    once = {"once": str(tmp_path / "once")}
    assert text_of(client.call(server, "die", once, LONG_S, repeatable=True)) == "still alive"


def test_all_calls_in_flight_end_when_their_server_dies(
    client: ToolClient, watched: ServerSpec, path: Path
):
    calls = [gevent.spawn(client.call, watched, "wait", {}, LONG_S) for _ in range(10)]
    eventually(lambda: lived(path).count("started") == 10)
    os.kill(pids(path)[0], signal.SIGKILL)
    gevent.joinall(calls, timeout=30)
    assert all(isinstance(call.exception, ToolUnavailable) for call in calls)


def test_a_restarted_server_that_forgot_the_session_is_used_as_if_nothing_had_been(
    client: ToolClient,
):
    port = free_port()
    with served("legacy", port=port) as server:
        client.call(server, "echo", {"text": "before"}, LONG_S)
    with served("legacy", port=port):
        assert text_of(client.call(server, "echo", {"text": "after"}, LONG_S)) == "after"


def test_a_restarted_server_that_was_missed_is_found_without_anybody_asking(
    client: ToolClient, heard: Heard
):
    """Of 2026, where the open stream of changes tells that it is gone."""
    port = free_port()
    with served("modern", port=port) as server:
        client.list_tools(server)
    eventually(lambda: len(heard.losses(server)) == 1)
    with served("modern", port=port):
        eventually(lambda: len(heard.listings(server)) == 2, PATIENCE_S)
        assert text_of(client.call(server, "echo", {"text": "after"}, LONG_S)) == "after"


def test_a_redirect_to_the_same_server_is_followed(client: ToolClient, http_server: ServerSpec):
    assert http_server.url is not None
    server = at(f"{http_server.url}/")  # Starlette sends that to the address without the slash
    assert text_of(client.call(server, "echo", {"text": "here"}, LONG_S)) == "here"


def test_a_server_that_fails_is_left_alone_for_a_while_and_says_so(client: ToolClient):
    server = at(f"http://127.0.0.1:{free_port()}/mcp")
    with pytest.raises(ToolUnavailable, match=r"refused the connection\.$"):
        client.list_tools(server)
    with pytest.raises(ToolUnavailable, match="It is tried again in 1 s") as later:
        client.call(server, "echo", {}, LONG_S)
    assert later.value.fields == {"retry_after": 1}


def test_a_fresh_list_does_not_wait_for_that(client: ToolClient):
    port = free_port()
    server = at(f"http://127.0.0.1:{port}/mcp")
    for _ in range(4):
        with pytest.raises(ToolUnavailable, match=r"refused the connection\.$"):
            client.list_tools(server, fresh=True)
    with served("modern", port=port):
        assert "echo" in names(client.list_tools(server, fresh=True))


def test_a_server_that_comes_up_later_is_found_without_anybody_asking(
    client: ToolClient, heard: Heard
):
    port = free_port()
    server = at(f"http://127.0.0.1:{port}/mcp")
    with pytest.raises(ToolUnavailable):
        client.list_tools(server)
    with served("modern", port=port):
        eventually(lambda: len(heard.listings(server)) == 1, PATIENCE_S)


def test_a_changed_spec_gets_a_new_session_and_lets_calls_finish_on_the_old_one(
    client: ToolClient, tmp_path: Path
):
    path = tmp_path / "lived"
    server = with_sdk(LIVED=str(path))
    old_pid = int(text_of(client.call(server, "environment", {}, LONG_S)).split()[1])
    running = gevent.spawn(client.call, server, "wait", {"seconds": 1}, LONG_S)
    eventually(lambda: lived(path) == ["started"])
    changed = replace(server, env=(("OTHER", "yes"),))
    assert "OTHER" in text_of(client.call(changed, "environment", {}, LONG_S))
    assert text_of(running.get()) == "done"
    eventually(lambda: not psutil.pid_exists(old_pid))


def test_a_forgotten_server_ends_and_its_calls_with_it(
    client: ToolClient, watched: ServerSpec, path: Path
):
    call = gevent.spawn(client.call, watched, "wait", {}, LONG_S)
    eventually(lambda: "started" in lived(path))
    client.forget(watched.id)
    call.join(60)
    assert isinstance(call.exception, ToolUnavailable)
    eventually(lambda: not psutil.pid_exists(pids(path)[0]))


def test_a_server_is_forgotten_for_good_though_it_ignores_all_requests_to_end(
    client: ToolClient, path: Path
):
    server = by_hand("stubborn", LIVED=str(path))
    client.list_tools(server)
    client.forget(server.id)
    eventually(lambda: not psutil.pid_exists(pids(path)[0]))


def test_a_session_that_nobody_uses_is_closed_and_opened_again_when_wanted(tmp_path: Path):
    path, heard = tmp_path / "lived", Heard()
    server = by_hand(LIVED=str(path))
    with tool_client(heard, idle_s=0.3) as client:
        client.list_tools(server)
        eventually(lambda: lived(path)[-1] == "closed")
        assert text_of(client.call(server, "echo", {}, LONG_S)) == "{}"
    assert len(pids(path)) == 2
    assert heard.lost == []


def test_a_session_with_a_call_in_flight_is_not_idle(tmp_path: Path):
    with tool_client(idle_s=0.3) as client:
        assert text_of(client.call(with_sdk(), "wait", {"seconds": 1}, LONG_S)) == "done"


def test_a_hanging_server_costs_the_time_limit_once(hasty: ToolClient):
    """Whoever asks after that finds the breaker open."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(10)
        server = at(f"http://127.0.0.1:{deaf.getsockname()[1]}/mcp")
        assert failure(hasty, server).endswith("did not answer within 1 s.")
        eventually(lambda: "did not answer in time. It is tried again" in failure(hasty, server))


def failure(client: ToolClient, server: ServerSpec) -> str:
    with pytest.raises(ToolUnavailable) as failed:
        client.list_tools(server)
    return failed.value.message


def test_a_session_opens_for_all_who_wait_though_the_first_of_them_gave_up(client: ToolClient):
    server = with_sdk()
    first = gevent.spawn(client.list_tools, server)
    second = gevent.spawn(client.list_tools, server)
    gevent.sleep(0)
    first.kill()
    assert "echo" in names(second.get())


def test_news_that_is_not_taken_stops_nothing():
    counted = itertools.count()

    class Failing(Heard):
        def on_tools(self, spec, listing) -> None:
            next(counted)
            raise RuntimeError

    with tool_client(Failing(), ToolLimits()) as client:
        server = by_hand()
        client.list_tools(server)
        client.list_tools(server, fresh=True)
        eventually(lambda: next(counted) >= 2)
        client.call(server, "echo", {}, LONG_S)
