"""What the hot doors ask of the database. One statement more is felt in every message, so who adds
one raises a number here, and means it.
"""

import pytest

from chat_app.runtime import Runtime
from tests.clients import Client, People
from tests.statements import statements

POST_MAX = 11
ATTACH_MAX = 5
PAGE_MAX = 13


@pytest.fixture
def database_url(each_installation: str) -> str:
    return each_installation


@pytest.fixture
def member(people: People) -> Client:
    """No operator, who is asked less."""
    return people.member


@pytest.fixture
def channel(member: Client) -> int:
    """In it a question was answered."""
    channel_id = member.channel()
    member.say(channel_id, "Hello?", reply="wait")
    return channel_id


def test_a_question_is_stored_with_a_dozen_statements(rt: Runtime, member: Client, channel: int):
    with statements(rt.db) as asked:
        said = member.say(channel, "Again?", client_id="again")
    member.stream(f"/api/runs/{said['run_id']}/stream")
    assert len(asked) <= POST_MAX, "\n".join(asked)


def test_to_join_an_answer_takes_five(rt: Runtime, member: Client, channel: int):
    with statements(rt.db) as asked:
        assert member.stream(f"/api/ai/stream/{channel}")
    assert len(asked) <= ATTACH_MAX, "\n".join(asked)


def test_a_page_takes_as_many_however_much_was_said(rt: Runtime, member: Client, channel: int):
    def cost() -> int:
        path = f"/channels/{channel}"
        assert member.get(path).status_code == 200  # reading it is noted once
        with statements(rt.db) as asked:
            member.get(path)
        assert len(asked) <= PAGE_MAX, "\n".join(asked)
        return len(asked)

    first = cost()
    for _ in range(2):
        member.say(channel, "Again?", reply="wait")
    assert cost() == first
