"""The session dialect: one independent request a message, and the whole state after any break."""

import threading
import uuid
from typing import Any

import gevent
import pytest

from tests.clients import Client, People, Sse
from tests.fakes import Chunk, FakeProvider, Hold, Status, says
from tests.houses import House, on_each_database

pytestmark = on_each_database

STREAM = "/api/app/chat/stream"


def ask(client: Client, **query: Any) -> list[Sse]:
    headers = {"Last-Event-ID": query.pop("last_event_id")} if "last_event_id" in query else {}
    return client.stream(STREAM, query_string=query, headers=headers)


def refusal(client: Client, **query: Any) -> dict[str, Any]:
    """The one event of a stream that is refused; it has no id."""
    (event,) = ask(client, **query)
    assert event.id is None
    assert (event.data["type"], event.data["done"]) == ("error", True)
    return event.data


def text_of(events: list[Sse]) -> str:
    return "".join(e.data["content"] for e in events if e.data["type"] == "chunk")


def state_of(client: Client, session_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/app/chat/sessions/{session_id}")
    assert answer.status_code == 200, answer.text
    state: dict[str, Any] = answer.get_json()
    return state


@pytest.fixture
def session_id(owner: Client) -> str:
    """A session of the owner's with nothing said in it."""
    return str(owner.post("/api/channels", {}).get_json()["public_id"])


def public_id(client: Client, events: list[Sse]) -> str:
    """The session that a stream is of."""
    channel_id = events[0].data["channel_id"]
    return str(client.get(f"/api/channels/{channel_id}").get_json()["public_id"])


# --- asking ------------------------------------------------------------------------------------


def test_a_question_without_a_session_begins_one_named_after_it(owner: Client) -> None:
    events = ask(owner, message="What is\n a monad? " + "x" * 100)
    assert [e.data["type"] for e in events] == ["start", "chunk", "usage", "done"]
    assert [e.seq for e in events] == [1, 2, 3, 4]
    channel = owner.get(f"/api/channels/{events[0].data['channel_id']}").get_json()
    assert channel["title"] == ("What is a monad? " + "x" * 100)[:60]


def test_each_question_is_its_own_request_and_the_model_hears_the_whole_session(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    fake.enqueue(says("Two."), says("Three."))
    assert text_of(ask(owner, session_id=session_id, message="1+1?")) == "Two."
    assert text_of(ask(owner, session_id=session_id, message="And 1 more?")) == "Three."
    said = [m["content"] for m in fake.requests[-1].json["messages"] if m["role"] != "system"]
    assert said == ["1+1?", "Two.", "And 1 more?"]


def test_an_agent_is_asked_by_handle_or_public_id(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    name = f"Poet {uuid.uuid4().hex[:8]}"
    made = owner.post("/api/agents", {"name": name, "system_prompt": "Rhyme."}).get_json()
    for ref in (made["handle"], made["handle"].upper(), made["public_id"]):
        events = ask(owner, session_id=session_id, message="Hi", agent=ref)
        assert events[0].data["agent"]["id"] == made["id"]
        assert fake.requests[-1].json["messages"][0]["content"] == "Rhyme."
    assert ask(owner, session_id=session_id, message="Hi")[0].data["agent"]["id"] != made["id"]


def test_the_same_client_id_again_gives_the_first_answer(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    query = {"session_id": session_id, "message": "Hi", "client_id": session_id}
    assert ask(owner, **query) == ask(owner, **query)
    assert len(fake.requests) == 1
    assert len(state_of(owner, session_id)["messages"]) == 2


def test_twenty_requests_with_one_client_id_get_one_answer(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    query = {"session_id": session_id, "message": "Hi", "client_id": session_id}
    asking = [gevent.spawn(lambda: ask(owner, **query)) for _ in range(20)]
    answers = [one.get(timeout=30) for one in asking]
    assert all(answer == answers[0] for answer in answers)
    assert len(fake.requests) == 1


def test_a_client_id_of_another_session_is_refused(owner: Client, session_id: str) -> None:
    ask(owner, session_id=session_id, message="Hi", client_id=session_id)
    elsewhere = owner.post("/api/channels", {}).get_json()["public_id"]
    error = refusal(owner, session_id=elsewhere, message="Hi", client_id=session_id)
    assert (error["error_code"], error["field"]) == ("invalid_request", "client_id")


def test_a_cursor_goes_on_with_its_run_and_asks_nothing(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    fake.enqueue(says("Hel", "lo"))
    whole = ask(owner, session_id=session_id, message="Hi")
    for cut in range(1, len(whole)):
        query = {"session_id": session_id, "message": "Hi", "last_event_id": whole[cut - 1].id}
        assert ask(owner, **query) == whole[cut:]
    assert len(fake.requests) == 1
    assert len(state_of(owner, session_id)["messages"]) == 2


def test_the_cursor_may_be_in_the_query(owner: Client, session_id: str) -> None:
    whole = ask(owner, session_id=session_id, message="Hi")
    rest = owner.stream(STREAM, query_string={"message": "Hi", "last_event_id": whole[0].id})
    assert rest == whole[1:]


@pytest.mark.parametrize("after", ["99", "999999999999999"])
def test_a_cursor_past_what_was_said_gets_a_reset(
    owner: Client, session_id: str, after: str
) -> None:
    whole = ask(owner, session_id=session_id, message="Hi")
    again = ask(owner, last_event_id=f"{whole[0].data['run_id']}:{after}")
    assert again[0].data == {**whole[0].data, "reset": True}
    assert again[1:] == whole[1:]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "0" * 36 + ":1", f"{uuid.uuid4()}:1", "1" * 65_000], ids=len
)
def test_a_cursor_of_no_run_is_refused(owner: Client, cursor: str) -> None:
    assert refusal(owner, message="Hi", last_event_id=cursor)["error_code"] == "run_not_found"


def test_a_strangers_cursor_is_of_no_run(people: People, session_id: str) -> None:
    whole = ask(people.owner, session_id=session_id, message="Hi")
    for other in (people.member, people.stranger):
        assert refusal(other, last_event_id=whole[0].id)["error_code"] == "run_not_found"


# --- refusals ----------------------------------------------------------------------------------


def test_every_refusal_is_an_event_with_status_200(
    people: People, nobody: Client, house: House, session_id: str
) -> None:
    owner = people.owner
    for client, query, code in [
        (nobody, {"message": "Hi"}, "unauthorized"),
        (people.member, {"message": "Hi", "session_id": session_id}, "access_denied"),
        (people.stranger, {"message": "Hi", "session_id": session_id}, "session_not_found"),
        (people.viewer, {"message": "Hi"}, "access_denied"),
        (house.reader(), {"message": "Hi", "session_id": session_id}, "access_denied"),
        (owner, {"message": "Hi", "session_id": "1"}, "session_not_found"),
        (owner, {"message": "Hi", "session_id": "a\0b"}, "session_not_found"),
        (owner, {"message": "Hi", "session_id": str(uuid.uuid4())}, "session_not_found"),
        (owner, {"message": "Hi", "agent": "nobody-here"}, "agent_not_found"),
        (owner, {"message": "Hi", "agent": str(uuid.uuid4())}, "agent_not_found"),
        (owner, {}, "no_message"),
        (owner, {"message": "   "}, "no_message"),
        (owner, {"message": "a\0b"}, "invalid_request"),
        (owner, {"message": "Hi", "client_id": "x" * 101}, "invalid_request"),
    ]:
        assert refusal(client, **query)["error_code"] == code, query


def test_another_site_cannot_ask_through_a_cookie(house: House, session_id: str) -> None:
    browser = house.browser()
    query = {"session_id": session_id, "message": "Hi"}
    refused = browser.stream(STREAM, query_string=query, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused[0].data["error_code"] == "csrf_failed"
    asked = browser.stream(STREAM, query_string=query, headers={"Sec-Fetch-Site": "same-origin"})
    assert asked[-1].data["type"] == "done"


def test_a_session_without_an_agent_stores_nothing(owner: Client, session_id: str) -> None:
    channel_id = state_of(owner, session_id)["channel"]["id"]
    owner.patch(f"/api/channels/{channel_id}", {"agent_id": None})
    assert refusal(owner, session_id=session_id, message="Hi")["error_code"] == "no_agent"
    assert state_of(owner, session_id)["messages"] == []


def test_a_provider_that_fails_is_the_terminal_event(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    fake.enqueue([Status(401)])
    end = ask(owner, session_id=session_id, message="Hi")[-1]
    assert (end.data["error_code"], end.data["done"]) == ("provider_auth_failed", True)
    assert end.id is not None


# --- the whole state ---------------------------------------------------------------------------


def test_the_state_has_channel_messages_and_no_runs_when_all_is_said(
    owner: Client, session_id: str
) -> None:
    ask(owner, session_id=session_id, message="Hi")
    state = state_of(owner, session_id)
    assert set(state) == {"session_id", "channel", "messages", "runs"}
    assert state["session_id"] == state["channel"]["public_id"] == session_id
    assert [m["body"] for m in state["messages"]] == ["Hi", "Hello, world!"]
    listed = owner.get(f"/api/channels/{state['channel']['id']}/messages").get_json()["items"]
    assert state["messages"] == listed
    assert state["runs"] == []


def test_the_state_in_mid_answer_is_enough_to_go_on_without_gap_or_repeat(
    owner: Client, session_id: str, fake: FakeProvider
) -> None:
    gate = threading.Event()
    fake.enqueue([Chunk("one "), Hold(gate), *says("two ", "three")])
    asking = gevent.spawn(ask, owner, session_id=session_id, message="Hi")
    while not (runs := state_of(owner, session_id)["runs"]) or not runs[0]["text"]:
        gevent.sleep(0.01)
    (run,) = runs
    assert run["text"] == "one "
    assert run["status"] == "running"
    state = state_of(owner, session_id)
    assert [m["status"] for m in state["messages"]] == ["complete", "streaming"]
    assert run["reply_id"] == state["messages"][-1]["id"]
    gate.set()
    rest = ask(owner, last_event_id=run["last_event_id"])
    whole = asking.get(timeout=30)
    assert run["text"] + text_of(rest) == "one two three" == text_of(whole)
    assert rest == whole[-len(rest) :]


def test_the_state_has_the_newest_two_hundred_messages(owner: Client) -> None:
    channel = owner.post("/api/channels", {}).get_json()
    for number in range(202):
        owner.say(channel["id"], str(number), reply="none")
    bodies = [m["body"] for m in state_of(owner, channel["public_id"])["messages"]]
    assert bodies == [str(number) for number in range(2, 202)]


def test_the_state_is_for_who_is_in_the_session(
    people: People, nobody: Client, session_id: str
) -> None:
    for client, status, code in [
        (nobody, 401, "unauthorized"),
        (people.member, 403, "access_denied"),
        (people.stranger, 404, "session_not_found"),
    ]:
        refused = client.get(f"/api/app/chat/sessions/{session_id}")
        assert (refused.status_code, refused.get_json()["error_code"]) == (status, code)


@pytest.mark.parametrize("ref", ["1", "nonsense", "0" * 36, "%00", "9" * 400, str(uuid.uuid4())])
def test_a_session_of_the_wrong_form_is_not_found(owner: Client, ref: str) -> None:
    refused = owner.get(f"/api/app/chat/sessions/{ref}")
    assert (refused.status_code, refused.get_json()["error_code"]) == (404, "session_not_found")


def test_a_greeting_opens_a_session_with_its_agent(owner: Client) -> None:
    name = f"Guide {uuid.uuid4().hex[:8]}"
    made = owner.post("/api/agents", {"name": name, "greeting": "Welcome!"}).get_json()
    events = ask(owner, message="Hi", agent=made["handle"])
    state = state_of(owner, public_id(owner, events))
    assert [m["body"] for m in state["messages"]] == ["Welcome!", "Hi", "Hello, world!"]
