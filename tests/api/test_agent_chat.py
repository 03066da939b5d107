"""The agent-chat dialect: one question to one agent, streamed by POST or GET, or whole."""

import threading
import uuid

import gevent
import pytest
from werkzeug.test import TestResponse

from tests.clients import Client, People, Sse, read_events
from tests.fakes import Chunk, Cut, FakeProvider, Hold, ReasoningChunk, Status, says
from tests.houses import House, on_each_database

KEYS = {
    "type",
    "content",
    "session_id",
    "message_id",
    "reply_id",
    "metadata",
    "finish_reason",
    "error",
}


@pytest.fixture
def agent(owner: Client) -> dict[str, object]:
    """An agent with a greeting."""
    name = f"Guide {uuid.uuid4().hex[:8]}"
    made = owner.post("/api/agents", {"name": name, "greeting": "Welcome!"}).get_json()
    assert isinstance(made, dict)
    return made


@pytest.fixture
def chat(agent: dict[str, object]) -> str:
    """The address of the agent's whole answers; streams are below it."""
    return f"/api/agents/{agent['public_id']}/chat"


def posted(client: Client, chat: str, message: str, **fields: object) -> list[Sse]:
    answer = client.post(f"{chat}/stream", {"message": message, **fields})
    return events_of(answer)


def got(client: Client, chat: str, **query: object) -> list[Sse]:
    headers = {"Last-Event-ID": query.pop("last_event_id")} if "last_event_id" in query else {}
    return events_of(client.get(f"{chat}/stream", query_string=query, headers=headers))


def events_of(answer: TestResponse) -> list[Sse]:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/event-stream; charset=utf-8"
    events = list(read_events(answer.data))
    assert all(set(event.data) >= KEYS for event in events)
    return events


def text_of(events: list[Sse]) -> str:
    return "".join(e.data["content"] for e in events if e.data["type"] == "content")


def messages_of(client: Client, session_id: str) -> list[dict[str, object]]:
    found = client.get("/api/channels?limit=200").get_json()["items"]
    channel_id = next(one["id"] for one in found if one["public_id"] == session_id)
    return list(client.get(f"/api/channels/{channel_id}/messages").get_json()["items"])


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_streamed_answer_has_all_keys_in_every_event(owner: Client, chat: str, method: str):
    events = posted(owner, chat, "Hi") if method == "POST" else got(owner, chat, message="Hi")
    done = events[-1].data
    assert text_of(events) == "Hello, world!"
    assert {event.data["type"] for event in events} == {"content", "done"}
    assert done == {
        "type": "done",
        "content": None,
        "session_id": done["session_id"],
        "message_id": done["message_id"],
        "reply_id": done["reply_id"],
        "metadata": {"model": "fake", "tokens_used": 8, "finish_reason": "Stop"},
        "finish_reason": "Stop",
        "error": None,
    }
    for name in ("session_id", "message_id", "reply_id"):
        assert uuid.UUID(done[name]).version == 7
    for event in events[:-1]:
        assert event.data["session_id"] == done["session_id"]
        assert event.data["message_id"] == done["message_id"]
        assert event.data["reply_id"] is None


def test_ids_are_the_runs_and_have_no_gaps(owner: Client, chat: str, fake: FakeProvider):
    fake.enqueue([ReasoningChunk("Hm"), *says("Hi")])
    events = posted(owner, chat, "Hi")
    run_id = (events[0].id or "").partition(":")[0]
    assert [event.id for event in events] == [f"{run_id}:{n + 1}" for n in range(len(events))]


@pytest.mark.parametrize("path", ["", "/stream"])
def test_one_json_answer_is_the_done_event_with_the_text(owner: Client, chat: str, path: str):
    answer = owner.post(chat + path, {"message": "Hi", "stream": False})
    whole = answer.get_json()
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert set(whole) == KEYS
    assert (whole["type"], whole["content"]) == ("done", "Hello, world!")
    assert whole["metadata"] == {"model": "fake", "tokens_used": 8, "finish_reason": "Stop"}


