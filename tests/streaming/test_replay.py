"""A run whose journal is gone is told again from its stored reply."""

import threading
from datetime import timedelta
from typing import Any

import gevent
import pytest

from chat_app.runtime import Runtime
from chat_app.store.base import now
from chat_app.streaming.housekeeper import Housekeeper
from tests.clients import Client, Sse
from tests.fakes import Chunk, Cut, FakeProvider, Hold, ReasoningChunk, Status, says


@pytest.fixture
def database_url(each_installation: str) -> str:
    return each_installation


@pytest.fixture
def channel_id(owner: Client) -> int:
    return owner.channel()


def clean(rt: Runtime) -> None:
    assert Housekeeper(rt.db, keep_hours=1).clean(now() + timedelta(hours=2)) > 0


def streamed(owner: Client, run_id: str, **headers: str) -> list[Sse]:
    return owner.stream(f"/api/runs/{run_id}/stream", headers=headers)


def test_a_replay_is_start_chunk_done_with_ids_from_one(
    owner: Client, rt: Runtime, channel_id: int, fake: FakeProvider
) -> None:
    fake.enqueue([ReasoningChunk("Hm."), *says("Hel", "lo ", "世界")])
    run_id = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    whole = streamed(owner, run_id)
    clean(rt)
    again = streamed(owner, run_id)
    assert [e.data["type"] for e in again] == ["start", "chunk", "done"]
    assert [e.id for e in again] == [f"{run_id}:{seq}" for seq in (1, 2, 3)]
    assert again[0] == whole[0]
    assert again[1].data == {"type": "chunk", "content": "Hello 世界", "done": False}
    assert again[2].data == whole[-1].data
    assert len(fake.requests) == 1


def test_every_door_replays_it(
    owner: Client, rt: Runtime, channel_id: int, fake: FakeProvider
) -> None:
    said = owner.say(channel_id, "Hi", reply="wait", client_id="one")
    clean(rt)
    again = streamed(owner, said["run_id"])
    assert owner.stream(f"/api/ai/stream/{channel_id}") == again
    session_id = owner.get(f"/api/channels/{channel_id}").get_json()["public_id"]
    query = {"session_id": session_id, "message": "Hi", "client_id": "one"}
    assert owner.stream("/api/app/chat/stream", query_string=query) == again
    items = owner.get(f"/api/runs/{said['run_id']}/events").get_json()["items"]
    assert items == [{"seq": e.seq, **e.data} for e in again]
    later = owner.get(f"/api/runs/{said['run_id']}/events?after=1").get_json()["items"]
    assert later == items[1:]
    assert len(fake.requests) == 1


@pytest.mark.parametrize("after", [1, 2, 3, 4, 99])
def test_an_old_cursor_gets_a_reset_and_the_whole_reply(
    owner: Client, rt: Runtime, channel_id: int, after: int
) -> None:
    run_id = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    clean(rt)
    whole = streamed(owner, run_id)
    again = streamed(owner, run_id, **{"Last-Event-ID": f"{run_id}:{after}"})
    assert again[0].data == {**whole[0].data, "reset": True}
    assert again[1:] == whole[1:]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ([Status(401)], ""),
        ([Status(429, {"Retry-After": "7"})], ""),
        ([Chunk("Hel"), Cut()], "Hel"),
        (says("Hel", reason="length"), "Hel"),
    ],
    ids=["refused", "limited", "cut", "length"],
)
def test_the_end_is_told_as_it_was(
    owner: Client, rt: Runtime, channel_id: int, fake: FakeProvider, script: Any, text: str
) -> None:
    fake.enqueue(script)
    run_id = owner.say(channel_id, "Hi")["run_id"]
    end = streamed(owner, run_id)[-1].data
    clean(rt)
    again = streamed(owner, run_id)
    assert "".join(e.data["content"] for e in again if e.data["type"] == "chunk") == text
    told = again[-1].data
    assert told == {name: value for name, value in end.items() if name != "retry_after"}


def test_a_cancelled_run_is_told_with_what_was_said(
    owner: Client, rt: Runtime, channel_id: int, fake: FakeProvider
) -> None:
    fake.enqueue([Chunk("Hel"), Hold(threading.Event())])
    run_id = owner.say(channel_id, "Hi")["run_id"]
    following = gevent.spawn(streamed, owner, run_id)
    while not owner.get(f"/api/runs/{run_id}/events?after=1").get_json()["items"]:
        gevent.sleep(0.01)
    owner.post(f"/api/runs/{run_id}/cancel")
    end = following.get(timeout=30)[-1].data
    clean(rt)
    again = streamed(owner, run_id)
    assert [e.data["type"] for e in again] == ["start", "chunk", "error"]
    assert again[-1].data == end


def test_an_agent_that_is_gone_is_told_without_a_name(
    owner: Client, rt: Runtime, fake: FakeProvider
) -> None:
    agent = owner.post("/api/agents", {"name": "Guest"}).get_json()
    run_id = owner.say(owner.channel(agent_id=agent["id"]), "Hi", reply="wait")["run_id"]
    clean(rt)
    owner.delete(f"/api/agents/{agent['id']}")
    start = streamed(owner, run_id)[0].data
    assert start["agent"] == {"id": None, "public_id": None, "name": ""}


def test_what_was_taken_back_is_not_told_again(owner: Client, rt: Runtime, channel_id: int) -> None:
    said = owner.say(channel_id, "Hi", reply="wait")
    clean(rt)
    owner.delete(f"/api/messages/{said['reply']['id']}")
    assert [e.data["type"] for e in streamed(owner, said["run_id"])] == ["start", "done"]
