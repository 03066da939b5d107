"""What one does with a message, with plain links and forms."""

import threading

import pytest

from chat_app.store.messages import FeedbackRow
from chat_app.web import channel as screen
from tests.fakes import Chunk, Hold, says

FORMS = ["edit", "delete", "feedback"]


@pytest.fixture
def talk(owner, fake, channel):
    """A question of Ada's and its answer, as `(question, answer)`."""
    fake.enqueue(says("It is **kelp**."))
    said = owner.say(channel, "What is it?", reply="wait")
    return said["message"], said["reply"]


@pytest.fixture
def inside(owner, channel):
    """The member and the viewer are in the channel, too."""
    for who in ("member", "viewer"):
        owner.post(f"/api/channels/{channel}/members", {"email": f"{who}@example.com"})
    yield
    owner.delete(f"/api/channels/{channel}")


def bodies(owner, channel):
    items = owner.get(f"/api/channels/{channel}/messages").get_json()["items"]
    return [item["body"] for item in items]


# --- edit and ask again ------------------------------------------------------------------------


def test_an_edited_question_is_answered_anew(ada, owner, fake, channel, path, talk):
    edit = f"/messages/{talk[0]['id']}/edit"
    assert f'href="{edit}"' in ada.get(path).text
    assert ">\nWhat is it?</textarea>" in ada.get(edit).text
    fake.enqueue(says("It is dulse."))
    saved = ada.submit(edit, body="And\r\nthis?")
    assert (saved.status_code, saved.location) == (303, path)
    owner.stream(f"/api/ai/stream/{channel}")
    assert bodies(owner, channel) == ["And\nthis?", "It is dulse."]
    assert ">edited<" in ada.get(path).text


def test_an_edit_that_nobody_is_to_answer_is_only_an_edit(ada, owner):
    channel = owner.channel(agent_id=None)
    message = owner.say(channel, "Note this.")["message"]
    ada.get(f"/messages/{message['id']}/edit")
    assert ada.submit(f"/messages/{message['id']}/edit", body="Noted.").status_code == 303
    assert bodies(owner, channel) == ["Noted."]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (" \n", 400, "The message is empty."),
        ("x" * 64_001, 413, "A message has at most 64,000 characters."),
        ("a\0b", 400, "There is a character here that cannot be stored."),
    ],
)
def test_a_refused_edit_changes_nothing_and_keeps_the_text(
    ada, owner, channel, talk, body, status, sentence
):
    edit = f"/messages/{talk[0]['id']}/edit"
    ada.get(edit)
    answer = ada.submit(edit, body=body)
    assert answer.status_code == status
    assert sentence in answer.text
    kept = answer.text.partition("<textarea")[2].partition(">\n")[2].partition("</textarea>")[0]
    assert kept == body
    assert bodies(owner, channel) == ["What is it?", "It is **kelp**."]


def test_a_question_that_is_being_answered_is_left_as_it_is(ada, owner, fake, channel):
    fake.enqueue([Chunk("Well"), Hold(threading.Event())])
    said = owner.say(channel, "Wait.")
    edit = f"/messages/{said['message']['id']}/edit"
    ada.get(edit)
    answer = ada.submit(edit, body="Hurry.")
    assert answer.status_code == 409
    assert "This is being answered already." in answer.text
    assert "Hurry." in answer.text
    assert bodies(owner, channel)[0] == "Wait."
    owner.post(f"/api/runs/{said['run_id']}/cancel")


# --- delete ------------------------------------------------------------------------------------


def test_a_message_is_deleted_after_a_page_that_asks(ada, owner, channel, path, talk):
    delete = f"/messages/{talk[0]['id']}/delete"
    assert f'href="{delete}"' in ada.get(path).text
    assert "What is it?" in ada.get(delete).text
    assert bodies(owner, channel)[0] == "What is it?"
    assert ada.submit(delete).location == path
    assert bodies(owner, channel) == ["It is **kelp**."]
    assert ada.get(f"/messages/{talk[0]['id']}").status_code == 404


# --- feedback ----------------------------------------------------------------------------------


def test_feedback_is_given_with_a_button_and_taken_back_with_it(ada, rt, path, talk):
    message_id = talk[1]["id"]
    ada.get(path)
    given = ada.submit(f"/messages/{message_id}/feedback", rating="up")
    assert given.location == f"/messages/{message_id}"
    assert 'data-rating="up"' in ada.get(path).text
    ada.submit(f"/messages/{message_id}/feedback", rating="")
    assert 'data-rating="up"' not in ada.get(path).text


def test_a_comment_says_why(ada, rt, talk):
    page = f"/messages/{talk[1]['id']}/feedback"
    ada.get(page)
    ada.submit(page, rating="down", comment="  It is dulse.\r\n")
    with rt.db.reading() as session:
        row = session.get_one(FeedbackRow, (talk[1]["id"], 1))
        assert (row.rating, row.comment) == ("down", "It is dulse.")
    assert "It is dulse." in ada.get(page).text
    assert "Take it back" in ada.page


@pytest.mark.parametrize("fields", [{"rating": "great"}, {"rating": "up", "comment": "x" * 2_001}])
def test_feedback_that_cannot_be_is_refused_in_the_form(ada, talk, fields):
    page = f"/messages/{talk[1]['id']}/feedback"
    ada.get(page)
    answer = ada.submit(page, **fields)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert fields.get("comment", "") in answer.text


