"""The page of a channel."""

import threading

import pytest

from chat_app.services import messages
from chat_app.store.channels import ChannelRow
from chat_app.store.providers import DEMO_BASE_URL, ProviderRow
from chat_app.web import channel as screen
from tests.fakes import Chunk, Hold, Status, says

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[click](javascript:alert(1))",
    "![](https://evil.example/pixel.png)",
    "</div></article><h1>Injected</h1>",
]


def test_the_page_has_what_was_said_in_order(ada, owner, fake, channel, path):
    fake.enqueue(says("**Fine**, thanks."))
    owner.say(channel, "How are you?", reply="wait")
    page = ada.get(path).text
    assert page.index("How are you?") < page.index("<strong>Fine</strong>, thanks.")
    assert 'data-status="complete"' in page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_whoever_wrote_it(ada, owner, fake, text, channel, path):
    fake.enqueue(says(text))
    owner.say(channel, text, reply="wait")
    page = ada.get(path).text
    article = page[page.index('id="messages"') : page.index("</main>")].partition("<template")[0]
    assert "<script>" not in article
    assert "<img src=x" not in article
    assert 'javascript:alert(1)"' not in article
    assert "<h1>" not in article


def test_older_messages_are_a_page_away(ada, owner, channel, path):
    for number in range(screen.PAGE_MESSAGES + 1):
        owner.say(channel, f"Message number {number}.", reply="none")
    newest = ada.get(path).text
    assert "Message number 1." in newest
    assert "Message number 0." not in newest
    older = newest.partition(f'href="{path}?before=')[2].partition('"')[0]
    assert "Message number 0." in ada.get(f"{path}?before={older}").text
    assert "Newest messages" in ada.page
    assert ada.get(f"{path}?before=nonsense").status_code == 200


@pytest.mark.parametrize("page", ["", "/settings"])
@pytest.mark.parametrize(
    ("who", "status", "sentence"),
    [
        ("member", 403, "You are not in this channel."),
        ("stranger", 404, "Channel not found"),
    ],
)
def test_who_is_not_in_a_channel_gets_a_page_that_says_so(
    request, channel, page, who, status, sentence
):
    answer = request.getfixturevalue(who).get(f"/channels/{channel}{page}")
    assert answer.status_code == status
    assert sentence in answer.text
    assert "Harbour" not in answer.text


@pytest.mark.parametrize("ref", ["999", "0", "-1", "x", "99999999999999999999", "1%00", "１"])
def test_a_channel_that_cannot_be_is_not_found(ada, ref):
    assert ada.get(f"/channels/{ref}").status_code == 404


def test_somebody_who_may_only_read_has_no_composer(viewer, owner, channel, path):
    owner.post(f"/api/channels/{channel}/members", {"email": "viewer@example.com"})
    owner.say(channel, "Read this.", reply="none")
    assert "Read this." in viewer.get(path).text
    assert "<textarea" not in viewer.page
    assert f"{path}/settings" not in viewer.page
    assert "/regenerate" not in viewer.page


def test_an_empty_channel_says_what_to_do(ada, owner):
    assert "Say something to Assistant." in ada.get(f"/channels/{owner.channel()}").text
    mention = owner.channel(reply_mode="mention")
    assert "Mention an agent, such as @assistant," in ada.get(f"/channels/{mention}").text


def test_a_demo_model_is_labelled_and_a_real_one_is_not(ada, rt, path):
    assert "Demo model" not in ada.get(path).text
    with rt.db.transaction() as session:
        session.get_one(ProviderRow, 1).base_url = DEMO_BASE_URL
    assert '<span class="badge">Demo model</span>' in ada.get(path).text
    assert "not a real one" in ada.page


def test_a_channel_in_which_nobody_can_answer_says_so(ada, rt, owner, path):
    nobody = owner.channel(agent_id=None)
    assert "No agent is set to answer here." in ada.get(f"/channels/{nobody}").text
    with rt.db.transaction() as session:
        session.get_one(ProviderRow, 1).enabled = False
    assert "The agent has no working model provider." in ada.get(path).text


def test_while_an_answer_is_written_the_page_shows_it_and_looks_again(
    ada, owner, fake, channel, path
):
    done = threading.Event()
    fake.enqueue([Chunk("So **far**"), Hold(done), Chunk(", so good.")])
    run_id = owner.say(channel, "Go on.")["run_id"]
    fake.wait_until(lambda: "So <strong>far</strong>" in ada.get(path).text)
    assert '<noscript><meta http-equiv="refresh" content="2; url=' + path in ada.page
    assert f'data-run="{run_id}"' in ada.page
    assert f'action="/runs/{run_id}/cancel"' in ada.page
    done.set()
    owner.stream(f"/api/runs/{run_id}/stream")
    page = ada.get(path).text
    assert "so good." in page
    assert "http-equiv" not in page
    assert "data-run" not in page


def test_a_failed_answer_says_why_and_can_be_tried_again(ada, owner, fake, channel, path):
    fake.enqueue([Status(401)])
    run_id = owner.say(channel, "Hello?")["run_id"]
    owner.stream(f"/api/runs/{run_id}/stream")
    page = ada.get(path).text
    assert 'data-status="failed"' in page
    assert "The model provider refused our key." in page
    assert "/regenerate" in page


def test_settings_change_title_agent_and_when_it_answers(ada, rt, channel, path):
    assert '<option value="1" selected>Assistant</option>' in ada.get(f"{path}/settings").text
    fields = {"title": "Pier", "agent_id": "", "reply_mode": "mention"}
    assert ada.submit(f"{path}/settings", **fields).location == path
    with rt.db.reading() as session:
        row = session.get_one(ChannelRow, channel)
    assert (row.title, row.agent_id, row.reply_mode) == ("Pier", None, "mention")
    page = ada.get(f"{path}/settings").text
    assert " selected" not in page
    assert 'value="mention" checked' in page


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"agent_id": "99"}, {"agent_id": "x"}, {"reply_mode": "never"}]
)
def test_settings_that_cannot_be_change_nothing(ada, rt, wrong, path):
    ada.get(f"{path}/settings")
    fields = {"title": "Pier", "agent_id": "1", "reply_mode": "auto"} | wrong
    assert ada.submit(f"{path}/settings", **fields).status_code in (400, 404)
    assert 'role="alert"' in ada.page
    assert "Harbour" in ada.get(path).text


def test_a_deleted_channel_is_gone(ada, path):
    ada.get(f"{path}/settings")
    assert ada.submit(f"{path}/delete").location == "/channels"
    assert ada.get(path).status_code == 404


def test_a_stranger_deletes_nothing(ada, stranger, path):
    stranger.get("/channels")
    assert stranger.submit(f"{path}/delete").status_code == 404
    assert ada.get(path).status_code == 200


def test_the_page_size_is_one_that_the_service_gives():
    assert screen.PAGE_MESSAGES <= messages.PAGE_MAX
