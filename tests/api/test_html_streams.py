"""The doors that give HTML as well, where they are asked to with `?html=1`."""

import pytest

from chat_app import markdown
from tests.clients import Client, Sse
from tests.fakes import FakeProvider, says
from tests.houses import on_each_database

pytestmark = on_each_database

BODY = "# Kelp\n\n- holds\n- *fast*\n\n| $x$ |\n|---|\n| 1 |\n"


def html_of(events: list[Sse]) -> str:
    blocks = {e.data["block"]: e.data["html"] for e in events if e.data["type"] == "html"}
    return "".join(blocks.values())


@pytest.fixture
def reply(owner: Client, channel_id: int, fake: FakeProvider) -> dict:
    fake.enqueue(says(BODY[:20], BODY[20:]))
    return owner.say(channel_id, "Hi", reply="wait")


@pytest.mark.parametrize("door", ["/api/ai/stream/{channel_id}", "/api/runs/{run_id}/stream"])
def test_a_stream_gives_the_bytes_of_the_stored_message(
    owner: Client, channel_id: int, reply: dict, door: str
):
    url = door.format(channel_id=channel_id, run_id=reply["run_id"])
    events = owner.stream(f"{url}?html=1")
    assert html_of(events) == reply["reply"]["html"] == markdown.render(BODY)
    assert [e for e in events if e.data["type"] != "html"] == owner.stream(url)


def test_a_session_gives_it_too(owner: Client, fake: FakeProvider):
    fake.enqueue(says("*Yes*"))
    events = owner.stream("/api/app/chat/stream?message=Hi&html=1")
    assert html_of(events) == "<p><em>Yes</em></p>\n"
    assert events[-1].data["type"] == "done"


def test_after_any_event_the_blocks_are_told_as_they_are(
    owner: Client, channel_id: int, reply: dict
):
    url = f"/api/ai/stream/{channel_id}"
    events = owner.stream(url)
    for event in events[:-1]:
        rest = owner.stream(f"{url}?html=1&last_event_id={event.id}")
        assert html_of(rest) == markdown.render(BODY)
    assert owner.stream(f"{url}?html=1&last_event_id={events[-1].id}") == []


@pytest.mark.parametrize("query", ["", "?html=", "?html=0", "?html=yes"])
def test_who_does_not_ask_gets_none(owner: Client, channel_id: int, reply: dict, query: str):
    assert html_of(owner.stream(f"/api/ai/stream/{channel_id}{query}")) == ""


def test_other_dialects_have_none(owner: Client, fake: FakeProvider):
    agent = owner.get("/api/agents").get_json()["items"][0]["public_id"]
    fake.enqueue(says("*Yes*"))
    events = owner.stream(f"/api/agents/{agent}/chat/stream?message=Hi&html=1")
    assert {event.data["type"] for event in events} == {"content", "done"}