def test_a_new_session_begins_with_the_greeting(owner: Client, chat: str):
    session_id = posted(owner, chat, "  Hi \n there ")[-1].data["session_id"]
    bodies = [(m["role"], m["body"]) for m in messages_of(owner, session_id)]
    assert bodies == [
        ("assistant", "Welcome!"),
        ("user", "  Hi \n there "),
        ("assistant", "Hello, world!"),
    ]


def test_a_session_goes_on(owner: Client, chat: str, fake: FakeProvider):
    session_id = posted(owner, chat, "One")[-1].data["session_id"]
    again = posted(owner, chat, "Two", session_id=session_id)
    assert again[-1].data["session_id"] == session_id
    assert [m["content"] for m in fake.requests[1].json["messages"]] == [
        "Welcome!",
        "One",
        "Hello, world!",
        "Two",
    ]


def test_without_a_session_each_question_begins_one(owner: Client, chat: str):
    sessions = {posted(owner, chat, "Hi")[-1].data["session_id"] for _ in range(2)}
    assert len(sessions) == 2


def test_an_empty_session_in_a_query_is_none(owner: Client, chat: str):
    assert got(owner, chat, message="Hi", session_id="", client_id="")[-1].data["type"] == "done"


UNKNOWN = str(uuid.uuid4())


@on_each_database
@pytest.mark.parametrize(
    "session_id", [UNKNOWN, "1", "x", "{" + UNKNOWN[1:], "１" * 36, "x" * 9000, "a\0b"]
)
def test_a_session_that_is_not_there_is_not_found(owner: Client, chat: str, session_id: str):
    for path in (chat, f"{chat}/stream"):
        answer = owner.post(path, {"message": "Hi", "session_id": session_id})
        assert (answer.status_code, answer.get_json()["error_code"]) == (404, "session_not_found")
    (event,) = got(owner, chat, message="Hi", session_id=session_id)
    assert event.data["error_code"] == "session_not_found"


def test_somebody_elses_session_is_not_theirs(people: People, chat: str, fake: FakeProvider):
    session_id = posted(people.owner, chat, "Hi")[-1].data["session_id"]
    body = {"message": "Hi", "session_id": session_id}
    answer = people.member.post(chat, body)
    assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")
    answer = people.stranger.post(chat, body)
    assert (answer.status_code, answer.get_json()["error_code"]) == (404, "agent_not_found")
    assert len(fake.requests) == 1


@on_each_database
@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("stop", "Stop"),
        ("length", "Length"),
        ("content_filter", "ContentFilter"),
        ("end_turn", "Stop"),
        ("x" * 500, "Stop"),
    ],
)
def test_finish_reasons_have_this_dialects_names(
    owner: Client, chat: str, fake: FakeProvider, reason: str, shown: str
):
    fake.enqueue(says("Hi", reason=reason))
    done = posted(owner, chat, "Hi")[-1].data
    assert (done["type"], done["finish_reason"]) == ("done", shown)
    assert done["metadata"]["finish_reason"] == shown


def test_a_cancelled_answer_says_so(owner: Client, chat: str, fake: FakeProvider):
    fake.enqueue([Chunk("Half"), Hold(threading.Event())])
    reader = gevent.spawn(posted, owner, chat, "Hi")
    fake.wait_until(lambda: fake.open_streams == 1)
    session_id = owner.get("/api/channels?limit=1").get_json()["items"][0]["public_id"]
    state = owner.get(f"/api/app/chat/sessions/{session_id}").get_json()
    owner.post(f"/api/runs/{state['runs'][0]['public_id']}/cancel")
    reader.join(10)
    error = reader.value[-1].data
    assert (error["type"], error["error_code"]) == ("error", "run_cancelled")
    assert error["finish_reason"] == "Cancelled"
    fake.wait_until(lambda: fake.open_streams == 0)


@pytest.mark.parametrize("script", [[Status(401)], [Chunk("Half"), Cut()]], ids=["none", "some"])
def test_an_answer_that_breaks_ends_with_an_error_event(
    owner: Client, chat: str, fake: FakeProvider, script: list[object]
):
    fake.enqueue(script)
    error = posted(owner, chat, "Hi")[-1].data
    assert error["type"] == "error"
    assert error["error_code"] in ("provider_auth_failed", "provider_unavailable")
    assert type(error["retryable"]) is bool
    assert error["error"]
    assert error["session_id"]


