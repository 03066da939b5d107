"""The stream of a channel's answer: what is sent, where it goes on, and who starts it."""

import re
import threading
import uuid

import gevent
import orjson
import pytest

from tests.clients import Client, People, read_events
from tests.fakes import Chunk, Cut, FakeProvider, Hold, ReasoningChunk, Status, says
from tests.houses import House, on_each_database

pytestmark = on_each_database

# What a careless encoder would break: several alphabets, an astral sign, all that some parser
# takes for the end of a line, JSON's and SSE's own signs.
HARD = [
    "漢字",
    "🦓👩‍👩‍👧",
    "a\u2028b\u2029c\x85d",
    "line\nline\r\nline\r",
    '"\\/ data: x\n\nid: 1',
    "\t \x1b é",
]


def url(channel_id: int) -> str:
    return f"/api/ai/stream/{channel_id}"


def payloads(raw: bytes) -> list[bytes]:
    """The `data:` lines, as bytes."""
    return [line for line in raw.split(b"\n") if line.startswith(b"data: ")]


def test_an_answer_starts_says_its_chunks_and_is_done(
    owner: Client, channel_id: int, fake: FakeProvider
):
    agent = owner.get("/api/agents").get_json()["items"][0]
    message = owner.say(channel_id, "Hi", reply="none")["message"]
    events = owner.stream(url(channel_id))
    start, chunks, usage, done = events[0].data, events[1:-2], events[-2].data, events[-1].data
    about = {"id": agent["id"], "public_id": agent["public_id"], "name": agent["name"]}
    assert (start["type"], start["channel_id"], start["agent"]) == ("start", channel_id, about)
    assert (start["message_id"], start["run_id"]) == (message["id"], (events[0].id or "")[:-2])
    assert {(event.data["type"], event.data["done"]) for event in chunks} == {("chunk", False)}
    assert "".join(event.data["content"] for event in chunks) == "Hello, world!"
    tokens = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert usage == {"type": "usage", **tokens, "model": "fake"}
    reply = owner.get(f"/api/channels/{channel_id}/messages").get_json()["items"][-1]
    assert done.items() >= {"type": "done", "done": True, "finish_reason": "stop"}.items()
    assert (done["message_id"], done["usage"]) == (reply["id"], tokens)


def test_every_event_has_the_runs_id_and_a_number_without_gaps(owner: Client, channel_id: int):
    owner.say(channel_id, "Hi")
    events = owner.stream(url(channel_id))
    run_id = events[0].data["run_id"]
    assert [event.id for event in events] == [f"{run_id}:{n + 1}" for n in range(len(events))]
    assert uuid.UUID(run_id).version == 7


def test_a_stream_begins_with_the_time_to_wait_before_a_reconnect(owner: Client, channel_id: int):
    owner.say(channel_id, "Hi")
    assert owner.get(url(channel_id)).data.startswith(b"retry: 2000\n")


