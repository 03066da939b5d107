"""An error in the language of the request."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import pytest
from flask import Flask
from pydantic import BaseModel, Field

from chat_app import sentences
from chat_app.api.reading import checked
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


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("Harbour answered with HTTP status 500. It is tried again in 5 s.", {"Harbour", "HTTP"}),
        (
            "Harbour cannot be used. That is not an IP address. It is tried again in 5 s.",
            {"Harbour", "IP"},
        ),
        ("The sign-in of Harbour refused the connection.", {"Harbour"}),
        ("The project is FAILED: The AI server ended.", {"AI", "FAILED"}),
        ("You are signed in to Bo, but its tools cannot be read. Bo cannot be reached.", {"Bo"}),
    ],
)
def test_a_sentence_within_a_sentence_is_said_too(sentence: str, left: set[str]):
    assert set(re.findall(r"[A-Za-z]{2,}", sentences.told(sentence))) == left


def test_what_a_program_said_stands_below_its_sentence_as_it_is():
    said = sentences.told("The AI server ended.\nThe AI server ended.\nTraceback")
    assert said == "AI 伺服器結束了。\nThe AI server ended.\nTraceback"


def test_what_pydantic_says_of_a_field_is_known():
    class Body(BaseModel):
        title: Annotated[str, Field(max_length=5)]
        mode: Literal["auto", "none"] = "auto"

    for data in ({}, {"title": 1}, {"title": "123456"}, {"title": "a", "mode": "b"}, {"a": 1}):
        with pytest.raises(InvalidRequest) as refused:
            checked(Body, data)
        assert sentences.told(refused.value.message) != refused.value.message
