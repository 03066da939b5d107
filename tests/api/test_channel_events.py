"""A channel's own stream, against a real server: everything that changes, for all who are in it."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chat_app.errors import ChannelNotFound
from chat_app.services import channel_events, tokens
from chat_app.store.base import now
from chat_app.streaming.follow import Listener
from chat_app.streaming.hangup import Hangup
from chat_app.streaming.housekeeper import Housekeeper
from tests.clients import Client, People, Sse
from tests.fakes import Chunk, FakeProvider, Hold, Status, says
from tests.houses import Caller, House, on_each_database, raw_request, read_until
from tests.servers import Server, serve

pytestmark = on_each_database


def url(channel_id: int) -> str:
    return f"/api/channels/{channel_id}/events"


@contextmanager
def watching(caller: Caller, channel_id: int, **query: str) -> Iterator[Iterator[Sse]]:
    """The stream after its `start`."""
    with caller.watching(url(channel_id), params=query) as events:
        start = next(events).data
        assert start == {"type": "start", "channel_id": channel_id}
        yield events


def take(events: Iterator[Sse], count: int) -> list[Sse]:
    return [next(events) for _ in range(count)]


def told(events: list[Sse]) -> list[tuple[str, str]]:
    """What each event is about, and its status."""
    return [
        (e.data["type"], e.data[e.data["type"]]["status"])
        if "message_id" not in e.data
        else (e.data["type"], "")
        for e in events
    ]


@pytest.fixture
def member(people: People, channel_id: int) -> Client:
    """The member, who is in the channel, too."""
    made = people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    assert made.status_code == 201
    return people.member


@pytest.fixture
def member_id(member: Client) -> int:
    return int(member.get("/api/v1/auth/me").get_json()["id"])


# --- what is told ------------------------------------------------------------------------------


def test_new_edited_and_deleted_messages_are_told(caller: Caller, channel_id: int) -> None:
    with watching(caller, channel_id) as events:
        message = caller.say(channel_id, "Hi", reply="none")["message"]
        assert next(events).data == {"type": "message", "message": message}
        caller.http.patch(f"/api/messages/{message['id']}", json={"body": "Hello"})
        changed = next(events).data["message"]
        assert (changed["id"], changed["body"]) == (message["id"], "Hello")
        assert changed["html"] == "<p>Hello</p>\n"
        caller.http.delete(f"/api/messages/{message['id']}")
        removed = next(events)
        assert removed.data == {"type": "message_removed", "message_id": message["id"]}


def test_a_run_is_told_when_it_begins_and_when_it_ends(
    caller: Caller, channel_id: int, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("Hel"), Hold(gate), *says("lo")])
    with watching(caller, channel_id) as events:
        run_id = caller.say(channel_id, "Hi")["run_id"]
        begun = take(events, 3)
        assert told(begun)[:2] == [("message", "complete"), ("message", "streaming")]
        assert begun[2].data["run"]["public_id"] == run_id
        assert begun[2].data["run"]["status"] in ("queued", "running")
        gate.set()
        ended = take(events, 2)
    assert told(ended) == [("message", "complete"), ("run", "done")]
    assert ended[0].data["message"]["body"] == "Hello"
    assert ended[1].data["run"]["public_id"] == run_id


def test_an_answer_that_fails_is_told(caller: Caller, channel_id: int, fake: FakeProvider) -> None:
    fake.enqueue([Status(401)])
    with watching(caller, channel_id) as events:
        caller.say(channel_id, "Hi")
        end = take(events, 5)[-1].data["run"]
    assert end["status"] == "failed"


def test_an_answer_that_replaces_another_takes_it_away(
    caller: Caller, channel_id: int, fake: FakeProvider
) -> None:
    fake.enqueue(says("first"), says("second"))
    first = caller.say(channel_id, "Hi", reply="wait")
    with watching(caller, channel_id) as events:
        caller.post(f"/api/messages/{first['message']['id']}/regenerate")
        kinds = take(events, 5)
    removed = [e.data["message_id"] for e in kinds if e.data["type"] == "message_removed"]
    assert removed == [first["reply"]["id"]]
    last = [e.data["message"] for e in kinds if e.data["type"] == "message"][-1]
    assert (last["body"], last["status"]) == ("second", "complete")


def test_ids_name_the_channel_and_count_from_one_without_gaps(
    caller: Caller, owner: Client, channel_id: int
) -> None:
    public_id = owner.get(f"/api/channels/{channel_id}").get_json()["public_id"]
    with watching(caller, channel_id) as events:
        caller.say(channel_id, "Hi", reply="wait")
        ids = [event.id for event in take(events, 5)]
    assert ids == [f"{public_id}:{seq}" for seq in range(1, 6)]


def test_two_people_hear_the_same(
    caller: Caller, live: Server, member: Client, channel_id: int
) -> None:
    theirs = Caller(live.url, member.token)
    with watching(caller, channel_id) as ours, watching(theirs, channel_id) as others:
        theirs.say(channel_id, "Hi", reply="none")
        caller.say(channel_id, "Hello", reply="none")
        heard = take(ours, 2)
        assert heard == take(others, 2)
    assert [e.data["message"]["author"]["name"] for e in heard] == ["Member", "Owner"]


def test_channels_do_not_hear_each_other(caller: Caller, channel_id: int) -> None:
    elsewhere = caller.channel()
    with watching(caller, channel_id) as events:
        caller.say(elsewhere, "There", reply="none")
        caller.say(channel_id, "Here", reply="none")
        assert next(events).data["message"]["body"] == "Here"


def test_what_happens_in_another_process_is_told(
    house: House, caller: Caller, channel_id: int, tmp_path: Path
) -> None:
    with serve(house.settings, tmp_path / "log") as other, watching(caller, channel_id) as events:
        there = Caller(other.url, caller.token)
        there.say(channel_id, "From there", reply="none")
        assert next(events).data["message"]["body"] == "From there"


def test_a_burst_of_changes_comes_whole_and_in_order(caller: Caller, channel_id: int) -> None:
    count = 120
    with watching(caller, channel_id) as events:
        for number in range(count):
            caller.say(channel_id, str(number), reply="none")
        heard = take(events, count)
    assert [e.data["message"]["body"] for e in heard] == [str(n) for n in range(count)]
    assert [e.seq for e in heard] == list(range(1, count + 1))


# --- coming back -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["header", "query"])
def test_a_cursor_goes_on_after_it_without_gap_or_repeat(
    caller: Caller, channel_id: int, by: str
) -> None:
    with watching(caller, channel_id) as events:
        for number in range(5):
            caller.say(channel_id, str(number), reply="none")
        whole = take(events, 5)
    for cut in range(5):
        cursor = whole[cut].id or ""
        where: dict[str, Any] = (
            {"headers": {"Last-Event-ID": cursor}}
            if by == "header"
            else {"params": {"last_event_id": cursor}}
        )
        with caller.watching(url(channel_id), **where) as events:
            start = next(events)
            assert (start.id, start.data.get("reset")) == (cursor, None)
            assert take(events, 4 - cut) == whole[cut + 1 :]
    with watching(caller, channel_id, last_event_id=whole[-1].id or "") as events:
        caller.say(channel_id, "more", reply="none")
        assert next(events).seq == 6


def test_a_cursor_from_before_the_first_change_gets_all(
    caller: Caller, owner: Client, channel_id: int
) -> None:
    public_id = owner.get(f"/api/channels/{channel_id}").get_json()["public_id"]
    caller.say(channel_id, "one", reply="none")
    with watching(caller, channel_id, last_event_id=f"{public_id}:0") as events:
        assert next(events).data["message"]["body"] == "one"


@pytest.mark.parametrize("after", ["2", "999999999999999", str(2**63), "x", "-1", "1" * 60_000])
def test_an_unknown_or_future_cursor_is_told_to_read_anew(
    caller: Caller, owner: Client, channel_id: int, after: str
) -> None:
    public_id = owner.get(f"/api/channels/{channel_id}").get_json()["public_id"]
    caller.say(channel_id, "one", reply="none")
    headers = {"Last-Event-ID": f"{public_id}:{after}"}
    with caller.watching(url(channel_id), headers=headers) as events:
        start = next(events)
        assert start.data == {"type": "start", "channel_id": channel_id, "reset": True}
        assert start.id == f"{public_id}:1"
        caller.say(channel_id, "two", reply="none")
        assert next(events).data["message"]["body"] == "two"


@pytest.mark.parametrize("cursor", ["nonsense", "0" * 36 + ":1", f"{uuid.uuid4()}:1", "%00"])
def test_a_foreign_cursor_is_told_to_read_anew(
    caller: Caller, channel_id: int, cursor: str
) -> None:
    with caller.watching(url(channel_id), params={"last_event_id": cursor}) as events:
        assert next(events).data["reset"] is True


def test_a_cursor_of_another_channel_is_foreign_too(caller: Caller, channel_id: int) -> None:
    elsewhere = caller.channel()
    with watching(caller, elsewhere) as events:
        caller.say(elsewhere, "There", reply="none")
        cursor = next(events).id or ""
    caller.say(channel_id, "Here", reply="none")
    with caller.watching(url(channel_id), params={"last_event_id": cursor}) as events:
        assert next(events).data["reset"] is True


def test_a_cursor_from_before_what_is_still_kept_is_told_to_read_anew(
    house: House, caller: Caller, channel_id: int
) -> None:
    with watching(caller, channel_id) as events:
        caller.say(channel_id, "one", reply="none")
        caller.say(channel_id, "two", reply="none")
        first, second = take(events, 2)
    Housekeeper(house.rt.db, keep_hours=1).clean(now() + timedelta(hours=2))
    caller.say(channel_id, "three", reply="none")
    with caller.watching(url(channel_id), params={"last_event_id": first.id}) as events:
        assert next(events).data["reset"] is True
    with watching(caller, channel_id, last_event_id=second.id or "") as events:
        assert next(events).data["message"]["body"] == "three"


# --- the ends ----------------------------------------------------------------------------------


def test_who_is_taken_out_hears_no_more(
    caller: Caller, live: Server, member: Client, member_id: int, channel_id: int
) -> None:
    theirs = Caller(live.url, member.token)
    with watching(theirs, channel_id) as events:
        caller.say(channel_id, "all of us", reply="none")
        next(events)
        caller.http.delete(f"/api/channels/{channel_id}/members/{member_id}")
        caller.say(channel_id, "among ourselves", reply="none")
        (last,) = events
    assert last.id is None
    assert last.data["error_code"] == "access_denied"
    assert last.data["done"] is True


def test_a_token_that_was_taken_back_hears_no_more(
    house: House, caller: Caller, live: Server, channel_id: int
) -> None:
    token = house.token(house.settings.admin_email)
    with watching(Caller(live.url, token), channel_id) as events:
        house.client(token).post("/api/v1/auth/logout")
        caller.say(channel_id, "Hi", reply="none")
        (last,) = events
    assert last.data["error_code"] == "unauthorized"


def test_every_refusal_is_an_event_with_status_200(
    people: People, nobody: Client, channel_id: int
) -> None:
    for client, ref, code in [
        (nobody, channel_id, "unauthorized"),
        (people.member, channel_id, "access_denied"),
        (people.stranger, channel_id, "channel_not_found"),
        (people.owner, 999_999, "channel_not_found"),
        (people.owner, "x", "channel_not_found"),
    ]:
        (event,) = client.stream(f"/api/channels/{ref}/events")
        assert (event.data["error_code"], event.data["done"]) == (code, True)
        assert event.id is None


def test_the_first_bytes_come_at_once_in_the_headers_of_an_event_stream(
    live: Server, people: People, channel_id: int
) -> None:
    head = "\n".join(
        [
            f"GET {url(channel_id)} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {people.owner.token}",
            "",
        ]
    )
    with raw_request(live.address, head) as connection:
        answer = read_until(connection, b'"start"').decode()
    assert "Content-Type: text/event-stream; charset=utf-8" in answer
    assert "retry: 2000\n\nid: " in answer


# --- the heartbeat, on a clock of its own ------------------------------------------------------


def test_a_channel_in_which_nothing_happens_is_checked_at_every_heartbeat(
    house: House, people: People, channel_id: int
) -> None:
    asked = []

    def who() -> Any:
        asked.append(1)
        return tokens.identify(house.rt, people.owner.token or "")

    listener = Listener(None, Hangup())
    news = channel_events.follow(house.rt, who, str(channel_id), listener, heartbeat_s=0.01)
    assert next(news).channel_id == channel_id  # type: ignore[union-attr]
    assert [next(news), next(news)] == [None, None]
    assert len(asked) == 3
    people.owner.delete(f"/api/channels/{channel_id}")
    with pytest.raises(ChannelNotFound):
        list(news)
