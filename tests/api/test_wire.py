"""What only a real server and real sockets show: bytes, headers, time, and clients that go away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import orjson
import pytest

from tests.clients import People, read_events
from tests.fakes import Chunk, FakeProvider, Hold, says
from tests.houses import Caller, House, raw_request, read_until
from tests.servers import Server


def url(channel_id: int) -> str:
    return f"/api/ai/stream/{channel_id}"


def get(path: str, token: str | None, *headers: str) -> str:
    """A request's head."""
    signed = [f"Authorization: Bearer {token}"] if token else []
    return "\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *signed, *headers, ""])


def head_of(answer: bytes) -> tuple[str, dict[str, str]]:
    """The status line and the headers, names in lower case."""
    status, *lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    return status, {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
    }


def assert_is_an_event_stream(answer: bytes) -> None:
    status, headers = head_of(answer)
    assert status == "HTTP/1.1 200 OK"
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["connection"] == "keep-alive"


# --- the first bytes ---------------------------------------------------------------------------


def test_a_stream_has_exactly_the_contracts_headers(live: Server, caller: Caller):
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="wait")
    with raw_request(live.address, get(url(channel_id), caller.token)) as connection:
        answer = read_until(connection, b"\r\n0\r\n\r\n")
    assert_is_an_event_stream(answer)
    assert answer.partition(b"\r\n\r\n")[2].split(b"\r\n")[1].startswith(b"retry: 2000\n\nid: ")


def test_the_first_event_comes_before_the_provider_has_answered(
    live: Server, caller: Caller, fake: FakeProvider
):
    go_on = threading.Event()
    fake.enqueue([Hold(go_on), *says("late")])
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="none")
    with caller.watching(url(channel_id)) as events:
        start = next(events)
        assert (start.seq, start.data["type"]) == (1, "start")
        assert not go_on.is_set()
        go_on.set()
        assert next(events).data["content"] == "late"


def test_each_token_comes_when_the_provider_says_it(
    live: Server, caller: Caller, fake: FakeProvider
):
    steps = [threading.Event() for _ in range(3)]
    fake.enqueue([*(s for step in steps for s in (Chunk("tok"), Hold(step))), *says("end")])
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="none")
    with caller.watching(url(channel_id)) as events:
        next(events)
        for step in steps:
            assert next(events).data["content"] == "tok"
            step.set()
        assert [event.data["type"] for event in events] == ["chunk", "usage", "done"]


def test_a_client_of_http_1_0_gets_the_stream_too(live: Server, caller: Caller):
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="wait")
    head = get(url(channel_id), caller.token).replace("HTTP/1.1", "HTTP/1.0")
    with raw_request(live.address, head) as connection:
        answer = read_until(connection, b'"type":"done"')
    assert b"200 OK" in answer


def test_a_connection_serves_the_next_request_after_a_stream(live: Server, caller: Caller):
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="wait")
    head = get(url(channel_id), caller.token)
    with raw_request(live.address, head) as connection:
        for _ in range(3):
            answer = read_until(connection, b"\r\n0\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 OK")
            connection.sendall("".join(f"{ln}\r\n" for ln in [*head.splitlines(), ""]).encode())
        read_until(connection, b"\r\n0\r\n\r\n")


# --- refusals ----------------------------------------------------------------------------------


def refusal(live: Server, path: str, token: str | None, *headers: str) -> dict[str, object]:
    """The one event of a refusal, as bytes on a socket have it."""
    with raw_request(live.address, get(path, token, *headers)) as connection:
        answer = read_until(connection, b'"done":true}\n\n')
    assert_is_an_event_stream(answer)
    (data,) = [line for line in answer.split(b"\n") if line.startswith(b"data: ")]
    event: dict[str, object] = orjson.loads(data.removeprefix(b"data: "))
    assert (event["type"], event["done"]) == ("error", True)
    return event


