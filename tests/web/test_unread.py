"""What is new to whom."""

import threading

import pytest

from tests.fakes import Chunk, Hold, says


@pytest.fixture
def badge(channel):
    """What stands beside the channel in somebody's sidebar."""

    def _badge(visitor):
        page = visitor.get("/channels").text
        link = page.partition(f'data-channel="{channel}"')[2].partition("</a>")[0]
        return link.partition('<span aria-hidden="true">')[2].partition("<")[0]

    return _badge


@pytest.fixture
def inside(owner, channel):
    owner.post(f"/api/channels/{channel}/members", {"email": "member@example.com"})
    yield
    owner.delete(f"/api/channels/{channel}")


def test_what_others_said_is_unread_until_it_is_shown(
    ada, member, owner, inside, channel, badge, path
):
    owner.say(channel, "One.", reply="none")
    owner.say(channel, "Two.", reply="none")
    assert (badge(member), badge(ada)) == ("2", "")
    assert "(2 unread)" in member.page
    member.get(path)
    assert badge(member) == ""


def test_an_answer_is_unread_once_it_has_ended(ada, owner, fake, channel, path, badge):
    more = threading.Event()
    fake.enqueue([Chunk("So"), Hold(more), Chunk(" far.")])
    run_id = owner.say(channel, "Go on.")["run_id"]
    fake.wait_until(lambda: 'data-run="' in ada.get(path).text)
    assert badge(ada) == ""
    more.set()
    owner.stream(f"/api/runs/{run_id}/stream")
    assert badge(ada) == "1"
    ada.get(path)
    assert badge(ada) == ""


def test_older_messages_that_are_shown_do_not_make_newer_ones_read(
    member, owner, inside, channel, path, badge
):
    said = [owner.say(channel, f"{n}.", reply="none")["message"]["id"] for n in range(3)]
    member.get(f"{path}?before={said[1]}")
    assert badge(member) == "3"


def test_a_script_tells_how_far_one_has_read_and_never_back(member, owner, inside, channel, badge):
    said = [owner.say(channel, f"{n}.", reply="none")["message"]["id"] for n in range(3)]
    for message_id in (said[1], said[0]):
        member.get("/channels")
        assert member.submit(f"/messages/{message_id}/read").status_code == 204
    assert badge(member) == "1"


def test_a_great_many_are_99_and_more(member, owner, inside, channel, badge):
    for number in range(101):
        owner.say(channel, f"{number}.", reply="none")
    assert badge(member) == "99+"


def test_what_was_taken_back_is_not_unread(member, owner, inside, channel, badge):
    message = owner.say(channel, "Oh.", reply="none")["message"]
    owner.delete(f"/api/messages/{message['id']}")
    assert badge(member) == ""


def test_a_replaced_answer_is_not_unread(ada, owner, fake, channel, path, badge):
    fake.enqueue(says("One."), says("Two."))
    said = owner.say(channel, "Hi", reply="wait")
    again = owner.post(f"/api/messages/{said['message']['id']}/regenerate").get_json()
    owner.stream(f"/api/runs/{again['run_id']}/stream")
    assert badge(ada) == "1"


def test_an_open_page_asks_for_the_list_alone(ada, member, owner, channel):
    assert f'data-channel="{channel}"' in ada.get("/channels/latest").text
    assert "<html" not in ada.page
    assert f'data-channel="{channel}"' not in member.get("/channels/latest").text