def test_a_whole_answer_that_breaks_has_the_codes_status(
    owner: Client, chat: str, fake: FakeProvider
):
    fake.enqueue([Status(404)])
    answer = owner.post(chat, {"message": "Hi"})
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (502, "provider_model_not_found")


# --- once --------------------------------------------------------------------------------------


@on_each_database
def test_the_same_client_id_again_is_the_first_answer(owner: Client, chat: str, fake: FakeProvider):
    client_id = uuid.uuid4().hex
    first = posted(owner, chat, "Hi", client_id=client_id)
    assert posted(owner, chat, "Hi", client_id=client_id) == first
    assert got(owner, chat, message="Hi", client_id=client_id) == first
    whole = owner.post(chat, {"message": "Hi", "client_id": client_id}).get_json()
    assert whole["reply_id"] == first[-1].data["reply_id"]
    assert len(fake.requests) == 1


@on_each_database
def test_ten_at_once_with_one_client_id_are_one_question(
    owner: Client, chat: str, fake: FakeProvider
):
    body = {"message": "Hi", "client_id": uuid.uuid4().hex}
    readers = [gevent.spawn(owner.post, f"{chat}/stream", body) for _ in range(10)]
    gevent.joinall(readers, timeout=30, raise_error=True)
    assert len({reader.value.data for reader in readers}) == 1
    assert len(fake.requests) == 1


def test_a_client_id_of_another_agent_is_refused(owner: Client, chat: str):
    client_id = uuid.uuid4().hex
    posted(owner, chat, "Hi", client_id=client_id)
    other = owner.post("/api/agents", {"name": uuid.uuid4().hex}).get_json()["public_id"]
    answer = owner.post(f"/api/agents/{other}/chat", {"message": "Hi", "client_id": client_id})
    assert (answer.status_code, answer.get_json()["field"]) == (400, "client_id")


def test_a_client_id_of_another_session_is_refused(owner: Client, chat: str):
    client_id = uuid.uuid4().hex
    posted(owner, chat, "Hi", client_id=client_id)
    other = posted(owner, chat, "Hi")[-1].data["session_id"]
    body = {"message": "Hi", "client_id": client_id, "session_id": other}
    answer = owner.post(chat, body)
    assert (answer.status_code, answer.get_json()["field"]) == (400, "client_id")


def test_who_comes_back_with_a_cursor_is_not_asked_about_again(
    owner: Client, chat: str, fake: FakeProvider
):
    events = got(owner, chat, message="Hi")
    for seq, event in enumerate(events[:-1], 1):
        rest = got(owner, chat, message="Hi", last_event_id=event.id)
        assert events[:seq] + rest == events
        answer = owner.get(f"{chat}/stream?message=Hi&last_event_id={event.id}")
        assert events[:seq] + events_of(answer) == events
    assert got(owner, chat, message="Hi", last_event_id=events[-1].id) == []
    assert len(fake.requests) == 1


@pytest.mark.parametrize("cursor", ["garbage", f"{UNKNOWN}:3", "x" * 5000])
def test_a_cursor_that_names_no_run_asks_nothing(
    owner: Client, chat: str, fake: FakeProvider, cursor: str
):
    (event,) = got(owner, chat, message="Hi", last_event_id=cursor)
    assert event.data["error_code"] == "run_not_found"
    assert fake.requests == []


def test_a_cursor_past_the_end_gets_a_reset_and_everything(
    owner: Client, chat: str, fake: FakeProvider
):
    events = got(owner, chat, message="Hi")
    run_id = (events[0].id or "").partition(":")[0]
    again = got(owner, chat, message="Hi", last_event_id=f"{run_id}:500")
    assert again[0].data["metadata"]["start"]["reset"] is True
    assert again[1:] == events[1:]
    assert len(fake.requests) == 1


# --- refusals: an HTTP status by POST, an event by GET -----------------------------------------


