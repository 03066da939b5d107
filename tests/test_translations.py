"""The catalogues: complete, exact, and compiled from what is kept beside them.

After a failure here: `make translations`, and fill in what it names.
"""

import re

import pytest
from babel.messages.catalog import Message

from chat_app import errors
from scripts import sentences, translations
from scripts.translations import LOCALES

# `%(name)s`, `{0}`, `{name}` and tags: what has to be the same in every language.
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|\{\w*\}|</?\w+>")
LATIN_WORDS = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(scope="module")
def wanted() -> dict[str, Message]:
    return {_key(message): message for message in translations.template() if message.id}


@pytest.fixture(scope="module", params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def kept(locale: str) -> dict[str, Message]:
    return {_key(message): message for message in translations.read(locale) if message.id}


def _key(message: Message) -> str:
    return f"{message.context or ''} {message.id}"


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_each_catalogue_has_every_sentence_and_no_other(wanted, kept):
    assert sorted(kept) == sorted(wanted)


def test_each_sentence_is_translated(kept):
    lacking = [key for key, message in kept.items() if message.fuzzy or not all(_strings(message))]
    assert not lacking


def test_each_translation_has_the_placeholders_of_its_sentence(kept):
    wrong = {}
    for key, message in kept.items():
        # A language without a singular form says the plural one.
        source = message.id if isinstance(message.id, str) else message.id[1]
        for said in _strings(message):
            if sorted(PLACEHOLDERS.findall(said)) != sorted(PLACEHOLDERS.findall(source)):
                wrong[key] = said
    assert not wrong


def test_a_percent_sign_is_only_part_of_a_placeholder(kept):
    """`%` alone breaks the page in that language only."""
    for message in kept.values():
        for said in _strings(message):
            assert "%" not in re.sub(r"%\(\w+\)[sd]|%%", "", said), said


def test_what_is_compiled_is_what_is_kept(locale):
    catalogue = translations.read(locale)
    compiled = translations.path(locale).with_suffix(".mo").read_bytes()
    assert compiled == translations.compiled(catalogue)


def test_catalogues_are_as_our_command_writes_them(locale):
    assert translations.path(locale).read_bytes() == translations.text(translations.read(locale))


def test_the_list_of_forms_is_up_to_date():
    assert translations.FORMS.read_text("utf-8") == translations.forms()


def test_the_sentence_of_every_code_is_to_be_translated(wanted):
    said = {message.id for message in wanted.values()}
    assert {cls.sentence for cls in errors.codes()} <= said


def test_no_form_stands_for_everything():
    for form in translations.told():
        words = PLACEHOLDERS.sub("", form)
        assert form == words or len(words) >= sentences.LETTERS_MIN, form


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise NotFound("Gone.")', ["Gone."]),
        ('raise NotFound("Gone. " "For good.")', ["Gone. For good."]),
        ('raise Conflict(f"There are {n} of these.")', ["There are {0} of these."]),
        ('raise Conflict(f"{n:,} and {m}.")', []),
        ('WHY = "Gone."\nraise NotFound(WHY)', ["Gone."]),
        ('WHY = {"a": "Gone.", "b": "Lost."}\nraise NotFound(WHY[x])', ["Gone.", "Lost."]),
        ('WHY = "{} is not there."\nraise NotFound(WHY.format(x))', ["{0} is not there."]),
        ('WHY = "is gone for good."\nraise NotFound(f"{x} {WHY}")', ["{0} is gone for good."]),
        (
            'LOST = "was lost at sea."\nWHY = {"a": "is gone for good.", "b": LOST}\n'
            'raise NotFound(f"{x} {WHY[y]}")',
            ["{0} is gone for good.", "{0} was lost at sea."],
        ),
        ('TABLE = {KeyError: (NotFound, "Gone.")}', ["Gone."]),
        ('class Lost(NotFound):\n    sentence = "Lost."', ["Lost."]),
        ('def _no(why) -> NotFound:\n    return NotFound(why)\nraise _no("Gone.")', ["Gone."]),
        ('raise ValueError("Ours alone.")', []),
        ("raise NotFound", []),
    ],
)
def test_sentences_are_found_where_errors_are_made(source, found):
    assert [sentence for _, sentence in sentences.find(source)] == found
