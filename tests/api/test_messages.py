"""Messages: posting them once, reading them in pages, changing and searching them."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_app.store.messages import MessageRow
from tests.clients import Client, People
from tests.fakes import Chunk, Cut, FakeProvider, Hold, Status, says
from tests.houses import Caller, House, on_each_database

pytestmark = on_each_database

SHAPE = {
    "id",
    "public_id",
    "channel_id",
    "seq",
    "role",
    "author",
    "body",
    "html",
    "status",
    "attachments",
    "tool_calls",
    "usage",
    "model",
    "created_at",
    "parent_id",
    "client_id",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def messages_of(
    client: Client | Caller, channel_id: int, query: str = ""
) -> list[dict[str, object]]:
    path = f"/api/channels/{channel_id}/messages{query}"
    if isinstance(client, Client):
        return client.get(path).get_json()["items"]
    return client.get(path).json()["items"]


# --- posting -----------------------------------------------------------------------------------


def test_a_posted_message_is_returned_with_its_run(owner: Client, channel_id: int):
    posted = owner.post(f"/api/channels/{channel_id}/messages", {"body": "你好 **x**"})
    shown = posted.get_json()
    message = shown["message"]
    assert posted.status_code == 201
    assert set(shown) == {"message", "run_id"}
    assert set(message) >= SHAPE
    assert TIME.fullmatch(message["created_at"])
    assert message["channel_id"] == channel_id
    assert message["author"] == {"type": "user", "id": 1, "name": "Owner"}
    assert (message["role"], message["status"], message["body"]) == (
        "user",
        "complete",
        "你好 **x**",
    )
    assert message["html"] == "<p>你好 <strong>x</strong></p>\n"
    assert (message["tool_calls"], message["usage"], message["model"]) == ([], None, None)
    assert (message["parent_id"], message["client_id"], message["seq"]) == (None, None, 1)


def test_tool_calls_are_shown_in_the_contracts_form(owner: Client, channel_id: int, house: House):
    shown = {
        "call_id": "a",
        "tool": "echo",
        "server": "Demo",
        "args": {"text": "嗨"},
        "result": "嗨",
        "is_error": False,
        "duration_ms": 5,
    }
    more = shown | {"content": [{"type": "image", "data": "eA=="}], "structured": {"n": 0}}
    unknown = shown | {"result": None, "duration_ms": None}
    stored = [shown | {"at": 0, "round": 1}, more | {"at": 3}, {"call_id": "a"} | unknown]
    message_id = owner.say(channel_id, "Hi", reply="none")["message"]["id"]
    with house.rt.db.transaction() as session:
        session.get_one(MessageRow, message_id).tool_calls = stored
    (message,) = messages_of(owner, channel_id)
    assert message["tool_calls"] == [shown, more, unknown]
    assert owner.get(f"/api/messages/{message_id}").get_json() == message


def test_auto_answers_in_the_background(owner: Client, channel_id: int, fake: FakeProvider):
    run_id = owner.say(channel_id, "Hi")["run_id"]
    events = owner.stream(f"/api/runs/{run_id}/stream")
    assert events[-1].data["type"] == "done"
    question, reply = messages_of(owner, channel_id)
    assert reply["body"] == "Hello, world!"
    assert (reply["role"], reply["status"], reply["model"]) == ("assistant", "complete", "fake")
    assert reply["author"]["type"] == "agent"
    assert reply["parent_id"] == question["id"]
    assert reply["usage"] == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert [reply["seq"], question["seq"]] == [2, 1]


def test_none_only_stores(owner: Client, channel_id: int, fake: FakeProvider):
    shown = owner.say(channel_id, "Note to self", reply="none")
    assert set(shown) == {"message"}
    assert len(messages_of(owner, channel_id)) == 1
    assert fake.requests == []


def test_wait_comes_with_the_reply(owner: Client, channel_id: int):
    shown = owner.say(channel_id, "Hi", reply="wait")
    assert set(shown) == {"message", "run_id", "reply"}
    assert shown["reply"]["body"] == "Hello, world!"
    assert shown["reply"]["status"] == "complete"
    assert shown["reply"]["parent_id"] == shown["message"]["id"]
    assert set(shown["reply"]) >= SHAPE


def test_in_mention_mode_only_a_mention_is_answered(owner: Client):
    channel_id = owner.channel(reply_mode="mention")
    assert "run_id" not in owner.say(channel_id, "Hi")
    assert "run_id" not in owner.say(channel_id, "mail me: a@assistant.org, x@assistant")
    assert "run_id" in owner.say(channel_id, "Hi @assistant!")
    assert "run_id" in owner.say(channel_id, "@Assistant, again")


def test_a_mentioned_agent_answers_instead_of_the_channels_own(owner: Client, channel_id: int):
    owner.post("/api/agents", {"name": "Helper", "handle": "helper"})
    shown = owner.say(channel_id, "@helper Hi", reply="wait")
    assert shown["reply"]["author"]["name"] == "Helper"


def test_a_message_that_nobody_answers_is_stored_all_the_same(owner: Client):
    channel_id = owner.channel(agent_id=None)
    assert set(owner.say(channel_id, "Hi")) == {"message"}
    assert len(messages_of(owner, channel_id)) == 1


def test_waiting_where_nobody_answers_says_so(owner: Client):
    channel_id = owner.channel(agent_id=None)
    answer = owner.post(f"/api/channels/{channel_id}/messages", {"body": "Hi", "reply": "wait"})
    assert (answer.status_code, answer.get_json()["error_code"]) == (409, "no_agent")
    assert answer.get_json()["message_id"] == messages_of(owner, channel_id)[0]["id"]


def test_waiting_again_where_nobody_answered_says_the_same(owner: Client):
    channel_id = owner.channel(agent_id=None)
    path, body = f"/api/channels/{channel_id}/messages", {"body": "Hi", "client_id": "once"}
    answers = [owner.post(path, body | {"reply": "wait"}) for _ in range(2)]
    assert answers[0].status_code == answers[1].status_code == 409
    assert answers[0].get_json() == answers[1].get_json()
    assert owner.post(path, body).status_code == 200
    assert len(messages_of(owner, channel_id)) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "no_message"),
        (" \n\t", 400, "no_message"),
        ("x" * 64_001, 413, "message_too_long"),
        ("x" * 1_000_000, 413, "message_too_long"),
        ("a\0b", 400, "invalid_request"),
        (5, 400, "invalid_request"),
        (None, 400, "invalid_request"),
        (["x"], 400, "invalid_request"),
    ],
    ids=lambda value: str(value)[:10],
)
def test_what_is_no_message_is_refused(
    owner: Client, channel_id: int, body: object, status: int, code: str
):
    answer = owner.post(f"/api/channels/{channel_id}/messages", {"body": body})
    error = answer.get_json()
    assert (answer.status_code, error["error_code"], error["field"]) == (status, code, "body")
    assert messages_of(owner, channel_id) == []


def test_a_message_may_be_as_long_as_the_limit(owner: Client, channel_id: int):
    assert owner.say(channel_id, "字" * 64_000, reply="none")["message"]["body"] == "字" * 64_000


# --- once --------------------------------------------------------------------------------------


def test_a_second_send_with_the_same_client_id_writes_nothing(
    owner: Client, channel_id: int, fake: FakeProvider
):
    path = f"/api/channels/{channel_id}/messages"
    body = {"body": "Hi", "client_id": f"once-{channel_id}", "reply": "wait"}
    first = owner.post(path, body)
    again = owner.post(path, body | {"body": "Something else"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.get_json() == first.get_json()
    assert first.get_json()["message"]["client_id"] == f"once-{channel_id}"
    assert len(messages_of(owner, channel_id)) == 2
    assert len(fake.requests) == 1


def test_ten_sends_at_once_with_one_client_id_are_one_message(
    caller: Caller, fake: FakeProvider, channel_id: int
):
    path = f"/api/channels/{channel_id}/messages"
    body = {"body": "Hi", "client_id": f"race-{channel_id}"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: caller.post(path, body), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["message"]["id"] for answer in answers}) == 1
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    caller.stream(f"/api/ai/stream/{channel_id}")
    assert len(messages_of(caller, channel_id)) == 2
    assert len(fake.requests) == 1


def test_two_people_may_use_the_same_client_id(people: People):
    channel_id = people.owner.channel()
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    for person in (people.owner, people.member):
        answer = person.post(
            f"/api/channels/{channel_id}/messages",
            {"body": "Hi", "client_id": f"both-{channel_id}", "reply": "none"},
        )
        assert answer.status_code == 201


def test_a_client_id_of_another_channel_is_refused(owner: Client):
    one, other = owner.channel(), owner.channel()
    owner.say(one, "Hi", client_id=f"there-{one}", reply="none")
    answer = owner.post(
        f"/api/channels/{other}/messages", {"body": "Hi", "client_id": f"there-{one}"}
    )
    assert (answer.status_code, answer.get_json()["field"]) == (400, "client_id")


# --- broken answers ----------------------------------------------------------------------------


def test_what_came_before_the_provider_died_is_kept_as_failed(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([Chunk("Half "), Chunk("an"), Cut()])
    owner.say(channel_id, "Hi")
    error = owner.stream(f"/api/ai/stream/{channel_id}")[-1].data
    reply = messages_of(owner, channel_id)[-1]
    assert (error["type"], error["error_code"]) == ("error", "provider_unavailable")
    assert (error["done"], error["retryable"]) == (True, True)
    assert error["message_id"] == reply["id"]
    assert (reply["status"], reply["body"]) == ("failed", "Half an")


def test_a_failure_before_any_text_keeps_no_message(
    owner: Client, channel_id: int, fake: FakeProvider
):
    fake.enqueue([Status(401)])
    owner.say(channel_id, "Hi")
    error = owner.stream(f"/api/ai/stream/{channel_id}")[-1].data
    assert (error["error_code"], error["message_id"]) == ("provider_auth_failed", None)


# --- reading -----------------------------------------------------------------------------------


@pytest.fixture
def seven(owner: Client, channel_id: int) -> list[int]:
    """The ids of seven messages in the channel."""
    said = [owner.say(channel_id, str(n), reply="none") for n in range(7)]
    return [shown["message"]["id"] for shown in said]


def test_the_newest_page_comes_first_and_is_ascending(
    owner: Client, channel_id: int, seven: list[int]
):
    page = owner.get(f"/api/channels/{channel_id}/messages?limit=3").get_json()
    assert [message["id"] for message in page["items"]] == seven[4:]
    assert page["next"] is not None


def test_pages_go_back_to_the_beginning_without_gaps(
    owner: Client, channel_id: int, seven: list[int]
):
    seen: list[int] = []
    before = ""
    while True:
        page = owner.get(f"/api/channels/{channel_id}/messages?limit=3{before}").get_json()
        seen = [message["id"] for message in page["items"]] + seen
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == seven


def test_pages_go_forward_to_the_end_without_gaps(owner: Client, channel_id: int, seven: list[int]):
    seen = seven[:1]
    after: int | None = seven[0]
    while after is not None:
        page = owner.get(f"/api/channels/{channel_id}/messages?limit=2&after={after}").get_json()
        seen += [message["id"] for message in page["items"]]
        after = page["next"]
    assert seen == seven


def test_a_page_ends_before_and_begins_after(owner: Client, channel_id: int, seven: list[int]):
    between = messages_of(owner, channel_id, f"?after={seven[1]}&before={seven[5]}")
    assert [message["id"] for message in between] == seven[2:5]
    assert messages_of(owner, channel_id, f"?after={seven[-1]}") == []
    assert messages_of(owner, channel_id, "?after=0&limit=2")[0]["id"] == seven[0]
    assert messages_of(owner, channel_id, f"?before={seven[0]}") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=abc", "limit"),
        ("limit=-1", "limit"),
        ("before=0", "before"),
        (f"before={2**63}", "before"),
        ("after=abc", "after"),
        (f"after={10**30}", "after"),
        ("before=%00", "before"),
        ("limit=１", "limit"),
    ],
)
def test_a_wrong_page_is_refused_by_name(owner: Client, channel_id: int, query: str, field: str):
    answer = owner.get(f"/api/channels/{channel_id}/messages?{query}")
    error = answer.get_json()
    assert (answer.status_code, error["error_code"]) == (400, "invalid_request")
    assert error["field"] == field


# --- changing ----------------------------------------------------------------------------------


def test_an_author_edits_a_message(owner: Client, channel_id: int):
    message = owner.say(channel_id, "Hi", reply="none")["message"]
    answer = owner.patch(f"/api/messages/{message['id']}", {"body": "Hello"})
    assert answer.status_code == 200
    assert answer.get_json() == {**message, "body": "Hello", "html": "<p>Hello</p>\n"}


def test_only_the_author_edits(people: People):
    channel_id = people.owner.channel()
    people.owner.post(f"/api/channels/{channel_id}/members", {"email": "member@example.com"})
    shown = people.owner.say(channel_id, "Hi", reply="wait")
    for message in (shown["message"], shown["reply"]):
        answer = people.member.patch(f"/api/messages/{message['id']}", {"body": "x"})
        assert (answer.status_code, answer.get_json()["error_code"]) == (403, "access_denied")
        gone = people.member.delete(f"/api/messages/{message['id']}")
        assert (gone.status_code, gone.get_json()["error_code"]) == (403, "access_denied")


def test_a_deleted_message_is_nowhere(owner: Client, channel_id: int):
    word = f"gone{channel_id}"
    message = owner.say(channel_id, word, reply="none")["message"]
    assert owner.delete(f"/api/messages/{message['id']}").status_code == 204
    assert messages_of(owner, channel_id) == []
    assert owner.get(f"/api/search?q={word}").get_json()["items"] == []
    for answer in (
        owner.get(f"/api/messages/{message['id']}"),
        owner.delete(f"/api/messages/{message['id']}"),
        owner.patch(f"/api/messages/{message['id']}", {"body": "x"}),
    ):
        assert (answer.status_code, answer.get_json()["error_code"]) == (404, "message_not_found")


def test_deleting_a_question_stops_its_answer(owner: Client, channel_id: int, fake: FakeProvider):
    fake.enqueue([Chunk("Hel"), Hold(threading.Event())])
    shown = owner.say(channel_id, "Hi")
    fake.wait_until(lambda: fake.open_streams == 1)
    assert owner.delete(f"/api/messages/{shown['message']['id']}").status_code == 204
    fake.wait_until(lambda: fake.open_streams == 0)
    assert owner.get(f"/api/runs/{shown['run_id']}").get_json()["status"] == "cancelled"


def test_deleting_a_channel_stops_its_answers(owner: Client, channel_id: int, fake: FakeProvider):
    fake.enqueue([Chunk("Hel"), Hold(threading.Event())])
    run_id = owner.say(channel_id, "Hi")["run_id"]
    fake.wait_until(lambda: fake.open_streams == 1)
    assert owner.delete(f"/api/channels/{channel_id}").status_code == 204
    fake.wait_until(lambda: fake.open_streams == 0)
    assert owner.get(f"/api/runs/{run_id}").get_json()["error_code"] == "run_not_found"


# --- again -------------------------------------------------------------------------------------


def test_a_regenerated_answer_takes_the_place_of_the_old(
    owner: Client, channel_id: int, fake: FakeProvider
):
    shown = owner.say(channel_id, "Hi", reply="wait")
    fake.enqueue(says("Second"))
    answer = owner.post(f"/api/messages/{shown['reply']['id']}/regenerate")
    assert answer.status_code == 202
    assert answer.get_json()["run_id"] != shown["run_id"]
    assert owner.stream(f"/api/ai/stream/{channel_id}")[-1].data["type"] == "done"
    assert [message["body"] for message in messages_of(owner, channel_id)] == ["Hi", "Second"]
    asked = [request.json["messages"][1:] for request in fake.requests]
    assert asked[0] == asked[1] == [{"role": "user", "content": "Hi"}]


def test_a_failed_regeneration_keeps_the_old_answer(
    owner: Client, channel_id: int, fake: FakeProvider
):
    shown = owner.say(channel_id, "Hi", reply="wait")
    fake.enqueue([Status(404)])
    owner.post(f"/api/messages/{shown['message']['id']}/regenerate")
    error = owner.stream(f"/api/ai/stream/{channel_id}")[-1].data
    assert error["error_code"] == "provider_model_not_found"
    assert owner.get(f"/api/messages/{shown['reply']['id']}").get_json() == shown["reply"]
    assert shown["reply"] in messages_of(owner, channel_id)


def test_regenerating_while_an_answer_is_written_is_a_conflict(
    owner: Client, channel_id: int, fake: FakeProvider
):
    go_on = threading.Event()
    fake.enqueue([Hold(go_on), *says("Hi")])
    message_id = owner.say(channel_id, "Hi")["message"]["id"]
    answer = owner.post(f"/api/messages/{message_id}/regenerate")
    assert (answer.status_code, answer.get_json()["error_code"]) == (409, "conflict")
    go_on.set()
    owner.stream(f"/api/ai/stream/{channel_id}")


def test_an_edited_question_is_answered_anew_as_it_now_reads(
    owner: Client, channel_id: int, fake: FakeProvider
):
    message_id = owner.say(channel_id, "Hi", reply="wait")["message"]["id"]
    owner.patch(f"/api/messages/{message_id}", {"body": "Bye"})
    owner.post(f"/api/messages/{message_id}/regenerate")
    owner.stream(f"/api/ai/stream/{channel_id}")
    assert fake.requests[1].json["messages"][-1]["content"] == "Bye"


def test_what_is_no_question_or_answer_cannot_be_regenerated(owner: Client, house: House):
    agent = owner.post("/api/agents", {"name": "Greeter", "greeting": "Welcome"}).get_json()
    made = owner.post(f"/api/agents/{agent['public_id']}/chat", {"message": "Hi"}).get_json()
    found = owner.get("/api/channels").get_json()["items"]
    channel = next(one for one in found if one["public_id"] == made["session_id"])
    greeting = messages_of(owner, channel["id"])[0]
    answer = owner.post(f"/api/messages/{greeting['id']}/regenerate")
    assert (answer.status_code, answer.get_json()["error_code"]) == (400, "no_message")


# --- feedback ----------------------------------------------------------------------------------


def test_feedback_is_given_changed_and_taken_back(owner: Client, channel_id: int):
    reply = owner.say(channel_id, "Hi", reply="wait")["reply"]
    path = f"/api/messages/{reply['id']}/feedback"
    for fields in ({"rating": "up", "comment": "好"}, {"rating": "down", "comment": None}):
        answer = owner.post(path, fields)
        assert (answer.status_code, answer.get_json()) == (200, fields)
    assert owner.post(path, {"rating": None}).status_code == 200


@pytest.mark.parametrize("fields", [{}, {"rating": "meh"}, {"rating": 1}, {"rating": "up", "x": 1}])
def test_feedback_is_up_down_or_null(owner: Client, channel_id: int, fields: dict[str, object]):
    message = owner.say(channel_id, "Hi", reply="none")["message"]
    answer = owner.post(f"/api/messages/{message['id']}/feedback", fields)
    assert (answer.status_code, answer.get_json()["error_code"]) == (400, "invalid_request")


# --- search ------------------------------------------------------------------------------------


def found_by(client: Client, words: str) -> list[str]:
    answer = client.get("/api/search", query_string={"q": words})
    assert answer.status_code == 200
    return [message["body"] for message in answer.get_json()["items"]]


def test_search_finds_parts_of_words_in_any_case_newest_first(owner: Client, channel_id: int):
    for body in ("Zebra one", "two zebras", "three"):
        owner.say(channel_id, body, reply="none")
    assert found_by(owner, "ZEBRA") == ["two zebras", "Zebra one"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("100% sure", "0%"),
        ("snake_case", "ke_"),
        ("back\\slash", "k\\s"),
        ("明天天氣很好", "天氣"),
        ("it's", "'s"),
        ("emoji 🦓", "🦓"),
        ('say "hi"', '"hi"'),
    ],
)
def test_search_takes_every_sign_as_it_is(owner: Client, channel_id: int, body: str, words: str):
    owner.say(channel_id, body, reply="none")
    owner.say(channel_id, "nothing of the kind", reply="none")
    assert set(found_by(owner, words)) == {body}


@pytest.mark.parametrize("sign", ["%", "_", "\\"])
def test_a_wildcard_finds_only_itself(owner: Client, channel_id: int, sign: str):
    owner.say(channel_id, f"a{sign}b", reply="none")
    owner.say(channel_id, "axb", reply="none")
    assert all(sign in body for body in found_by(owner, sign))


def test_search_sees_only_ones_own_channels(people: People):
    channel_id = people.owner.channel()
    word = f"secret{channel_id}"
    people.owner.say(channel_id, word, reply="none")
    assert found_by(people.owner, word) == [word]
    for person in (people.member, people.viewer, people.stranger):
        assert found_by(person, word) == []


def test_search_goes_on_from_its_cursor(owner: Client, channel_id: int):
    word = f"page{channel_id}"
    for number in range(5):
        owner.say(channel_id, f"{word} {number}", reply="none")
    seen: list[str] = []
    before = ""
    while True:
        page = owner.get(f"/api/search?q={word}&limit=2{before}").get_json()
        seen += [message["body"] for message in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == [f"{word} {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=%20", "?q=" + "x" * 201, "?q=%00", "?q=a&limit=0"]
)
def test_a_search_for_nothing_is_refused(owner: Client, query: str):
    answer = owner.get(f"/api/search{query}")
    assert (answer.status_code, answer.get_json()["error_code"]) == (400, "invalid_request")


def test_a_mention_may_be_followed_by_chinese_without_a_space(owner: Client):
    channel_id = owner.channel(reply_mode="mention")
    assert "run_id" in owner.say(channel_id, "@assistant你好")
    assert "run_id" not in owner.say(channel_id, "@assistants你好")