def test_every_refusal_of_a_channels_stream_is_an_event_with_status_200(
    live: Server, caller: Caller, house: House
):
    people, owner = house.people, caller.token
    empty, mention = caller.channel(), caller.channel(reply_mode="mention")
    caller.say(mention, "Hi")
    off = caller.post("/api/agents", {"name": "Off", "enabled": False}).json()["id"]
    lost = caller.post("/api/agents", {"name": "Lost", "provider_id": None}).json()["id"]
    told = {
        (url(999_999), owner): "channel_not_found",
        (url("x"), owner): "channel_not_found",  # type: ignore[arg-type]
        (url(empty), owner): "no_message",
        (url(mention), owner): "no_agent",
        (url(caller.channel(agent_id=None)), owner): "no_agent",
        (url(caller.channel(agent_id=off)), owner): "no_agent",
        (url(caller.channel(agent_id=lost)), owner): "provider_not_configured",
        (url(empty), None): "unauthorized",
        (url(empty), "hf_wrong"): "unauthorized",
        (url(empty), people.member.token): "access_denied",
        (url(empty), people.stranger.token): "channel_not_found",
        ("/api/runs/x/stream", owner): "run_not_found",
        (f"/api/channels/{empty}/events", None): "unauthorized",
        (f"/api/channels/{empty}/events", people.member.token): "access_denied",
    }
    for (path, token), code in told.items():
        assert refusal(live, path, token)["error_code"] == code, (path, code)


def test_another_sites_page_gets_csrf_failed_as_an_event(
    live: Server, caller: Caller, house: House
):
    cookie = f"Cookie: session={house.cookie()}"
    for path in (url(caller.channel()), "/api/agents/x/chat/stream?message=Hi"):
        error = refusal(live, path, None, cookie, "Sec-Fetch-Site: cross-site")
        assert error["error_code"] == "csrf_failed"


def test_a_mistake_of_ours_shows_an_incident_and_nothing_else(
    live: Server, caller: Caller, house: House
):
    channel_id = caller.channel()
    with house.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"update channels set created_at = 'not a time' where id = {channel_id}"
        )
    event = refusal(live, url(channel_id), caller.token)
    answer = caller.get(f"/api/channels/{channel_id}")
    assert answer.status_code == 500
    for error in (event, answer.json()):
        assert error["error_code"] == "internal_error"
        assert set(error) - {"type", "done"} == {"error", "error_code", "retryable", "incident"}
        logged = [line for line in live.log.splitlines() if str(error["incident"]) in line]
        assert len(logged) == 1
        assert "not a time" in logged[0]
        assert "not a time" not in str(error)
    with house.rt.db.engine.begin() as connection:
        connection.exec_driver_sql(f"delete from channels where id = {channel_id}")


# --- clients that go away ----------------------------------------------------------------------


def test_closing_the_client_never_stops_the_reply(live: Server, caller: Caller, fake: FakeProvider):
    go_on = threading.Event()
    fake.enqueue([Chunk("Half "), Hold(go_on), *says("and half")])
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="none")
    with caller.watching(url(channel_id)) as events:
        assert [next(events).data["type"] for _ in range(2)] == ["start", "chunk"]
    go_on.set()
    events = caller.stream(url(channel_id))
    assert events[-1].data["type"] == "done"
    reply = caller.get(f"/api/channels/{channel_id}/messages").json()["items"][-1]
    assert (reply["body"], reply["status"]) == ("Half and half", "complete")
    assert len(fake.requests) == 1


def test_a_cut_stream_goes_on_where_it_was_to_the_byte(
    live: Server, caller: Caller, fake: FakeProvider
):
    go_on = threading.Event()
    fake.enqueue([Chunk("漢\u2028🦓\n"), Hold(go_on), *says("字", "!")])
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="none")
    head = get(url(channel_id), caller.token)
    with raw_request(live.address, head) as connection:
        before = list(read_events(unchunked(read_until(connection, "🦓".encode()))))
    go_on.set()
    after = caller.stream(url(channel_id), headers={"Last-Event-ID": before[-1].id})
    assert before + after == caller.stream(url(channel_id))


