"""An error in the language of the request."""

from collections.abc import Iterator

import pytest
from flask import Flask

from chat_app import sentences
from chat_app.errors import InvalidRequest, MessageTooLong, RateLimited
from chat_app.web import languages


@pytest.fixture(autouse=True)
def in_chinese() -> Iterator[None]:
    app = Flask("chat_app")
    languages.install(app)
    with app.test_request_context(headers={"Accept-Language": "zh-TW"}):
        yield


def test_a_class_has_its_sentence():
    assert sentences.told(MessageTooLong.sentence) == "訊息太長了。"


def test_a_constant_has_its_own():
    assert sentences.told("The message is empty.") == "訊息是空的。"


def test_what_was_put_together_is_put_together_again():
    said = sentences.told("A message has at most 32,000 characters.")
    assert said == "一則訊息最多 32,000 個字元。"


def test_what_happened_to_a_tool_server_is_said_of_it_by_name():
    assert sentences.told("Harbour did not answer in time.") == "Harbour 沒有及時回應。"


def test_what_was_filled_in_is_not_read():
    said = sentences.told("There is no person {0} %(num)d\n<b>.")
    assert said == "沒有 {0} %(num)d\n<b> 這個人。"


def test_what_nobody_knows_stays_as_it_is():
    assert sentences.told("Bo says 100% {no}.") == "Bo says 100% {no}."
    assert sentences.told("") == ""


def test_an_error_keeps_its_code_and_fields_and_the_first_is_left_alone():
    error = InvalidRequest("The message is empty.", field="body")
    again = sentences.translated(error)
    assert again.as_dict() == error.as_dict() | {"error": "訊息是空的。"}
    assert error.message == "The message is empty."
    assert sentences.translated(RateLimited(retry_after=5)).fields == {"retry_after": 5}
