"""Searching what was said."""

import pytest

from chat_app.web import search as screen


def test_found_words_are_marked_and_lead_to_the_message(ada, owner, channel):
    message = owner.say(channel, "The Seaweed & the tide, by the sea.", reply="none")["message"]
    page = ada.get("/search?q=seaweed+TIDE").text
    assert "<mark>Seaweed</mark> &amp; the <mark>tide</mark>, by the sea." in page
    assert f'href="/messages/{message["id"]}"' in page
    assert "Harbour" in page
    assert 'value="seaweed TIDE"' in page


def test_every_word_must_be_there(ada, owner, channel):
    owner.say(channel, f"anemone{channel} and urchin", reply="none")
    assert "<mark>" in ada.get(f"/search?q=urchin+anemone{channel}").text
    assert "Nothing was found." in ada.get(f"/search?q=anemone{channel}+lobster").text


def test_channels_are_found_by_their_titles(ada, owner):
    channel = owner.channel(title="Lighthouse keepers")
    page = ada.get("/search?q=keepers+light").text
    assert f'href="/channels/{channel}" dir="auto">Lighthouse keepers' in page


@pytest.mark.parametrize("who", ["member", "viewer", "stranger"])
def test_nobody_finds_what_was_said_where_they_are_not(request, owner, who):
    channel = owner.channel(title="Barnacle watch")
    owner.say(channel, "A barnacle secret.", reply="none")
    page = request.getfixturevalue(who).get("/search?q=barnacle").text
    assert "Nothing was found." in page
    assert "secret" not in page
    assert "watch" not in page


def test_hostile_text_and_hostile_words_are_inert(ada, owner, channel):
    owner.say(channel, "<script>alert(1)</script> mollusc", reply="none")
    for words in ("mollusc", "<script>alert(1)</script>"):
        page = ada.get("/search", query_string={"q": words}).text
        assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_many_results_have_pages(ada, owner, channel):
    word = f"plankton{channel}"
    for number in range(screen.PAGE_HITS + 1):
        owner.say(channel, f"{word} number {number}.", reply="none")
    page = ada.get(f"/search?q={word}").text
    assert "number 0." not in page
    older = page.partition('">Older results</a>')[0].rpartition('href="')[2]
    assert "number 0." in ada.get(older.replace("&amp;", "&")).text
    assert "Older results" not in ada.page


def test_a_search_for_nothing_is_an_empty_form(ada):
    page = ada.get("/search?q=+").text
    assert 'role="search"' in page
    assert "Nothing was found." not in page


@pytest.mark.parametrize("words", ["x" * 201, "a\0b"])
def test_what_cannot_be_searched_for_is_refused_in_the_form(ada, words):
    answer = ada.get("/search", query_string={"q": words})
    assert answer.status_code == 400
    assert "This cannot be searched for." in answer.text


def test_every_page_has_the_search(ada, path):
    assert 'role="search"' in ada.get(path).text


def test_nobody_searches_without_signing_in(visitor):
    assert visitor.get("/search?q=x").location == "/login?next=/search?q%3Dx"