def unchunked(answer: bytes) -> bytes:
    """The body of the whole chunks in the bytes of an answer."""
    rest, body = answer.partition(b"\r\n\r\n")[2], b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


@pytest.mark.parametrize("count", [2, 20])
def test_streams_opened_at_once_are_one_answer(
    live: Server, caller: Caller, fake: FakeProvider, count: int
):
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="none")
    with ThreadPoolExecutor(count) as pool:
        streams = list(pool.map(lambda _: caller.raw_stream(url(channel_id)), range(count)))
    assert len(set(streams)) == 1
    assert len(fake.requests) == 1


def test_cancelling_hangs_up_on_the_provider_and_tells_all_who_watch(
    live: Server, caller: Caller, fake: FakeProvider
):
    fake.enqueue([Chunk("Half"), Hold(threading.Event())])
    channel_id = caller.channel()
    run_id = caller.say(channel_id, "Hi")["run_id"]
    with caller.watching(url(channel_id)) as one, caller.watching(url(channel_id)) as two:
        for events in (one, two):
            assert [next(events).data["type"] for _ in range(2)] == ["start", "chunk"]
        assert caller.post(f"/api/runs/{run_id}/cancel").status_code == 202
        for events in (one, two):
            assert [event.data["error_code"] for event in events] == ["run_cancelled"]
    fake.wait_until(lambda: fake.open_streams == 0)


# --- bodies ------------------------------------------------------------------------------------


def test_a_body_past_the_limit_is_refused_as_json(live: Server, caller: Caller):
    path = f"/api/channels/{caller.channel()}/messages"
    whole = caller.http.post(path, content=b"x" * 5_000_000)
    chunked = caller.http.post(path, content=iter([b"x" * 1_000_000] * 5))
    for answer in (whole, chunked):
        assert (answer.status_code, answer.json()["error_code"]) == (413, "payload_too_large")
    assert caller.get("/api/v1/auth/me").status_code == 200


def test_a_chunked_body_is_read_like_any_other(live: Server, caller: Caller):
    path = f"/api/channels/{caller.channel()}/messages"
    answer = caller.http.post(path, content=iter([b'{"body"', b':"Hi"}']))
    assert answer.status_code == 201


@pytest.mark.parametrize("host", ["a b", "é", "x" * 300, "[::1", "", ":", "localhost:x", "/"])
def test_a_strange_host_is_no_mistake_of_ours(live: Server, caller: Caller, host: str):
    head = get("/api/v1/auth/me", caller.token).replace("Host: localhost", f"Host: {host}")
    with raw_request(live.address, head) as connection:
        status, _ = head_of(read_until(connection, b"\r\n\r\n"))
    assert status.split()[1] in ("200", "400")


def test_many_callers_at_once_are_all_served(
    live: Server, caller: Caller, fake: FakeProvider, people: People
):
    channels = [caller.channel() for _ in range(20)]

    def ask(channel_id: int) -> str:
        with closing(httpx2.Client(base_url=live.url, timeout=30, verify=False)) as http:
            http.headers["Authorization"] = f"Bearer {caller.token}"
            path = f"/api/channels/{channel_id}/messages"
            answer = http.post(path, json={"body": "Hi", "reply": "wait"})
            return str(answer.json()["reply"]["body"])

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, channels)) == {"Hello, world!"}
    assert len(fake.requests) == 20


def test_a_cursor_of_60_kb_gets_the_whole_answer_again(live: Server, caller: Caller):
    channel_id = caller.channel()
    caller.say(channel_id, "Hi", reply="wait")
    cursor = "x" * 60_000
    by_query = caller.stream(f"{url(channel_id)}?last_event_id={cursor}")
    by_header = caller.stream(url(channel_id), headers={"Last-Event-ID": cursor})
    for events in (by_query, by_header):
        assert (events[0].data["type"], events[0].data["reset"]) == ("start", True)
        assert events[-1].data["type"] == "done"
