"""Talking with plain forms: no JavaScript, nothing is lost, nothing is said twice."""

import threading

import pytest

from tests.fakes import Chunk, Hold, Status, says


@pytest.fixture
def said(owner, channel):
    """What people said in the channel."""

    def _said():
        items = owner.get(f"/api/channels/{channel}/messages").get_json()["items"]
        return [item["body"] for item in items if item["role"] == "user"]

    return _said


def test_a_message_is_posted_and_its_answer_is_in_the_history(
    ada, owner, fake, said, channel, path
):
    fake.enqueue(says("Hello, ", "*Ada*."))
    ada.get(path)
    posted = ada.submit(f"{path}/messages", body="Hi!\r\nIt is me.")
    assert (posted.status_code, posted.location) == (303, path)
    owner.stream(f"/api/ai/stream/{channel}")
    assert "Hello, <em>Ada</em>." in ada.get(path).text
    assert said() == ["Hi!\nIt is me."]


def test_a_form_that_is_sent_twice_posts_once(ada, said, path):
    ada.get(path)
    form = {"body": "Once.", **ada.hidden()}
    for _ in range(2):
        assert ada.submit(f"{path}/messages", **form).status_code == 303
    assert said() == ["Once."]


def test_other_words_from_a_page_that_one_went_back_to_are_a_new_message(ada, said, path):
    ada.get(path)
    form = ada.hidden()
    ada.submit(f"{path}/messages", body="First.", **form)
    ada.submit(f"{path}/messages", body="Second.", **form)
    assert said() == ["First.", "Second."]


def test_every_page_has_an_id_of_its_own(ada, path):
    ada.get(path)
    first = ada.hidden()["client_id"]
    ada.get(path)
    assert ada.hidden()["client_id"] != first


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (" \n ", 400, "The message is empty."),
        ("x" * 64_001, 413, "A message has at most 64,000 characters."),
        ("a\0b", 400, "There is a character here that cannot be stored."),
    ],
)
def test_a_refused_message_is_still_in_the_composer(ada, said, body, status, sentence, path):
    ada.get(path)
    answer = ada.submit(f"{path}/messages", body=body)
    assert answer.status_code == status
    assert sentence in answer.text
    kept = answer.text.partition("<textarea")[2].partition(">\n")[2].partition("</textarea>")[0]
    assert kept == body
    assert said() == []


def test_what_is_kept_in_the_composer_is_text_and_nothing_else(ada, path):
    ada.get(path)
    answer = ada.submit(f"{path}/messages", body="</textarea><script>x</script>\0")
    assert "</textarea><script>" not in answer.text


@pytest.mark.parametrize("client_id", ["x" * 65, "a\0b"])
def test_a_client_id_that_cannot_be_stored_is_refused(ada, said, client_id, path):
    ada.get(path)
    assert ada.submit(f"{path}/messages", body="Hi", client_id=client_id).status_code == 400
    assert said() == []


def test_a_form_without_our_token_posts_nothing(ada, said, path):
    ada.get(path)
    assert ada.submit(f"{path}/messages", body="Forged", csrf_token="x").status_code == 403
    assert said() == []


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("viewer", 403), ("stranger", 404)])
def test_who_may_not_write_here_posts_nothing(request, said, who, status, path):
    visitor = request.getfixturevalue(who)
    visitor.get("/channels")
    answer = visitor.submit(f"{path}/messages", body="Let me in", client_id="c")
    assert answer.status_code == status
    assert said() == []


def test_an_answer_is_stopped_with_a_button_and_what_was_said_is_kept(
    ada, owner, fake, channel, path
):
    fake.enqueue([Chunk("As I was saying"), Hold(threading.Event())])
    run_id = owner.say(channel, "Talk.")["run_id"]
    fake.wait_until(lambda: "As I was saying" in ada.get(path).text)
    assert ada.submit(f"/runs/{run_id}/cancel").location == path
    owner.stream(f"/api/runs/{run_id}/stream")
    page = ada.get(path).text
    assert "As I was saying" in page
    assert 'data-status="cancelled"' in page


def test_a_failed_answer_is_tried_again_with_a_button(ada, owner, fake, channel, path):
    fake.enqueue([Status(401)], says("Now it works."))
    said = owner.say(channel, "Hello?")
    owner.stream(f"/api/runs/{said['run_id']}/stream")
    ada.get(path)
    again = ada.submit(f"/messages/{said['message']['id']}/regenerate")
    assert again.location == path
    owner.stream(f"/api/ai/stream/{channel}")
    page = ada.get(path).text
    assert "Now it works." in page
    assert 'data-status="failed"' not in page


@pytest.mark.parametrize(
    "form", ["/runs/{run}/cancel", "/messages/{message}/regenerate", "/channels/{channel}/settings"]
)
def test_a_stranger_stops_repeats_and_changes_nothing(stranger, owner, channel, form):
    said = owner.say(channel, "Hello?", reply="wait")
    stranger.get("/channels")
    where = form.format(run=said["run_id"], message=said["message"]["id"], channel=channel)
    assert stranger.submit(where, title="Mine").status_code == 404
