"""The example for API users: its folding, its patience, and its way through a killed server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import httpx2
import pytest

from chat_app.settings import Settings
from examples import client
from examples.client import Answer, Refused
from tests.clients import People
from tests.fakes import Chunk, FakeProvider, Hold, says
from tests.houses import Caller
from tests.servers import ROOT, Server, free_port, serve

RUN = "0190d3a0-0000-7000-8000-000000000000"
Handler = Callable[[httpx2.Request], httpx2.Response]


def told(*events: dict[str, Any]) -> Answer:
    """What an answer is after these events, numbered from 1."""
    answer = Answer()
    for seq, event in enumerate(events, 1):
        answer.add(f"{RUN}:{seq}", event)
    return answer


def start(**more: Any) -> dict[str, Any]:
    return {"type": "start", "run_id": RUN, **more}


def chunk(text: str) -> dict[str, Any]:
    return {"type": "chunk", "content": text, "done": False}


DONE = {"type": "done", "message_id": 2, "done": True}

# --- folding -----------------------------------------------------------------------------------


def test_chunks_join_and_the_cursor_is_the_last_event() -> None:
    answer = told(start(), chunk("Hel"), chunk("lo"))
    assert (answer.text, answer.cursor, answer.end) == ("Hello", f"{RUN}:3", None)


def test_the_terminal_event_is_the_end() -> None:
    assert told(start(), chunk("Hi"), DONE).end == DONE
    error = {"type": "error", "error": "No", "retryable": False, "done": True}
    assert told(start(), error).end == error


def test_what_is_no_text_is_no_text() -> None:
    thought = {"type": "reasoning", "content": "Hm", "done": False}
    unknown = {"type": "something_new", "content": "?"}
    assert told(start(), thought, unknown, chunk("Hi")).text == "Hi"


def test_a_restart_withdraws_the_text_from_its_number_on() -> None:
    restart = {"type": "restart", "from_seq": 3}
    answer = told(start(), chunk("kept "), chunk("lost"), restart, chunk("new"))
    assert answer.text == "kept new"


def test_a_reset_withdraws_everything() -> None:
    answer = told(start(), chunk("old"), chunk("er"))
    answer.add(f"{RUN}:1", start(reset=True))
    answer.add(f"{RUN}:2", chunk("whole"))
    assert (answer.text, answer.cursor) == ("whole", f"{RUN}:2")


# --- reading and waiting -----------------------------------------------------------------------

WIRE = (
    "retry: 2000\n\n"
    f'id: {RUN}:1\ndata: {{"type":"start"}}\n\n'
    ": ping\n\n"
    f'id: {RUN}:2\ndata: {{"type":"chunk","content":"a: \u2028世\u0085"}}\n\n'
    'data: {"type":"error","retryable":true}\n\n'
    f'id: {RUN}:3\ndata: {{"type":"do'
).encode()


@pytest.mark.parametrize("size", range(1, 40))
def test_events_are_read_however_the_bytes_are_cut(size: int) -> None:
    pieces = (WIRE[at : at + size] for at in range(0, len(WIRE), size))
    assert list(client.events(pieces)) == [
        (f"{RUN}:1", {"type": "start"}),
        (f"{RUN}:2", {"type": "chunk", "content": "a: \u2028世\u0085"}),
        ("", {"type": "error", "retryable": True}),
    ]


def test_pauses_double_up_to_thirty_seconds_and_differ_by_chance() -> None:
    for pause, whole in zip(client.pauses(), [1, 2, 4, 8, 16, 30, 30], strict=False):
        assert whole / 2 <= pause <= whole
    assert len({next(client.pauses()) for _ in range(10)}) > 1


# --- following, with a server that fails as told -----------------------------------------------


def stream(*events: tuple[int, dict[str, Any]]) -> httpx2.Response:
    """A stream of events with these numbers; 0 is an event without an id."""
    return httpx2.Response(
        200,
        text="".join(
            (f"id: {RUN}:{seq}\n" if seq else "") + f"data: {client.json.dumps(event)}\n\n"
            for seq, event in events
        ),
    )


def cut(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


class Script:
    """Answers one after another, and what was asked."""

    def __init__(self, *answers: httpx2.Response | Handler) -> None:
        self.asked: list[httpx2.Request] = []
        self.slept: list[float] = []
        self._answers = iter(answers)
        transport = httpx2.MockTransport(self._answer)
        self.http = httpx2.Client(transport=transport, base_url="http://server")

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = next(self._answers)
        return answer if isinstance(answer, httpx2.Response) else answer(request)

    def follow(self) -> Answer:
        *_, last = client.follow(self.http, RUN, self.slept.append)
        return last

    @property
    def cursors(self) -> list[str | None]:
        return [request.url.params.get("last_event_id") for request in self.asked]


def test_it_comes_back_with_its_cursor_in_the_query_after_every_kind_of_break() -> None:
    script = Script(
        stream((1, start()), (2, chunk("Hel"))),
        cut,
        httpx2.Response(502, text="<h1>Bad Gateway</h1>"),
        httpx2.Response(503, json={"error": "Busy", "error_code": "x", "retryable": True}),
        stream((0, {"type": "error", "error": "Busy", "retryable": True, "done": True})),
        stream((3, chunk("lo")), (4, DONE)),
    )
    assert script.follow().text == "Hello"
    assert script.cursors == [None, *[f"{RUN}:2"] * 5]
    for pause, whole in zip(script.slept, [1, 2, 4, 8, 16], strict=True):
        assert whole / 2 <= pause <= whole


def test_its_patience_is_fresh_after_every_event() -> None:
    script = Script(cut, cut, stream((1, start())), cut, stream((2, DONE)))
    script.follow()
    for pause, whole in zip(script.slept, [1, 2, 1, 2], strict=True):
        assert whole / 2 <= pause <= whole


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(404, json={"error": "Run not found", "retryable": False}),
        httpx2.Response(404, text="Not here"),
        httpx2.Response(301, headers={"Location": "https://server"}),
        stream((0, {"type": "error", "error": "Please sign in.", "retryable": False})),
    ],
    ids=["ours", "not ours", "moved", "event"],
)
def test_it_gives_up_on_a_code_that_no_retry_helps(answer: httpx2.Response) -> None:
    script = Script(answer)
    with pytest.raises(Refused):
        script.follow()
    assert script.slept == []


def test_a_run_that_ended_in_an_error_is_an_end_and_no_reason_to_come_back() -> None:
    error = {"type": "error", "error": "Busy", "retryable": True, "done": True}
    script = Script(stream((1, start()), (2, error)))
    assert script.follow().end == error
    assert len(script.asked) == 1


def test_a_post_is_sent_again_as_it_was_until_it_is_answered() -> None:
    script = Script(
        cut,
        httpx2.Response(502),
        httpx2.Response(429, json={"error": "Slow down", "retryable": True}),
        httpx2.Response(201, json={"run_id": RUN}),
    )
    body = {"body": "Hi", "client_id": "one"}
    assert client.post(script.http, "/messages", body, script.slept.append) == {"run_id": RUN}
    assert len({request.content for request in script.asked}) == 1
    assert len(script.slept) == 3


def test_a_post_that_is_refused_is_not_sent_again() -> None:
    script = Script(httpx2.Response(401, json={"error": "Please sign in.", "retryable": False}))
    with pytest.raises(Refused, match="sign in"):
        client.post(script.http, "/messages", {}, script.slept.append)


def test_text_is_printed_as_it_comes_and_anew_where_it_was_withdrawn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answers() -> Iterator[Answer]:
        answer = Answer()
        restart = {"type": "restart", "from_seq": 2}
        events = [start(), chunk("lo"), chunk("st"), restart, chunk("new"), DONE]
        for seq, event in enumerate(events, 1):
            answer.add(f"{RUN}:{seq}", event)
            yield answer

    assert client.show(answers()) == DONE
    assert capsys.readouterr().out == "lost\n[the server was interrupted; once more]\nnew\n"


# --- against a real server ---------------------------------------------------------------------


@pytest.fixture
def port() -> int:
    """One for a server that is started again."""
    return free_port()


def kill(server: Server) -> None:
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def test_an_answer_survives_a_server_that_is_killed_and_started_again(
    settings: Settings, people: People, fake: FakeProvider, tmp_path: Path, port: int
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("one "), Hold(threading.Event())], [Hold(gate), *says("one ", "two")])
    seen: list[str] = []

    def watch(run_id: str) -> str:
        headers = {"Authorization": f"Bearer {people.owner.token}"}
        url = f"http://127.0.0.1:{port}"
        text = ""
        with closing(httpx2.Client(base_url=url, headers=headers, timeout=30)) as http:
            for answer in client.follow(http, run_id, lambda pause: gevent.sleep(pause / 10)):
                text = answer.text
                seen.append(text)
        return text

    with serve(settings, tmp_path / "first", port=port) as first:
        caller = Caller(first.url, people.owner.token)
        run_id = caller.say(caller.channel(), "Hi")["run_id"]
        watching = gevent.spawn(watch, run_id)
        while seen[-1:] != ["one "]:
            gevent.sleep(0.01)
        kill(first)
    with serve(settings, tmp_path / "second", port=port) as second:
        gate.set()
        assert watching.get(timeout=30) == "one two"
        stored = Caller(second.url, people.owner.token).stream(f"/api/runs/{run_id}/stream")
    assert stored[-1].data["type"] == "done"


def test_the_program_signs_in_asks_and_prints(
    settings: Settings, people: People, fake: FakeProvider, tmp_path: Path
) -> None:
    fake.enqueue(says("Hello ", "there"))
    with serve(settings, tmp_path / "log") as server:
        login = {
            "HOLDFAST_EMAIL": settings.admin_email,
            "HOLDFAST_PASSWORD": settings.admin_password or "",
        }
        ran = run(server, login, "1", "Hi")
        assert (ran.returncode, ran.stdout) == (0, "Hello there\n")
        refused = run(server, {"HOLDFAST_TOKEN": "wrong"}, "1", "Hi")
        assert (refused.returncode, refused.stderr) == (1, "Refused: Please sign in.\n")


def run(server: Server, env: dict[str, str], *args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "client.py"), server.url, *args],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
