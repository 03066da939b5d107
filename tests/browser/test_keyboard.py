"""Everything by keyboard: one always sees where one is, and is never thrown back to the start."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD
from tests.fakes import Chunk, calls, says

STEPS_MAX = 200  # past all channels that other tests made
# The outline of what has the focus, or of what stands for it: the box around the message field,
# the label of a file field. And whether that is on top there.
SEEN = """() => {
  const here = document.activeElement;
  const box = here.matches("#body") ? here.closest(".composer-box")
    : here.matches("[type=file]") ? here.closest("label") : null;
  const drawn = [here, box].some((element) => {
    const { outlineStyle, outlineWidth } = element ? getComputedStyle(element) : {};
    return outlineStyle && outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  });
  const shown = box ?? here;
  const { left, top, width, height } = shown.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 12));
  return {
    what: here.outerHTML.slice(0, 120),
    lost: here === document.body,
    drawn,
    onTop: shown.contains(above) || Boolean(above?.contains(shown)),
  };
}"""


@pytest.fixture
def page(open_browser, server) -> Page:
    """Somebody who has not signed in, and has no mouse."""
    return open_browser(storage_state=None, viewport={"width": 1280, "height": 800}).new_page()


def at(page: Page) -> str:
    """What has the focus; fails when nothing has, or when one cannot see it."""
    seen = page.evaluate(SEEN)
    assert not seen["lost"], "the focus is lost"
    assert seen["drawn"], f"no outline: {seen['what']}"
    assert seen["onTop"], f"hidden by something: {seen['what']}"
    return str(seen["what"])


def go_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until one is there, looking at every stop on the way."""
    seen = []
    for _ in range(STEPS_MAX):
        page.keyboard.press(key)
        seen.append(at(page))
        if target.evaluate_all("found => found.includes(document.activeElement)"):
            return
    raise AssertionError("not reached:\n" + "\n".join(seen))


def test_signing_in_talking_and_settings_need_no_mouse(page: Page, server):
    page.goto("/channels")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(EMAIL)
    go_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Channels", exact=True)).to_be_visible()
    go_to(page, page.get_by_label("A new channel"))
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/channels/\d+$"))

    composer, answer = page.get_by_label("Message", exact=True), page.locator("#messages .answer")
    expect(composer).to_be_focused()
    server.gate.write_text("")
    server.fake.enqueue([Chunk("Let me see."), *calls("steps", "{}")])
    page.keyboard.type("Take your time.")
    page.keyboard.press("Enter")
    expect(answer.locator(".tool")).to_have_attribute("data-state", "running")
    expect(composer).to_be_focused()
    go_to(page, answer.locator(".tool summary"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(answer.locator(".tool details[open]")).to_be_attached()
    at(page)
    go_to(page, answer.get_by_role("button", name="Stop"))
    page.keyboard.press("Enter")
    expect(answer).to_have_attribute("data-status", "cancelled")
    expect(composer).to_be_focused()

    go_to(page, page.get_by_role("link", name="Settings of By keyboard"), "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")
    go_to(page, page.get_by_label("Title"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Without a mouse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Without a mouse")).to_be_visible()
    go_to(page, page.locator(".account").get_by_role("link", name="Settings"), "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/account")
    go_to(page, page.get_by_label("Theme"))
    page.keyboard.press("ArrowDown")
    go_to(page, page.get_by_role("button", name="Save the looks"))
    page.keyboard.press("Enter")
    expect(page.locator("html[data-theme=light]")).to_be_attached()


def test_the_composer_takes_the_focus_once_and_leaves_it_alone(page: Page, server):
    """An answer that comes in moves nobody away from where they are."""
    page.goto("/login")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/channels/*")
    server.fake.enqueue(says("Well."))
    page.keyboard.type("Hello?")
    page.keyboard.press("Enter")
    search = page.get_by_label("Search messages")
    go_to(page, search, "Shift+Tab")
    expect(page.locator(".answer").last).to_have_attribute("data-status", "complete")
    expect(search).to_be_focused()
