"""What deleting a message takes with it."""

from chat_app.runtime import Runtime
from tests.clients import Client


def test_a_deleted_answer_is_in_no_journal_either(owner: Client, rt: Runtime) -> None:
    channel = owner.channel()
    said = owner.say(channel, "hello", reply="wait")
    assert owner.delete(f"/api/messages/{said['reply']['id']}").status_code == 204
    events = owner.get(f"/api/runs/{said['run_id']}/events").text
    stream = owner.stream(f"/api/runs/{said['run_id']}/stream")
    assert "Hello, world!" not in events
    assert [event.data["type"] for event in stream] == ["start", "done"]
