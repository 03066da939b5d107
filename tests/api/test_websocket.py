"""The WebSocket of a session, against a real server."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from socket import socketpair
from typing import Any

import gevent
import httpx2
import pytest

from chat_app.api.session_socket import Talk
from chat_app.auth import limits
from chat_app.errors import AccessDenied, RateLimited
from chat_app.services import tokens
from chat_app.services.live_sessions import LiveSession, Returning
from tests.clients import Client, People
from tests.fakes import Chunk, FakeProvider, Hold, says
from tests.houses import Caller, House, raw_request, read_until
from tests.servers import Server, serve
from tests.sockets import HANDSHAKE, Frame, Socket, connected, eventually, payloads, text_of

Connect = Callable[..., Socket]
NOTHING = {"last_message_id": None}


@pytest.fixture
def channel(owner: Client) -> dict[str, Any]:
    """A new channel of the owner; its public id is the session."""
    made: dict[str, Any] = owner.post("/api/channels", {}).get_json()
    return made


@pytest.fixture
def connect(live: Server, people: People, channel: dict[str, Any]) -> Iterator[Connect]:
    """Opens sockets to the channel: the owner's, unless a token says otherwise."""
    with ExitStack() as stack:

        def open_one(first: Any = NOTHING, token: str | None = None, **where: Any) -> Socket:
            session_id = where.get("session_id", channel["public_id"])
            server = where.get("server", live)
            opened = connected(server, session_id, token or people.owner.token)
            socket = stack.enter_context(opened)
            if first is not None:
                socket.say(first)
            return socket

        yield open_one


@pytest.fixture
def member(people: People, channel: dict[str, Any]) -> Client:
    """The member, who is in the channel, too."""
    url = f"/api/channels/{channel['id']}/members"
    assert people.owner.post(url, {"email": "member@example.com"}).status_code == 201
    return people.member


