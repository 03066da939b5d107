"""Writing in a real browser: mentions, drafts, and no text that is ever lost."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import new_channel, say
from tests.fakes import says


@pytest.fixture
def field(page):
    return page.get_by_label("Message", exact=True)


@pytest.fixture
def options(page):
    return page.get_by_role("listbox", name="Agents and people").get_by_role("option")


def test_an_at_sign_offers_agents_and_people_and_enter_takes_one(page, field, options):
    field.press_sequentially("Ask @")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("@assistant")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "mention-0")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press_sequentially("assi")
    expect(options).to_have_count(1)
    field.press("Enter")
    expect(field).to_have_value("Ask @assistant ")
    expect(options).to_have_count(0)
    expect(field).not_to_have_attribute("role", "combobox")
    expect(page.locator(".question")).to_have_count(0)


def test_arrows_choose_and_escape_closes(field, options):
    field.press_sequentially("@")
    expect(options).to_have_count(2)
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("@")


def test_a_click_takes_one_and_the_field_keeps_the_focus(field, options):
    field.press_sequentially("Hi @")
    options.first.click()
    expect(field).to_have_value("Hi @assistant ")
    expect(field).to_be_focused()


@pytest.mark.parametrize("text", ["ada@", "a@b", "@nobodyatall", "plain"])
def test_nothing_is_offered_where_nobody_is_meant(field, options, text):
    field.press_sequentially(text)
    expect(field).to_have_value(text)
    expect(options).to_have_count(0)


def test_a_draft_is_kept_for_its_channel_until_it_is_sent(page, server, field):
    here = page.url
    field.fill("Not yet fin")
    new_channel(page)
    expect(field).to_have_value("")
    page.goto(here)
    expect(field).to_have_value("Not yet fin")
    server.fake.enqueue(says("Good."))
    say(page, "Finished.")
    expect(page.locator(".answer[data-status=complete]")).to_have_count(1)
    page.reload()
    expect(field).to_have_value("")


def test_what_is_typed_while_a_message_is_under_way_is_kept_when_it_fails(page, field, complaints):
    held = []
    page.route("**/messages", lambda route: held.append(route))
    say(page, "First.")
    expect(page.locator(".question[data-client] .body")).to_have_text("First.")
    expect(field).to_have_value("")
    field.fill("Second.")
    held[0].abort()
    expect(field).to_have_value("First.\nSecond.")
    expect(page.locator(".question")).to_have_count(0)
    page.unroute("**/messages")
    page.reload()
    expect(field).to_have_value("First.\nSecond.")
    complaints.clear()  # the browser notes the failed request


def test_the_field_grows_with_its_text(field):
    low = field.bounding_box()["height"]
    field.fill("\n".join("line" for _ in range(6)))
    assert field.bounding_box()["height"] > 2 * low
