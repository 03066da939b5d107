"""Widths, and what is on the screen first."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import new_channel, say
from tests.fakes import says

WIDE = (
    f"A {'very' * 60} long word.\n\n```\n{'x' * 300}\n```\n\n"
    f"| {' | '.join('column' for _ in range(12))} |\n|{'--|' * 12}\n"
)


@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_no_page_is_wider_than_the_screen(open_browser, server, width):
    page = open_browser(viewport={"width": width, "height": 700}).new_page()
    new_channel(page)
    server.fake.enqueue(says(WIDE))
    say(page, WIDE)
    expect(page.locator(".answer[data-status=complete] table")).to_be_visible()
    for path in (page.url, f"{page.url}/settings", "/channels", "/login", "/register", "/nowhere"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == width, path


def test_a_channel_opens_at_its_newest_message(page, server):
    server.fake.enqueue(says("\n\n".join(f"Line {number}." for number in range(100))))
    say(page, "A long one.")
    expect(page.locator(".answer[data-status=complete]")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Line 99.")).to_be_in_viewport()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_on_a_phone_the_channels_are_one_link_away(open_browser):
    page = open_browser(viewport={"width": 390, "height": 844}).new_page()
    page.goto("/channels/1")
    expect(page.locator(".sidebar")).to_be_hidden()
    page.get_by_role("link", name="Channels").click()
    expect(page.get_by_role("heading", name="Channels")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_first_tab_leads_past_the_sidebar(page):
    page.goto("/channels")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_times_are_in_the_readers_own_zone(open_browser):
    page = open_browser(timezone_id="Asia/Taipei", locale="en-GB").new_page()
    page.goto("/channels/1")
    expect(page.locator("time").first).not_to_contain_text("UTC")
