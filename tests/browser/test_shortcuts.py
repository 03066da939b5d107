"""Keys that do something, in a real browser: never while one types, and not once turned off."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import new_channel, say
from tests.fakes import Chunk, Stall


@pytest.fixture
def field(page):
    return page.get_by_label("Message", exact=True)


@pytest.fixture
def leave(page, field):
    """Out of the field, as Esc leads."""
    field.press("Escape")
    expect(field).not_to_be_focused()
    return page.keyboard


def test_the_list_opens_over_the_page_and_closes_again(page, leave):
    leave.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("To the next channel")).to_be_visible()
    leave.press("j")
    expect(dialog).to_be_visible()
    leave.press("Escape")
    expect(dialog).to_be_hidden()
    leave.press("?")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".shortcuts")).to_have_count(1)


def test_keys_lead_to_the_search_and_back_to_the_message(page, field, leave):
    leave.press("/")
    search = page.get_by_role("searchbox").first
    expect(search).to_be_focused()
    page.keyboard.type("cj?/")
    expect(search).to_have_value("cj?/")
    page.get_by_role("region", name="Messages").focus()
    leave.press("c")
    expect(field).to_be_focused()
    expect(field).to_have_value("")


def test_keys_lead_from_channel_to_channel(page, leave):
    first = page.url
    new_channel(page)
    second = page.url
    page.get_by_label("Message", exact=True).press("Escape")
    page.keyboard.press("j")
    page.wait_for_url(first)
    page.get_by_label("Message", exact=True).press("Escape")
    page.keyboard.press("k")
    page.wait_for_url(second)


def test_what_is_typed_or_held_with_another_key_does_nothing(page, field, leave):
    here = page.url
    for keys in ("Control+j", "Alt+k", "Meta+c"):
        leave.press(keys)
    expect(field).not_to_be_focused()
    field.press_sequentially("c j k ? / n s")
    expect(field).to_have_value("c j k ? / n s")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url == here
    field.fill("")


def test_a_key_stops_the_answer(page, server, field):
    server.fake.enqueue([Chunk("Once "), Stall()])
    say(page, "Tell me.")
    answer = page.locator(".answer")
    expect(answer).to_contain_text("Once")
    field.press("Escape")
    page.keyboard.press("s")
    expect(answer).to_have_attribute("data-status", "cancelled")


def test_turned_off_they_are_keys_like_others(page):
    page.goto("/settings/account")
    page.get_by_label(re.compile("Shortcuts of one key")).uncheck()
    page.get_by_role("button", name="Save the looks").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto("/settings/shortcuts")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("To the next channel")).to_be_visible()