def assert_refused(client: Client, chat: str, status: int, code: str, message: str = "Hi") -> None:
    for path in (chat, f"{chat}/stream"):
        answer = client.post(path, {"message": message})
        assert (answer.status_code, answer.get_json()["error_code"]) == (status, code)
        assert answer.content_type == "application/json"
    (event,) = got(client, chat, message=message)
    assert event.data == {**dict.fromkeys(KEYS), **event.data}
    assert (event.data["type"], event.data["error_code"]) == ("error", code)
    assert (event.data["done"], type(event.data["retryable"])) == (True, bool)
    assert event.data["error"]


def test_nobody_is_unauthorized(nobody: Client, chat: str):
    assert_refused(nobody, chat, 401, "unauthorized")


@pytest.mark.parametrize("ref", [UNKNOWN, "1", "x", "0", "１" * 36, str(10**30)])
def test_what_is_no_public_id_of_an_agent_is_not_found(owner: Client, ref: str):
    assert_refused(owner, f"/api/agents/{ref}/chat", 404, "agent_not_found")


def test_an_integer_id_is_no_public_id(owner: Client, agent: dict[str, object]):
    assert_refused(owner, f"/api/agents/{agent['id']}/chat", 404, "agent_not_found")


def test_a_stranger_does_not_find_the_agent(people: People, chat: str):
    assert_refused(people.stranger, chat, 404, "agent_not_found")


def test_a_viewer_is_denied(people: People, chat: str):
    assert_refused(people.viewer, chat, 403, "access_denied")


def test_a_token_that_may_only_read_is_denied(house: House, chat: str):
    assert_refused(house.reader(), chat, 403, "access_denied")


def test_a_member_may_ask(people: People, chat: str):
    assert posted(people.member, chat, "Hi")[-1].data["type"] == "done"


def test_nothing_is_no_message(owner: Client, chat: str):
    assert_refused(owner, chat, 400, "no_message", message=" \n")


def test_too_long_a_message_is_refused(owner: Client, chat: str):
    assert_refused(owner, chat, 413, "message_too_long", message="x" * 64_001)


def test_an_agent_that_is_off_does_not_answer(owner: Client, chat: str, agent: dict[str, object]):
    owner.patch(f"/api/agents/{agent['id']}", {"enabled": False})
    assert_refused(owner, chat, 409, "no_agent")


def test_an_agent_without_a_provider_says_so(owner: Client, chat: str, agent: dict[str, object]):
    owner.patch(f"/api/agents/{agent['id']}", {"provider_id": None})
    assert_refused(owner, chat, 503, "provider_not_configured")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": 1}, "message"),
        ({"message": "a\0"}, "message"),
        ({"message": "Hi", "stream": "yes"}, "stream"),
        ({"message": "Hi", "session_id": 5}, "session_id"),
        ({"message": "Hi", "client_id": ""}, "client_id"),
        ({"message": "Hi", "client_id": "x" * 101}, "client_id"),
        ({"message": "Hi", "agent": "x"}, "agent"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused_by_name(
    owner: Client, chat: str, body: dict[str, object], field: str
):
    for path in (chat, f"{chat}/stream"):
        answer = owner.post(path, body)
        error = answer.get_json()
        assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
        assert error["field"] == field


# --- stats -------------------------------------------------------------------------------------


@on_each_database
def test_stats_count_sessions_messages_and_tokens_by_day(
    owner: Client, chat: str, agent: dict[str, object], fake: FakeProvider
):
    empty = {"sessions": 0, "messages": 0, "tokens": 0}
    path = f"/api/agents/{agent['public_id']}/stats"
    assert owner.get(path).get_json() == {**empty, "by_day": []}
    session_id = posted(owner, chat, "One")[-1].data["session_id"]
    posted(owner, chat, "Two", session_id=session_id)
    posted(owner, chat, "Three")
    counts = {"sessions": 2, "messages": 6, "tokens": 24}
    shown = owner.get(path).get_json()
    (today,) = shown.pop("by_day")
    assert shown == counts
    assert today == {**counts, "day": today["day"]}
    assert owner.get(f"/api/agents/{agent['id']}/stats").get_json()["tokens"] == 24


def test_a_stranger_sees_no_stats(people: People, agent: dict[str, object]):
    answer = people.stranger.get(f"/api/agents/{agent['public_id']}/stats")
    assert (answer.status_code, answer.get_json()["error_code"]) == (404, "agent_not_found")
