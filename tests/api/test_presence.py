"""Who has a channel open and who writes in it, on the channel's own stream at a real server."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from limits import parse
from sqlalchemy import delete, select

from chat_app import create_app
from chat_app.store.presence import PresenceRow
from tests.clients import Client, People, Sse
from tests.houses import Caller, House, on_each_database
from tests.servers import Server

pytestmark = on_each_database


@pytest.fixture
def joined(people: People, channel_id: int) -> int:
    """A channel of the owner with the member and the viewer in it."""
    for kind in ("member", "viewer"):
        people.owner.post(f"/api/channels/{channel_id}/members", {"email": f"{kind}@example.com"})
    return channel_id


@pytest.fixture
def theirs(live: Server, people: People) -> Caller:
    return Caller(live.url, people.member.token)


@contextmanager
def present(caller: Caller, channel_id: int, **query: str) -> Iterator[Iterator[Sse]]:
    """The stream with who is here, after its `start`."""
    params = {"presence": "1"} | query
    with caller.watching(f"/api/channels/{channel_id}/events", params=params) as events:
        assert next(events).data["type"] == "start"
        yield events


def people_in(event: Sse) -> list[tuple[str, bool]]:
    assert (event.id, event.data["type"]) == (None, "presence")
    assert all(set(one) == {"id", "name", "typing"} for one in event.data["people"])
    return [(one["name"], one["typing"]) for one in event.data["people"]]


def typing(channel_id: int) -> str:
    return f"/api/channels/{channel_id}/typing"


def test_the_others_are_told_and_that_they_write_and_no_cursor_is_moved_by_it(
    caller: Caller, theirs: Caller, joined: int
) -> None:
    with present(caller, joined) as ours:
        assert people_in(next(ours)) == []
        with present(theirs, joined) as others:
            assert people_in(next(ours)) == [("Member", False)]
            assert people_in(next(others)) == [("Owner", False)]
            assert theirs.post(typing(joined)).status_code == 204
            assert people_in(next(ours)) == [("Member", True)]
            assert theirs.post(typing(joined)).status_code == 204  # known already
            assert theirs.http.delete(typing(joined)).status_code == 204
            assert people_in(next(ours)) == [("Member", False)]
            caller.say(joined, "One", reply="none")
            caller.say(joined, "Two", reply="none")
            heard = [next(others), next(others)]
        assert [event.seq for event in heard] == [1, 2]
        with present(theirs, joined, last_event_id=heard[0].id or "") as others:
            told = [next(others), next(others)]
            assert heard[1] in told
            told.remove(heard[1])
            assert people_in(told[0]) == [("Owner", False)]  # anew for who comes back


def test_who_does_not_ask_for_it_is_neither_shown_nor_told(
    caller: Caller, theirs: Caller, people: People, live: Server, joined: int
) -> None:
    looking = Caller(live.url, people.viewer.token)
    plain = f"/api/channels/{joined}/events"
    with theirs.watching(plain) as others, present(caller, joined) as ours:
        assert people_in(next(ours)) == []
        with present(looking, joined):
            assert people_in(next(ours)) == [("Viewer", False)]
            theirs.post(typing(joined))
            assert people_in(next(ours)) == [("Member", True), ("Viewer", False)]
            caller.say(joined, "Hi", reply="none")
            assert [next(others).data["type"], next(others).id] == ["start", next(ours).id]


def test_where_nobody_is_to_be_told_typing_writes_nothing(
    house: House, people: People, joined: int
) -> None:
    with house.rt.db.transaction() as session:
        session.execute(delete(PresenceRow))
    for channel in (people.owner.channel(), joined):
        assert people.owner.post(typing(channel)).status_code == 204
        assert people.owner.delete(typing(channel)).status_code == 204
    with house.rt.db.reading() as session:
        assert list(session.scalars(select(PresenceRow.user_id))) == []


def test_typing_is_for_those_who_may_write(
    people: People, nobody: Client, house: House, joined: int
) -> None:
    for client, status in [
        (people.owner, 204),
        (people.member, 204),
        (people.viewer, 403),
        (people.stranger, 404),
        (nobody, 401),
        (house.reader(), 403),
        (house.browser(), 403),  # without the token against forgery
    ]:
        assert client.post(typing(joined)).status_code == status
        assert client.delete(typing(joined)).status_code == status


def test_typing_has_a_bound_of_its_own(house: House, joined: int) -> None:
    app = create_app(house.settings)  # with counters of its own
    client = Client(app, house.people.owner.token)
    (limiter,) = app.extensions["limiter"]
    limiter.limiter.hit(parse("120 per minute"), "person 1", "presence.start_typing", cost=120)
    refused = client.post(typing(joined))
    assert (refused.status_code, refused.get_json()["error_code"]) == (429, "rate_limited")
    assert client.say(joined, "Hi", reply="none")
    app.extensions["holdfast"].close()