def test_payloads_are_unescaped_utf_8_on_one_line(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue(says(*HARD))
    owner.say(channel_id, "".join(HARD), reply="wait")
    raw = owner.get(url(channel_id)).data
    events = list(read_events(raw))
    chunks = [event.data["content"] for event in events if event.data["type"] == "chunk"]
    assert "".join(chunks) == "".join(HARD)
    assert "漢字".encode() in raw
    assert "🦓".encode() in raw
    assert "\u2028".encode() in raw
    assert b"\r" not in raw
    # Every line is a field, a comment or the blank between events: nothing was cut in two.
    assert {line.split(b":")[0] for line in raw.split(b"\n")} == {b"", b"retry", b"id", b"data"}


def test_thinking_comes_as_reasoning_and_is_no_part_of_the_answer(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([ReasoningChunk("Hm"), *says("Yes")])
    shown = owner.say(channel_id, "Hi", reply="wait")
    events = [event.data for event in owner.stream(url(channel_id))]
    assert {"type": "reasoning", "content": "Hm", "done": False} in events
    assert shown["reply"]["body"] == "Yes"


# --- one answer --------------------------------------------------------------------------------


def test_a_stream_starts_an_answer_where_there_is_none(
    owner: Client, channel_id: int, fake: FakeProvider
):
    owner.say(channel_id, "Hi", reply="none")
    assert owner.stream(url(channel_id))[-1].data["type"] == "done"
    assert len(fake.requests) == 1


def test_a_finished_answer_is_replayed_and_never_asked_again(
    owner: Client, channel_id: int, fake: FakeProvider
):
    owner.say(channel_id, "Hi", reply="wait")
    first = owner.get(url(channel_id)).data
    assert owner.get(url(channel_id)).data == first
    assert len(fake.requests) == 1


def test_a_failed_answer_is_replayed_and_never_asked_again(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([Chunk("Hal"), Cut()])
    owner.say(channel_id, "Hi")
    first = owner.get(url(channel_id)).data
    assert owner.get(url(channel_id)).data == first
    assert len(fake.requests) == 1


@pytest.mark.parametrize("count", [2, 20])
def test_streams_that_begin_together_share_one_answer(
    owner: Client, channel_id: int, fake: FakeProvider, count: int
):
    owner.say(channel_id, "Hi", reply="none")
    streams = [gevent.spawn(owner.get, url(channel_id)) for _ in range(count)]
    gevent.joinall(streams, timeout=30, raise_error=True)
    assert len({stream.value.data for stream in streams}) == 1
    assert len(fake.requests) == 1
    assert len(owner.get(f"/api/channels/{channel_id}/messages").get_json()["items"]) == 2


def test_a_newer_question_is_answered_by_a_newer_run(
    owner: Client, channel_id: int, fake: FakeProvider
):
    owner.say(channel_id, "One", reply="wait")
    first = owner.stream(url(channel_id))
    owner.say(channel_id, "Two", reply="none")
    second = owner.stream(url(channel_id))
    assert second[0].data["run_id"] != first[0].data["run_id"]
    assert [m["content"] for m in fake.requests[1].json["messages"][1:]] == [
        "One",
        "Hello, world!",
        "Two",
    ]


# --- going on ----------------------------------------------------------------------------------


def resumed(client: Client, path: str, cursor: str, in_query: bool) -> bytes:
    if in_query:
        return client.get(path, query_string={"last_event_id": cursor}).data
    return client.get(path, headers={"Last-Event-ID": cursor}).data


@pytest.mark.parametrize("in_query", [False, True], ids=["header", "query"])
def test_a_finished_stream_goes_on_after_any_event(
    owner: Client, channel_id: int, fake: FakeProvider, in_query: bool
):
    fake.enqueue(says(*HARD))
    run_id = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    for path in (url(channel_id), f"/api/runs/{run_id}/stream"):
        whole = payloads(owner.get(path).data)
        for seq in range(len(whole) + 1):
            rest = resumed(owner, path, f"{run_id}:{seq}", in_query)
            assert whole[:seq] + payloads(rest) == whole
    assert len(fake.requests) == 1


def test_a_live_stream_goes_on_after_any_event(owner: Client, channel_id: int, fake: FakeProvider):
    steps = [threading.Event() for _ in range(4)]
    script = [step for event in steps for step in (Chunk(str(id(event))), Hold(event))]
    fake.enqueue([*script, *says("end")])
    run_id = owner.say(channel_id, "Hi")["run_id"]
    readers = []
    for seq, step in enumerate(steps, 2):
        wait_for_event(fake, owner, run_id, seq)
        for known in range(seq + 1):
            cursor = f"{run_id}:{known}"
            reader = gevent.spawn(resumed, owner, url(channel_id), cursor, in_query=False)
            readers.append((known, reader))
        step.set()
    gevent.joinall([reader for _, reader in readers], timeout=30, raise_error=True)
    whole = payloads(owner.get(url(channel_id)).data)
    for known, reader in readers:
        assert whole[:known] + payloads(reader.value) == whole


def wait_for_event(fake: FakeProvider, client: Client, run_id: str, seq: int) -> None:
    """Wait until the run has an event with this number."""

    def is_there() -> bool:
        return bool(client.get(f"/api/runs/{run_id}/events?after={seq - 1}").get_json()["items"])

    fake.wait_until(is_there)


def test_a_cursor_goes_on_with_its_own_run_though_there_is_a_newer_one(
    owner: Client, channel_id: int
):
    first = owner.say(channel_id, "One", reply="wait")["run_id"]
    whole = payloads(owner.get(url(channel_id)).data)
    owner.say(channel_id, "Two", reply="wait")
    rest = resumed(owner, url(channel_id), f"{first}:2", in_query=False)
    assert whole[:2] + payloads(rest) == whole


RUN = "0192f0c1-2345-7abc-8def-0123456789ab"
STRANGE = {
    "unknown": f"{RUN}:3",
    "word": "garbage",
    "number": "5",
    "no number": f"{RUN}:",
    "negative": "{run}:-1",
    "huge": "{run}:99999999999999999999999999",
    "past 64 bits": f"{{run}}:{2**63}",
    "future": "{run}:500",
    "full width": "{run}:１",
    "exponent": "{run}:1e3",
    "NUL": "{run}:1%00",
    "long": "x" * 5000,
    "not UTF-8": "%ff%fe",
    "another channel's": "{other}:2",
}


@pytest.mark.parametrize("cursor", STRANGE.values(), ids=STRANGE)
def test_a_strange_cursor_gets_a_reset_and_then_everything(
    owner: Client, channel_id: int, fake: FakeProvider, cursor: str
):
    other = owner.say(owner.channel(), "Hi", reply="wait")["run_id"]
    run = owner.say(channel_id, "Hi", reply="wait")["run_id"]
    whole = owner.stream(url(channel_id))
    cursor = cursor.format(run=run, other=other)
    again = owner.stream(f"{url(channel_id)}?last_event_id={cursor}")
    assert again[0].data == {**whole[0].data, "reset": True}
    assert again[0].id == whole[0].id
    assert again[1:] == whole[1:]
    assert len(fake.requests) == 2


def test_an_empty_cursor_is_none(owner: Client, channel_id: int):
    owner.say(channel_id, "Hi", reply="wait")
    whole = owner.get(url(channel_id)).data
    assert owner.get(f"{url(channel_id)}?last_event_id=").data == whole
    assert owner.get(url(channel_id), headers={"Last-Event-ID": ""}).data == whole


def test_a_strangers_run_is_no_cursor_for_anybody_else(people: People):
    theirs = people.stranger.channel(agent_id=None)
    mine = people.owner.channel()
    people.stranger.say(theirs, "Hi", reply="none")
    run = people.owner.say(mine, "Hi", reply="wait")["run_id"]
    for path in (url(mine), f"/api/runs/{run}/stream"):
        events = people.stranger.stream(path, headers={"Last-Event-ID": f"{run}:1"})
        assert [event.data["type"] for event in events] == ["error"]


# --- refusals ----------------------------------------------------------------------------------


def refused(client: Client, path: str, **kwargs: object) -> dict[str, object]:
    """The one event of a refusal."""
    raw = client.get(path, **kwargs)
    assert raw.status_code == 200
    assert raw.content_type == "text/event-stream; charset=utf-8"
    (event,) = read_events(raw.data)
    assert event.data["type"] == "error"
    assert event.data["done"] is True
    assert event.data["retryable"] in (True, False)
    return event.data


def test_a_refusal_is_exactly_the_contracts_event(owner: Client):
    assert refused(owner, url(999_999)) == {
        "type": "error",
        "error": "Channel not found",
        "error_code": "channel_not_found",
        "retryable": False,
        "done": True,
    }


STRANGE_IDS = ["0", "-1", "abc", "1e3", "１", str(2**63), "9" * 40, RUN, "%00", "%ff", "1.0", "+1"]


@pytest.mark.parametrize("ref", [*STRANGE_IDS, " 1", "", "1/", "1/2", "..%2f1", "None", "x" * 3000])
def test_what_is_no_channel_is_not_found_with_status_200(owner: Client, ref: str):
    assert refused(owner, f"/api/ai/stream/{ref}")["error_code"] == "channel_not_found"


@pytest.mark.parametrize("ref", STRANGE_IDS)
def test_what_is_no_run_is_not_found_with_status_200(owner: Client, ref: str):
    assert refused(owner, f"/api/runs/{ref}/stream")["error_code"] == "run_not_found"


def test_a_channel_without_a_message_has_none_to_answer(owner: Client, channel_id: int):
    assert refused(owner, url(channel_id))["error_code"] == "no_message"


def test_nobody_answers_where_no_agent_is_set(owner: Client):
    channel_id = owner.channel(agent_id=None)
    assert refused(owner, url(channel_id))["error_code"] == "no_agent"
    owner.say(channel_id, "Hi")
    assert refused(owner, url(channel_id))["error_code"] == "no_agent"


def test_nobody_answers_in_mention_mode_without_a_mention(owner: Client, fake: FakeProvider):
    channel_id = owner.channel(reply_mode="mention")
    owner.say(channel_id, "Hi")
    assert refused(owner, url(channel_id))["error_code"] == "no_agent"
    owner.say(channel_id, "Hi @assistant")
    assert owner.stream(url(channel_id))[-1].data["type"] == "done"
    assert len(fake.requests) == 1


def test_a_disabled_agent_does_not_answer(owner: Client, fake: FakeProvider):
    agent = owner.post("/api/agents", {"name": "Off", "enabled": False}).get_json()
    channel_id = owner.channel(agent_id=agent["id"])
    owner.say(channel_id, "Hi")
    assert refused(owner, url(channel_id))["error_code"] == "no_agent"
    assert fake.requests == []


@pytest.mark.parametrize("missing", ["provider", "enabled", "model", "key"])
def test_an_agent_without_a_working_provider_says_so(owner: Client, house: House, missing: str):
    fields: dict[str, object] = {"name": f"P {missing}", "base_url": "http://127.0.0.1:1/v1"}
    fields |= {"default_model": None if missing == "model" else "m"}
    fields |= {"enabled": missing != "enabled"}
    provider = owner.post("/api/providers", fields).get_json()
    provider_id = None if missing == "provider" else provider["id"]
    agent = owner.post("/api/agents", {"name": f"A {missing}", "provider_id": provider_id})
    channel_id = owner.channel(agent_id=agent.get_json()["id"])
    owner.say(channel_id, "Hi")
    if missing == "key":
        return  # no key is fine: many local models want none
    assert refused(owner, url(channel_id))["error_code"] == "provider_not_configured"


def test_nobody_is_told_to_sign_in(nobody: Client, channel_id: int):
    for path in (url(channel_id), url(999_999), "/api/runs/1/stream"):
        assert refused(nobody, path)["error_code"] == "unauthorized"


def test_a_token_that_does_not_hold_is_unauthorized(house: House, channel_id: int):
    strange = ["x", "hf_", "hf_" + "x" * 43, "é", "\xff", "a b", "'", "x" * 5000]
    clients = [house.expired(), house.revoked(), house.deactivated(), *map(house.client, strange)]
    for client in clients:
        assert refused(client, url(channel_id))["error_code"] == "unauthorized"


def test_a_member_who_is_not_in_the_channel_is_denied(people: People, channel_id: int):
    for person in (people.member, people.viewer):
        assert refused(person, url(channel_id))["error_code"] == "access_denied"


def test_a_stranger_is_told_that_there_is_no_such_channel(people: People, channel_id: int):
    assert refused(people.stranger, url(channel_id))["error_code"] == "channel_not_found"


def test_who_may_only_read_watches_answers_and_starts_none(
    house: House, owner: Client, channel_id: int, fake: FakeProvider
):
    reader = house.reader()
    owner.say(channel_id, "Hi", reply="none")
    assert refused(reader, url(channel_id))["error_code"] == "access_denied"
    assert fake.requests == []
    owner.stream(url(channel_id))
    assert reader.stream(url(channel_id))[-1].data["type"] == "done"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_another_site_cannot_start_an_answer_with_a_persons_cookie(
    house: House, owner: Client, channel_id: int, fake: FakeProvider, site: str
):
    owner.say(channel_id, "Hi", reply="none")
    error = refused(house.browser(), url(channel_id), headers={"Sec-Fetch-Site": site})
    assert error["error_code"] == "csrf_failed"
    assert fake.requests == []


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_ones_own_page_streams_with_the_cookie(
    house: House, owner: Client, channel_id: int, site: str | None
):
    owner.say(channel_id, "Hi", reply="none")
    headers = {"Sec-Fetch-Site": site} if site else {}
    events = house.browser().stream(url(channel_id), headers=headers)
    assert events[-1].data["type"] == "done"


def test_a_program_with_a_token_is_no_other_site(owner: Client, channel_id: int):
    owner.say(channel_id, "Hi", reply="none")
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert owner.stream(url(channel_id), headers=headers)[-1].data["type"] == "done"


def test_an_agent_that_is_deleted_does_not_answer(owner: Client):
    agent = owner.post("/api/agents", {"name": "Brief"}).get_json()
    channel_id = owner.channel(agent_id=agent["id"])
    assert owner.delete(f"/api/agents/{agent['id']}").status_code == 204
    owner.say(channel_id, "Hi")
    assert refused(owner, url(channel_id))["error_code"] == "no_agent"


def test_the_error_of_a_broken_answer_is_the_last_event(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([Status(429, {"Retry-After": "7"})])
    owner.say(channel_id, "Hi")
    last = owner.stream(url(channel_id))[-1].data
    assert re.fullmatch(r"provider_rate_limited", last["error_code"])
    assert (last["retryable"], last["retry_after"], last["done"]) == (True, 7, True)
    assert orjson.dumps(last)


def test_asking_for_the_head_alone_starts_no_answer(
    owner: Client, channel_id: int, fake: FakeProvider
):
    owner.say(channel_id, "Hi", reply="none")
    head = owner.open("HEAD", url(channel_id))
    assert (head.status_code, head.data) == (200, b"")
    assert head.content_type == "text/event-stream; charset=utf-8"
    assert owner.get(f"/api/channels/{channel_id}/messages").get_json()["items"][-1]["body"] == "Hi"
    assert fake.requests == []
