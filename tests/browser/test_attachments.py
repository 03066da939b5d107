"""Files in a real browser: picked, pasted, dropped, sent, seen, and never lost without a word."""

import base64

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import say
from tests.fakes import says
from tests.pictures import png

IMAGE = {"name": "sea.png", "mimeType": "image/png", "buffer": png(600, 300)}
NOTES = {"name": "notes.md", "mimeType": "text/markdown", "buffer": b"# Kelp\n"}
# What a paste or a drop brings, made where the browser lets nobody else make it.
TRANSFER = """([target, kind, files, text]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  if (text) transfer.setData("text/plain", text);
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste" ? new ClipboardEvent(kind, { ...options, clipboardData: transfer })
    : new DragEvent(kind, { ...options, dataTransfer: transfer });
  return document.querySelector(target).dispatchEvent(event);
}"""


@pytest.fixture
def chips(page):
    return page.get_by_role("list", name="Files to send").get_by_role("listitem")


@pytest.fixture
def pick(page):
    return lambda *files: page.get_by_label("Attach files").set_input_files(list(files))


def bring(page, kind, *files, target="#body", text=""):
    given = [[f["name"], f["mimeType"], base64.b64encode(f["buffer"]).decode()] for f in files]
    return page.evaluate(TRANSFER, [target, kind, given, text])


def test_files_are_picked_uploaded_sent_and_seen(page, server, pick, chips):
    server.fake.enqueue(says("I see."))
    pick(IMAGE, NOTES)
    expect(chips).to_have_count(2)
    expect(chips.first.locator(".chip-image")).to_be_visible()
    expect(chips.nth(1)).to_contain_text("notes.md")
    say(page, "Look")
    expect(chips).to_have_count(0)
    expect(page.locator(".answer[data-status=complete]")).to_have_count(1)
    image = page.get_by_role("img", name="sea.png")
    expect(image).to_be_visible()
    box = image.bounding_box()
    assert (box["width"], box["height"]) == (384, 192)
    told = server.fake.requests[-1].json["messages"][-1]["content"]
    assert [part["type"] for part in told] == ["text", "image_url"]
    with page.expect_popup() as opened:
        page.get_by_role("link", name="notes.md").click()
    expect(opened.value.locator("body")).to_contain_text("# Kelp")
    page.reload()
    expect(page.get_by_role("img", name="sea.png")).to_be_visible()
    expect(chips).to_have_count(0)


def test_what_is_pasted_or_dropped_is_attached_and_pasted_text_stays_text(page, server, chips):
    assert bring(page, "paste", IMAGE, text="words of a document")
    expect(chips).to_have_count(0)
    assert not bring(page, "paste", IMAGE)
    assert not bring(page, "dragover", NOTES, target="#history")
    expect(page.locator(".composer.dropping")).to_have_count(1)
    assert not bring(page, "drop", NOTES, target="#history")
    expect(page.locator(".composer.dropping")).to_have_count(0)
    expect(chips).to_have_count(2)
    server.fake.enqueue(says("Thanks."))
    page.get_by_label("Message", exact=True).press("Enter")  # files alone are a message
    expect(page.locator(".question .attached li")).to_have_count(2)
    expect(page.locator(".answer[data-status=complete]")).to_have_count(1)
    expect(page.locator(".question .body")).to_be_hidden()


def test_what_is_refused_says_why_and_is_removed_and_the_rest_is_sent(
    page, server, pick, chips, complaints
):
    pick({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF\0"}, NOTES)
    expect(chips.first.get_by_role("alert")).to_contain_text("cannot be attached")
    expect(chips.nth(1)).not_to_have_attribute("data-failed", "")
    chips.first.get_by_role("button", name="Remove a.pdf").click()
    expect(chips).to_have_count(1)
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    pick({"name": "film.mov", "mimeType": "video/quicktime", "buffer": b"x" * 5_300_000})
    expect(page.locator("#refusal")).to_have_text("film.mov is larger than 5.0 MB.")
    expect(chips).to_have_count(1)
    server.fake.enqueue(says("Good."))
    say(page, "Now")
    expect(page.locator(".question .attached li")).to_have_count(1)
    expect(page.locator("#refusal")).to_be_hidden()
    complaints.clear()  # the browser notes the refused upload


def test_a_message_waits_for_its_uploads(page, server, pick, chips):
    held = []
    page.route("**/api/attachments", lambda route: held.append(route))
    pick(NOTES)
    expect(chips.get_by_role("progressbar", name="Uploading")).to_be_visible()
    say(page, "With it")
    expect(page.get_by_label("Message", exact=True)).to_have_value("With it")
    server.fake.enqueue(says("Yes."))
    held[0].continue_()
    expect(page.locator(".question .attached li")).to_have_count(1)
    expect(page.get_by_label("Message", exact=True)).to_have_value("")


def test_files_are_kept_with_the_draft_and_when_sending_fails(
    page, server, pick, chips, complaints
):
    pick(IMAGE)
    expect(chips.locator(".chip-image")).to_be_visible()
    page.reload()
    expect(chips).to_have_count(1)
    page.route("**/messages", lambda route: route.abort())
    say(page, "Lost?")
    expect(page.locator("#refusal")).to_contain_text("It is still here")
    expect(chips).to_have_count(1)
    page.unroute("**/messages")
    server.fake.enqueue(says("Here."))
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.locator(".question img")).to_have_count(1)
    page.reload()
    expect(chips).to_have_count(0)
    complaints.clear()  # the browser notes the failed request


def test_without_a_script_the_browsers_own_field_does_it(open_browser, page, server):
    server.fake.enqueue(says("Plainly."))
    plain = open_browser(java_script_enabled=False).new_page()
    plain.goto(page.url)
    plain.get_by_label("Attach files").set_input_files([IMAGE])
    plain.get_by_label("Message", exact=True).fill("No script")
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("img", name="sea.png")).to_be_visible()
    # Everyone who has the channel open sees it.
    expect(page.get_by_role("img", name="sea.png")).to_be_visible()