def handshake(live: Server, path: str, *headers: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of what answers a handshake; 101 comes without JSON."""
    head = [
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        *headers,
        "",
    ]
    if not any(header.startswith("Sec-WebSocket-Version") for header in headers):
        head[4:4] = ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    with raw_request(live.address, "\n".join(head)) as connection:
        answer = read_until(connection, b"\r\n\r\n")
        status = int(answer.split()[1])
        while status != 101 and not answer.endswith(b"}"):
            answer += connection.recv(65_536)
    return status, json.loads(answer.partition(b"\r\n\r\n")[2] or b"{}")


def never(*args: Any) -> Any:
    raise AssertionError


def bearer(client: Client) -> str:
    return f"Authorization: Bearer {client.token}"


def stream_of(caller: Caller, frames: list[Frame]) -> list[Frame]:
    """The same run as its event stream tells it."""
    run_id = next(frame["run_id"] for frame in frames if frame["type"] == "start")
    return [event.data for event in caller.stream(f"/api/runs/{run_id}/stream")]


def messages_in(frames: list[Frame]) -> list[int]:
    return [frame["message"]["id"] for frame in frames if frame["type"] == "message"]


# --- who may open one --------------------------------------------------------------------------


def test_refusals_before_the_handshake_are_json_with_the_codes_status(
    live: Server, people: People, channel: dict[str, Any], house: House
) -> None:
    path = f"/ws/chat/{channel['public_id']}"
    for headers, path_asked, status, code in [
        ([], path, 401, "unauthorized"),
        (["Authorization: Bearer nonsense"], path, 401, "unauthorized"),
        ([bearer(house.expired())], path, 401, "unauthorized"),
        ([bearer(people.member)], path, 403, "access_denied"),
        ([bearer(people.stranger)], path, 404, "session_not_found"),
        ([bearer(people.owner)], "/ws/chat/1", 404, "session_not_found"),
        ([bearer(people.owner)], "/ws/chat/%00", 404, "session_not_found"),
        ([bearer(people.owner)], f"/ws/chat/{'0' * 36}", 404, "session_not_found"),
    ]:
        answered, error = handshake(live, path_asked, *headers)
        assert (answered, error["error_code"]) == (status, code), path_asked
        assert set(error) >= {"error", "error_code", "retryable"}


def test_what_is_no_websocket_handshake_is_refused(
    caller: Caller, live: Server, people: People, channel: dict[str, Any]
) -> None:
    path = f"/ws/chat/{channel['public_id']}"
    plain = caller.get(path)
    assert (plain.status_code, plain.json()["error_code"]) == (400, "invalid_request")
    for headers in (
        ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
        ["Sec-WebSocket-Version: 13"],
        ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: short"],
    ):
        status, error = handshake(live, path, bearer(people.owner), *headers)
        assert (status, error["error_code"]) == (400, "invalid_request")


def test_the_cookie_opens_a_socket_only_for_a_page_of_our_own(
    live: Server, house: House, channel: dict[str, Any]
) -> None:
    path, cookie = f"/ws/chat/{channel['public_id']}", f"Cookie: session={house.cookie()}"
    assert handshake(live, path, cookie, "Origin: http://localhost")[0] == 101
    for foreign in (["Origin: https://evil.example"], ["Origin: null"], []):
        status, error = handshake(live, path, cookie, *foreign)
        assert (status, error["error_code"]) == (403, "csrf_failed")


def test_a_token_needs_no_origin_and_may_come_from_anywhere(
    live: Server, people: People, channel: dict[str, Any]
) -> None:
    path = f"/ws/chat/{channel['public_id']}"
    foreign = "Origin: https://app.example"
    assert handshake(live, path, bearer(people.owner), foreign)[0] == 101


# --- the first frame ---------------------------------------------------------------------------


def test_null_gets_all_messages_ascending_in_the_shape_of_the_api(
    owner: Client, connect: Connect, channel: dict[str, Any]
) -> None:
    said = [owner.say(channel["id"], f"m{n}", reply="none")["message"] for n in range(3)]
    socket = connect()
    heard = [socket.hear() for _ in said]
    assert heard == [{"type": "message", "message": message} for message in said]


def test_null_gets_the_newest_two_hundred(
    owner: Client, connect: Connect, channel: dict[str, Any]
) -> None:
    ids = [owner.say(channel["id"], f"m{n}", reply="none")["message"]["id"] for n in range(203)]
    socket = connect()
    assert messages_in([socket.hear() for _ in range(200)]) == ids[-200:]
    socket.silent_for(0.2)


def test_last_message_id_gets_only_what_came_later_and_all_of_it(
    owner: Client, connect: Connect, channel: dict[str, Any]
) -> None:
    ids = [owner.say(channel["id"], f"m{n}", reply="none")["message"]["id"] for n in range(120)]
    socket = connect({"last_message_id": ids[2]})
    assert messages_in([socket.hear() for _ in ids[3:]]) == ids[3:]
    socket.silent_for(0.2)


@pytest.mark.parametrize(
    "first",
    [
        {},
        {"last_message_id": -1},
        {"last_message_id": "7"},
        {"last_message_id": True},
        {"last_message_id": 2**63},
        {"last_message_id": 1, "last_event_id": "x"},
        {"last_event_id": 7},
        {"last_event_id": "\0"},
        {"message": "too early"},
        {"cancel": True},
        [],
        "nonsense",
        b"\x00",
    ],
    ids=str,
)
def test_a_first_frame_that_says_nothing_useful_is_answered_and_another_may_follow(
    connect: Connect, owner: Client, channel: dict[str, Any], first: Any
) -> None:
    owner.say(channel["id"], "here", reply="none")
    socket = connect(first)
    error = socket.hear()
    assert (error["type"], error["error_code"]) == ("error", "invalid_request")
    socket.say(NOTHING)
    assert socket.hear()["message"]["body"] == "here"


def test_a_client_that_says_nothing_at_all_is_let_go(
    house: House, owner: Client, channel: dict[str, Any]
) -> None:
    who = partial(tokens.identify, house.rt, owner.token)
    live = LiveSession(house.rt, who, channel["public_id"])
    talk = Talk(live, ask=never, cancel=never, count=never, first_frame_s=0.0)
    server, client = socketpair()
    reading = gevent.spawn(lambda: b"".join(iter(lambda: client.recv(65_536), b"")))
    talk.run({**HANDSHAKE, "gunicorn.socket": server})
    heard = reading.get(timeout=30)
    assert b"The first frame did not come in time." in heard
    assert heard.endswith((1008).to_bytes(2, "big") + b"invalid_request")


# --- what is told ------------------------------------------------------------------------------


def test_a_question_is_told_then_answered_in_the_events_of_its_stream(
    connect: Connect, caller: Caller, fake: FakeProvider
) -> None:
    fake.enqueue(says("Hel", "lo ", "世界"))
    socket = connect()
    socket.say({"message": "Hi", "client_id": "one"})
    frames = socket.until("done")
    assert frames[0]["message"]["body"] == "Hi"
    assert frames[0]["message"]["client_id"] == "one"
    assert text_of(frames) == "Hello 世界"
    run_id = frames[1]["run_id"]
    ids = [frame["id"] for frame in frames[1:]]
    assert ids == [f"{run_id}:{seq}" for seq in range(1, len(ids) + 1)]
    assert payloads(frames) == stream_of(caller, frames)
    reply = socket.hear()["message"]
    assert (reply["id"], reply["body"]) == (frames[-1]["message_id"], "Hello 世界")
    assert reply["status"] == "complete"


def test_two_people_in_one_session_hear_the_same(
    connect: Connect, member: Client, fake: FakeProvider
) -> None:
    fake.enqueue(says("Hello"))
    ours, theirs = connect(), connect(token=member.token)
    theirs.say({"message": "Hi all"})
    heard, told = ours.until("done"), theirs.until("done")
    assert heard == told
    assert heard[0]["message"]["author"]["name"] == "Member"
    assert ours.hear() == theirs.hear()


def test_what_happens_over_http_is_told_too(
    connect: Connect, member: Client, channel: dict[str, Any], fake: FakeProvider
) -> None:
    fake.enqueue(says("Sure"))
    socket = connect()
    said = member.say(channel["id"], "Over HTTP")["message"]
    frames = socket.until("done")
    assert messages_in(frames) == [said["id"]]
    assert text_of(frames) == "Sure"
    assert socket.hear()["message"]["body"] == "Sure"
    member.patch(f"/api/messages/{said['id']}", {"body": "Changed"})
    assert socket.hear()["message"]["body"] == "Changed"
    member.delete(f"/api/messages/{said['id']}")
    assert socket.hear() == {"type": "message_removed", "message_id": said["id"]}


def test_a_run_that_is_under_way_is_told_from_its_beginning(
    connect: Connect, caller: Caller, channel: dict[str, Any], fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(gate), *says("lo")])
    run_id = caller.say(channel["id"], "Hi")["run_id"]
    with caller.watching(f"/api/runs/{run_id}/stream") as events:
        while next(events).data["type"] != "chunk":
            pass
    socket = connect()
    before = socket.until("chunk")
    assert [frame["type"] for frame in before] == ["message", "start", "chunk"]
    gate.set()
    frames = before + socket.until("done")
    assert payloads(frames) == stream_of(caller, frames)


def test_sessions_do_not_hear_each_other(
    connect: Connect, owner: Client, channel: dict[str, Any]
) -> None:
    elsewhere = owner.post("/api/channels", {}).get_json()
    ours, theirs = connect(), connect(session_id=elsewhere["public_id"])
    ours.say({"message": "Hi"})
    ours.until("done")
    theirs.silent_for(0.3)


def test_a_run_of_another_process_is_followed(
    house: House, fake: FakeProvider, connect: Connect, channel: dict[str, Any], tmp_path: Path
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(gate), *says("lo")])
    socket = connect()
    with serve(house.settings, tmp_path / "log") as other:
        there = Caller(other.url, house.people.owner.token)
        there.say(channel["id"], "Hi")
        frames = socket.until("chunk")
        gate.set()
        frames += socket.until("done")
    assert text_of(frames) == "Hello"


# --- coming back -------------------------------------------------------------------------------


def test_last_event_id_goes_on_in_mid_answer_without_gap_or_repeat(
    connect: Connect, caller: Caller, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("one "), Hold(gate), *says("two ", "three")])
    first = connect()
    first.say({"message": "Hi"})
    before = first.until("chunk")
    first.cut()
    second = connect({"last_event_id": before[-1]["id"]})
    gate.set()
    after = second.until("done")
    assert payloads(before + after) == stream_of(caller, before)
    assert [frame["type"] for frame in after].count("message") == 0
    assert second.hear()["message"]["body"] == "one two three"


def test_last_event_id_of_an_answer_that_ended_meanwhile_then_on_with_the_session(
    connect: Connect, caller: Caller, channel: dict[str, Any], fake: FakeProvider
) -> None:
    fake.enqueue(says("first ", "answer"), says("second"))
    socket = connect()
    socket.say({"message": "Hi"})
    frames = socket.until("done")
    start = next(index for index, frame in enumerate(frames) if frame["type"] == "start")
    socket.cut()
    caller.say(channel["id"], "And now?", reply="wait")
    back = connect({"last_event_id": frames[start]["id"]})
    rest = back.until("done")
    assert payloads(frames[: start + 1] + rest) == stream_of(caller, frames)
    bodies = [back.hear()["message"]["body"] for _ in range(3)]
    assert bodies == ["first answer", "And now?", "second"]
    back.say({"message": "More"})
    assert back.hear()["message"]["body"] == "More"
    assert text_of(back.until("done")) == "Hello, world!"


@pytest.mark.parametrize("after", ["99", str(2**63), "x" * 60_000, "nonsense"])
def test_a_cursor_that_is_not_known_gets_a_reset_and_the_whole_reply(
    connect: Connect, caller: Caller, channel: dict[str, Any], fake: FakeProvider, after: str
) -> None:
    fake.enqueue(says("whole"))
    run_id = caller.say(channel["id"], "Hi", reply="wait")["run_id"]
    cursor = f"{run_id}:{after}" if after.isdigit() else after
    frames = connect({"last_event_id": cursor}).until("done")
    told = [event.data for event in caller.stream(f"/api/runs/{run_id}/stream")]
    assert payloads(frames) == [{**told[0], "reset": True}, *told[1:]]


def test_the_cursor_of_another_session_says_nothing_about_it(
    connect: Connect, owner: Client, caller: Caller, channel: dict[str, Any], fake: FakeProvider
) -> None:
    fake.enqueue(says("secret"), says("ours"))
    elsewhere = owner.channel()
    foreign = caller.say(elsewhere, "Hi", reply="wait")["run_id"]
    caller.say(channel["id"], "Hi", reply="wait")
    frames = connect({"last_event_id": f"{foreign}:1"}).until("done")
    assert frames[0]["reset"] is True
    assert text_of(frames) == "ours"


def test_a_cursor_in_a_session_without_runs_is_just_a_beginning(
    connect: Connect, owner: Client, channel: dict[str, Any]
) -> None:
    owner.say(channel["id"], "here", reply="none")
    assert connect({"last_event_id": "nonsense"}).hear()["message"]["body"] == "here"


def test_last_message_id_in_mid_answer_gets_the_answer_from_its_beginning(
    connect: Connect, caller: Caller, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("one "), Hold(gate), *says("two")])
    first = connect()
    first.say({"message": "Hi"})
    before = first.until("chunk")
    first.cut()
    second = connect({"last_message_id": messages_in(before)[-1]})
    gate.set()
    frames = second.until("done")
    assert payloads(frames) == stream_of(caller, frames)
    assert messages_in(frames) == []


def test_an_answer_that_ended_while_the_client_was_away_is_a_message(
    connect: Connect, caller: Caller, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("one "), Hold(gate), *says("two")])
    first = connect()
    first.say({"message": "Hi"})
    before = first.until("chunk")
    first.cut()
    gate.set()
    run_id = next(frame["run_id"] for frame in before if frame["type"] == "start")
    caller.stream(f"/api/runs/{run_id}/stream")
    back = connect({"last_message_id": messages_in(before)[-1]})
    reply = back.hear()["message"]
    assert (reply["body"], reply["status"]) == ("one two", "complete")
    back.silent_for(0.2)
    connect({"last_message_id": reply["id"]}).silent_for(0.2)


def test_an_older_answer_that_ended_after_a_newer_message_is_not_lost(
    connect: Connect, caller: Caller, channel: dict[str, Any], fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("slow "), Hold(gate), *says("answer")])
    run_id = caller.say(channel["id"], "Hi")["run_id"]
    newer = caller.say(channel["id"], "By the way", reply="none")["message"]["id"]
    gate.set()
    reply_id = caller.stream(f"/api/runs/{run_id}/stream")[-1].data["message_id"]
    assert reply_id < newer
    back = connect({"last_message_id": newer})
    assert back.hear()["message"]["body"] == "slow answer"


def test_a_message_taken_back_meanwhile_is_removed(
    connect: Connect, owner: Client, channel: dict[str, Any]
) -> None:
    first, second = (
        owner.say(channel["id"], body, reply="none")["message"]["id"] for body in ("a", "b")
    )
    owner.delete(f"/api/messages/{first}")
    back = connect({"last_message_id": second})
    assert back.hear() == {"type": "message_removed", "message_id": first}


# --- what the client says ----------------------------------------------------------------------


def test_the_same_client_id_again_writes_nothing_and_tells_the_answer_again(
    connect: Connect, owner: Client, channel: dict[str, Any], fake: FakeProvider
) -> None:
    socket = connect()
    for _ in range(2):
        socket.say({"message": "Hi", "client_id": f"c{channel['id']}"})
        assert text_of(socket.until("done")) == "Hello, world!"
    found = owner.get(f"/api/channels/{channel['id']}/messages").get_json()["items"]
    assert [message["body"] for message in found] == ["Hi", "Hello, world!"]
    assert len(fake.requests) == 1


def test_cancel_stops_the_live_run_and_keeps_what_was_said(
    connect: Connect, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hel"), Hold(threading.Event())])
    socket = connect()
    socket.say({"message": "Hi"})
    socket.until("chunk")
    socket.say({"cancel": True})
    end = socket.until("error")[-1]
    assert (end["error_code"], end["done"]) == ("run_cancelled", True)
    assert "id" in end
    reply = socket.hear()["message"]
    assert (reply["body"], reply["status"]) == ("Hel", "cancelled")


def test_cancel_with_nothing_under_way_is_fine(connect: Connect) -> None:
    socket = connect()
    socket.say({"cancel": True})
    socket.say({"message": "Hi"})
    assert text_of(socket.until("done")) == "Hello, world!"


def test_closing_a_socket_stops_no_answer(
    connect: Connect, caller: Caller, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(gate), *says("lo")])
    socket = connect()
    socket.say({"message": "Hi"})
    frames = socket.until("chunk")
    socket.leave()
    gate.set()
    assert stream_of(caller, frames)[-1]["type"] == "done"


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        ("not JSON", "invalid_request", None),
        ("[]", "invalid_request", None),
        (b"binary", "invalid_request", None),
        ({}, "invalid_request", "message"),
        ({"message": 5}, "invalid_request", "message"),
        ({"message": "a\0b"}, "invalid_request", "message"),
        ('{"message": "a\0b"}', "invalid_request", None),
        ('{"message": "\\ud800"}', "invalid_request", None),
        ({"message": "Hi", "colour": "red"}, "invalid_request", "colour"),
        ({"message": "Hi", "client_id": ""}, "invalid_request", "client_id"),
        ({"message": "Hi", "client_id": "x" * 101}, "invalid_request", "client_id"),
        ({"cancel": False}, "invalid_request", "cancel"),
        ({"cancel": True, "message": "Hi"}, "invalid_request", "message"),
        (NOTHING, "invalid_request", "message"),
        ({"message": "  "}, "no_message", "message"),
        ({"message": "x" * 64_001}, "message_too_long", "message"),
        ({"message": "\U0001f600" * 64_001}, "message_too_long", "message"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_frame_is_answered_and_the_socket_stays_open(
    connect: Connect, frame: Any, code: str, field: str | None
) -> None:
    socket = connect()
    socket.say(frame)
    error = socket.hear()
    assert (error["type"], error["error_code"], error["field"]) == ("error", code, field)
    assert "id" not in error
    assert "done" not in error
    socket.say({"message": "Hi"})
    assert text_of(socket.until("done")) == "Hello, world!"


def test_the_longest_message_goes_through_and_so_do_fragments(connect: Connect) -> None:
    socket = connect()
    socket.say(json.dumps({"message": "\U0001f600" * 64_000}))
    assert len(socket.hear()["message"]["body"]) == 64_000


def test_a_refusal_names_the_client_id_of_its_frame(
    connect: Connect, owner: Client, channel: dict[str, Any]
) -> None:
    owner.patch(f"/api/channels/{channel['id']}", {"agent_id": None})
    socket = connect()
    socket.say({"message": "Hi", "client_id": "mine"})
    error = socket.hear()
    assert (error["error_code"], error["client_id"]) == ("no_agent", "mine")


def test_a_frame_that_is_too_large_closes(connect: Connect) -> None:
    socket = connect()
    socket.say("x" * 1_000_000)
    assert socket.closed()[0] == 1009


def test_a_flood_of_bad_frames_closes(connect: Connect) -> None:
    socket = connect()
    for _ in range(101):
        socket.say("nonsense")
        socket.hear()
    assert socket.closed() == (1013, "rate_limited")
    assert socket.heard[-1]["error_code"] == "rate_limited"
    assert len(socket.heard) == 101


def test_who_may_only_read_hears_and_may_not_speak(
    connect: Connect, house: House, owner: Client, channel: dict[str, Any]
) -> None:
    owner.say(channel["id"], "Hi", reply="none")
    socket = connect(token=house.reader().token)
    socket.hear()
    for frame in ({"message": "Hi"}, {"cancel": True}):
        socket.say(frame)
        assert socket.hear()["error_code"] == "access_denied"


# --- the end -----------------------------------------------------------------------------------


def test_who_is_taken_out_of_the_channel_hears_no_more(
    connect: Connect, owner: Client, member: Client, channel: dict[str, Any]
) -> None:
    socket = connect(token=member.token)
    owner.say(channel["id"], "all of us", reply="none")
    socket.hear()
    member_id = next(
        user["id"]
        for user in owner.get(f"/api/channels/{channel['id']}/members").get_json()["items"]
        if user["name"] == "Member"
    )
    owner.delete(f"/api/channels/{channel['id']}/members/{member_id}")
    owner.say(channel["id"], "among ourselves", reply="none")
    assert socket.closed() == (1008, "access_denied")
    assert [frame["type"] for frame in socket.heard] == ["message", "error"]
    assert socket.heard[-1]["error_code"] == "access_denied"


def test_who_is_taken_out_is_noticed_also_where_nothing_happens(
    house: House, owner: Client, member: Client, channel: dict[str, Any]
) -> None:
    who = partial(tokens.identify, house.rt, member.token or "")
    live = LiveSession(house.rt, who, channel["public_id"], check_every_s=0.0)
    with live:
        assert list(live.begin(Returning())) == []
        assert list(live.news()) == []
        member_id = member.get("/api/v1/auth/me").get_json()["id"]
        owner.delete(f"/api/channels/{channel['id']}/members/{member_id}")
        with pytest.raises(AccessDenied):
            list(live.news())


def test_frames_count_as_requests_for_the_stream_do(house: House, people: People) -> None:
    head = {"Authorization": f"Bearer {house.token('viewer@example.com')}"}
    with house.app.test_request_context("/", headers=head):
        count = limits.counter("sessions.stream")
        with pytest.raises(RateLimited) as refused:
            _ = [count() for _ in range(12_001)]  # twice as many: a new minute may begin
    assert refused.value.fields["retry_after"] == 60
    (event,) = people.viewer.stream("/api/app/chat/stream", query_string={"message": "Hi"})
    assert event.data["error_code"] == "rate_limited"


def test_a_token_that_was_taken_back_hears_no_more(
    connect: Connect, owner: Client, house: House, channel: dict[str, Any]
) -> None:
    token = house.token(house.settings.admin_email)
    socket = connect(token=token)
    owner.say(channel["id"], "one", reply="none")
    socket.hear()
    assert house.client(token).post("/api/v1/auth/logout").status_code == 204
    owner.say(channel["id"], "two", reply="none")
    assert socket.closed() == (1008, "unauthorized")
    assert messages_in(socket.heard) == [socket.heard[0]["message"]["id"]]


def test_a_deleted_session_closes_its_sockets(
    connect: Connect, owner: Client, channel: dict[str, Any]
) -> None:
    socket = connect()
    socket.say({"message": "Hi"})
    socket.until("done")
    owner.delete(f"/api/channels/{channel['id']}")
    socket.say({"message": "Hi again"})
    assert socket.until("error")[-1]["error_code"] == "session_not_found"


def test_a_server_that_stops_says_so_and_another_goes_on(
    house: House, fake: FakeProvider, connect: Connect, tmp_path: Path, caller: Caller
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("one "), Hold(gate)], [Hold(gate), *says("one ", "two")])
    with serve(house.settings, tmp_path / "log") as leaving:
        socket = connect(server=leaving)
        silent = connect(first=None, server=leaving)
        socket.say({"message": "Hi"})
        before = socket.until("chunk")
        os.kill(leaving.process.pid, signal.SIGTERM)
        assert socket.closed() == (1001, "The server restarts.")
        assert silent.closed()[0] == 1001
        assert leaving.process.wait(60) == 0
    gate.set()
    back = connect({"last_event_id": before[-1]["id"]})
    after = back.until("done")
    assert payloads(before + after) == stream_of(caller, before)


def test_a_hundred_sockets_hear_one_answer(
    connect: Connect, fake: FakeProvider, live: Server
) -> None:
    fake.enqueue(says(*(f"{n} " for n in range(20))))
    sockets = [connect() for _ in range(100)]
    sockets[0].say({"message": "Count"})
    expected = sockets[0].until("done")
    for socket in sockets[1:]:
        assert socket.until("done") == expected


def test_closed_sockets_leave_nothing_behind(connect: Connect, live: Server) -> None:
    for end in (Socket.cut, Socket.leave):
        for _ in range(5):
            socket = connect()
            socket.say({"message": "Hi"})
            socket.until("done")
            end(socket)
    with closing(httpx2.Client(base_url=live.url)) as http:
        assert http.get("/healthz").status_code == 200
    assert "Traceback" not in live.log
    eventually(lambda: "socket_broke" not in live.log)
