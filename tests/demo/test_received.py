"""The demo says which files arrived, and answers the words beside them."""

import orjson
import pytest

from chat_app.demo.asked import Asked, parse
from chat_app.demo.received import Received, take_apart
from chat_app.demo.replies import reply
from chat_app.streaming import history
from chat_app.streaming.attached import Attached
from chat_app.streaming.history import Said

NOTES = Attached("notes.md", "text/plain", b"What time is it in Taipei? ```\n")
PHOTO = Attached("sea_*.png", "image/png", b"\x89PNG\r\n")
CLOCK = {"type": "function", "function": {"name": "current_time"}}


def asked(*said: Said) -> Asked:
    messages = history.messages("", said)
    body = {"model": "holdfast-demo", "messages": messages, "tools": [CLOCK]}
    return parse(orjson.dumps(body))


def user(body: str, *files: Attached) -> Said:
    return Said("user", "Ann", body, files=files)


def test_files_are_told_from_words() -> None:
    said = asked(user("Hello!", NOTES, PHOTO)).conversation[0]
    assert said.text == "Hello!"
    assert said.files == (
        Received("sea_*.png", "image/png", 6),
        Received("notes.md", "text/plain", 31),
    )


@pytest.mark.parametrize("text", ["", "Hello\n\n", "File: x\nno fence", "[Image]", "```\nx\n```"])
def test_words_alone_stay_as_they_are(text: str) -> None:
    assert take_apart(text, ()) == (text, ())


def test_an_image_of_elsewhere_is_not_fetched() -> None:
    _, files = take_apart("Look", ["http://127.0.0.1:1/x.png"])
    assert files == (Received("http://127.0.0.1:1/x.png", "image", 0),)


def test_the_demo_says_what_it_received_and_then_answers() -> None:
    said = reply(asked(user("What is Holdfast?", NOTES, PHOTO)))
    assert said.text.startswith(
        "This came with your message:\n\n- **sea\\_\\*.png** · image/png · 6 B"
    )
    assert "- **notes.md** · text/plain · 31 B" in said.text
    assert "I am the built-in demo" in said.text
    assert len(said.text) > 600


def test_what_is_in_a_file_calls_no_tool() -> None:
    assert reply(asked(user("Hello!", NOTES))).calls == ()
    assert reply(asked(user("What time is it in Taipei?", NOTES))).calls != ()


def test_files_alone_get_an_answer_in_the_language_spoken_before() -> None:
    before = (user("這是什麼？"), Said("assistant", "Demo", "…"))
    assert reply(asked(*before, user("", PHOTO))).text.startswith("隨您的訊息一起收到了")
    assert reply(asked(user("", NOTES))).text.endswith("A real model gets them just as I did.")


def test_files_of_an_earlier_message_are_not_told_again() -> None:
    said = reply(asked(user("Hi", NOTES), Said("assistant", "Demo", "Hm"), user("Who are you?")))
    assert "notes.md" not in said.text
