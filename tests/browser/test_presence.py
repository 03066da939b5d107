"""Two people in one channel: each sees that the other is there, and when they write."""

import json
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD


@pytest.fixture
def theirs(page, server, open_browser):
    """Bo's window in the channel of the page, on a phone."""
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
    headers = {"Cookie": cookies, "X-CSRFToken": token, "Content-Type": "application/json"}
    address = f"{server.url}/api/channels/{page.url.rpartition('/')[2]}/members"
    body = json.dumps({"email": "bo@example.com"}).encode()
    urllib.request.urlopen(urllib.request.Request(address, body, headers)).close()
    window = open_browser(storage_state=None, viewport={"width": 390, "height": 800}).new_page()
    window.goto("/login")
    window.get_by_label("Email").fill("bo@example.com")
    window.get_by_label("Password").fill(PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_url(page.url)
    return window


def composer(page):
    return page.get_by_label("Message", exact=True)


def test_two_people_see_each_other_and_when_one_writes(page, theirs, open_browser):
    page.reload()  # the channel was of one until now
    expect(page.locator(".here-names")).to_have_text("Bo")
    expect(page.locator("#here")).to_contain_text("Also here:")
    expect(page.locator(".here-count")).to_be_hidden()
    expect(theirs.locator(".here-names")).to_have_text("Ada")
    expect(theirs.locator(".here-count")).to_be_visible()
    line, before = page.locator("#typing"), composer(page).bounding_box()
    composer(theirs).press_sequentially("Kel")
    expect(line).to_have_text("Bo is typing…")
    expect(line).to_be_visible()
    assert composer(page).bounding_box() == before  # nothing moves for it
    expect(page.locator("#announcer")).to_have_text("")  # and nothing is read out
    live = ":is([role=status], [aria-live]) #typing, #typing:is([role], [aria-live])"
    expect(page.locator(live)).to_have_count(0)
    expect(theirs.locator("#typing")).to_be_hidden()
    composer(theirs).fill("")
    expect(line).to_be_hidden()
    composer(theirs).press_sequentially("Kelp")
    expect(line).to_be_visible()
    theirs.get_by_role("button", name="Send").click()
    expect(page.locator(".question .body")).to_have_text("Kelp")
    expect(line).to_be_hidden()
    plain = open_browser(java_script_enabled=False).new_page()
    plain.goto(page.url)
    expect(plain.locator("#here")).to_contain_text("Bo")
    expect(plain.locator("#typing")).to_be_hidden()