def test_nobody_sees_what_others_think_of_an_answer(ada, member, inside, path, talk):
    page = f"/messages/{talk[1]['id']}/feedback"
    ada.get(page)
    ada.submit(page, rating="down", comment="Quite wrong.")
    assert 'data-rating="down"' not in member.get(path).text
    assert "Quite wrong." not in member.get(page).text


# --- the link to a message ---------------------------------------------------------------------


def test_a_message_has_an_address_that_leads_to_it(ada, owner, channel, path):
    for number in range(2 * screen.PAGE_MESSAGES):
        owner.say(channel, f"Message number {number}.", reply="none")
    items = owner.get(f"/api/channels/{channel}/messages?limit=200").get_json()["items"]
    newest, oldest = items[-1]["id"], items[0]["id"]
    assert ada.get(f"/messages/{newest}").location == f"{path}#m{newest}"
    where = ada.get(f"/messages/{oldest}").location
    assert where.startswith(f"{path}?before=")
    assert where.endswith(f"#m{oldest}")
    page = ada.get(where.partition("#")[0]).text
    assert f'id="m{oldest}"' in page
    assert "Newer messages" in page


def test_pages_lead_to_and_fro(ada, owner, channel, path):
    for number in range(2 * screen.PAGE_MESSAGES + 10):
        owner.say(channel, f"Message number {number}.", reply="none")

    def follow(label):
        link = ada.page.partition(f'">{label}</a>')[0].rpartition('href="')[2]
        return ada.get(link.replace("&amp;", "&")).text

    ada.get(path)
    assert "Newer messages" not in ada.page
    assert "Message number 59." in follow("Older messages")
    assert "Message number 60." not in ada.page
    assert "Message number 10." in ada.page
    assert "Message number 0." in follow("Older messages")
    assert "Older messages" not in ada.page
    assert "Message number 10." in follow("Newer messages")
    assert "Message number 59." in ada.page
    assert "Message number 109." in follow("Newer messages")
    assert "Newer messages" not in ada.page
    assert "data-cursor=" in ada.page


def test_a_page_after_the_newest_is_the_newest(ada, owner, channel, path):
    message = owner.say(channel, "Hi.", reply="none")["message"]
    assert "Hi." in ada.get(f"{path}?after={message['id']}").text


# --- what is told about an answer --------------------------------------------------------------


def test_an_answer_tells_its_model_and_its_tokens(ada, path, talk):
    usage = talk[1]["usage"]
    about = f"{usage['prompt_tokens']} + {usage['completion_tokens']} tokens"
    page = ada.get(path).text
    assert about in page
    assert talk[1]["model"] in page


# --- who may what ------------------------------------------------------------------------------

# Each form as owner, member and viewer of the channel, for the owner's question.
ALLOWED = {"edit": (200, 403, 403), "delete": (200, 403, 403), "feedback": (200, 200, 200)}


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_for_those_who_may(ada, member, viewer, inside, talk, form):
    where = f"/messages/{talk[0]['id']}/{form}"
    statuses = tuple(who.get(where).status_code for who in (ada, member, viewer))
    assert statuses == ALLOWED[form]


@pytest.mark.parametrize("form", ["", *(f"/{form}" for form in FORMS)])
@pytest.mark.parametrize("who", ["member", "viewer", "stranger"])
def test_who_is_not_in_the_channel_finds_no_message(request, talk, who, form):
    answer = request.getfixturevalue(who).get(f"/messages/{talk[0]['id']}{form}")
    assert answer.status_code == 404
    assert "What is it?" not in answer.text


@pytest.mark.parametrize("form", [*FORMS, "read"])
@pytest.mark.parametrize("who", ["member", "viewer", "stranger"])
def test_who_is_not_in_the_channel_changes_nothing(request, owner, channel, talk, who, form):
    visitor = request.getfixturevalue(who)
    visitor.get("/channels")
    answer = visitor.submit(f"/messages/{talk[0]['id']}/{form}", body="Mine", rating="up")
    assert answer.status_code == 404
    assert bodies(owner, channel) == ["What is it?", "It is **kelp**."]


def test_others_in_the_channel_neither_edit_nor_delete(
    member, viewer, inside, owner, channel, path, talk
):
    for visitor in (member, viewer):
        page = visitor.get(path).text
        assert f"/messages/{talk[0]['id']}/edit" not in page
        assert f"/messages/{talk[0]['id']}/delete" not in page
        visitor.get("/channels")
        for form in ("edit", "delete"):
            answer = visitor.submit(f"/messages/{talk[0]['id']}/{form}", body="Mine")
            assert answer.status_code == 403
    assert bodies(owner, channel) == ["What is it?", "It is **kelp**."]


def test_a_form_without_our_token_does_nothing(ada, owner, channel, talk):
    ada.get("/channels")
    for form in (*FORMS, "read"):
        where = f"/messages/{talk[0]['id']}/{form}"
        assert ada.submit(where, body="Forged", rating="up", csrf_token="").status_code == 403
    assert bodies(owner, channel) == ["What is it?", "It is **kelp**."]


@pytest.mark.parametrize("ref", ["0", "x", "99999999999999999999", "１"])
def test_a_message_that_cannot_be_is_not_found(ada, ref):
    for form in ("", *(f"/{form}" for form in FORMS)):
        assert ada.get(f"/messages/{ref}{form}").status_code == 404
