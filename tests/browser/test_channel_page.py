"""The list of messages in a real browser: what others do, older messages, and what one does."""

import json
import threading
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, new_channel, say
from tests.fakes import Chunk, Done, FinishChunk, Hold, says


@pytest.fixture
def more():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def api(page, server):
    """Asks the server's API as the person of the page; gives the JSON."""

    def _api(method, path, body=None):
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
        token = page.locator("meta[name=csrf-token]").get_attribute("content")
        request = urllib.request.Request(
            server.url + path,
            method=method,
            data=json.dumps(body or {}).encode() if method != "GET" else None,
            headers={"Cookie": cookies, "X-CSRFToken": token, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read() or b"null")

    return _api


@pytest.fixture
def channel(page):
    return int(page.url.rpartition("/")[2])


@pytest.fixture
def post(api, channel):
    """Posts to the page's channel from elsewhere; gives the message."""

    def _post(body, reply="none"):
        path = f"/api/channels/{channel}/messages"
        return api("POST", path, {"body": body, "reply": reply})["message"]

    return _post


def last(page):
    return page.locator("#messages .message").last


def bodies(page):
    return page.locator("#messages .message .body").all_inner_texts()


def test_what_is_said_elsewhere_appears_once_and_in_order(page, post):
    for text in ("One.", "Two.", "Three."):
        post(text)
    expect(page.locator("#m0, #messages .message")).to_have_count(3)
    assert bodies(page) == ["One.", "Two.", "Three."]
    page.reload()
    assert bodies(page) == ["One.", "Two.", "Three."]


def test_an_answer_to_somebody_else_is_written_here_too(page, server, post, more):
    server.fake.enqueue([Chunk("Slowly "), Hold(more), Chunk("**here**."), FinishChunk(), Done()])
    post("Who hears?", reply="auto")
    answer = page.locator("#messages .answer")
    expect(answer.locator(".body")).to_have_text("Slowly")
    more.set()
    expect(answer.locator("strong")).to_have_text("here")
    expect(answer).to_have_count(1)
    expect(answer).to_have_attribute("data-status", "complete")


def test_ones_own_message_is_there_once(page, server):
    server.fake.enqueue(says("Yes."))
    say(page, "Only once?")
    expect(page.locator(".answer[data-status=complete][id]")).to_have_count(1)
    expect(page.locator(".question[id] .actions")).to_have_count(1)
    expect(page.locator("#messages .message")).to_have_count(2)
    page.reload()
    expect(page.locator("#messages .message")).to_have_count(2)


def test_edits_and_deletions_elsewhere_show(page, api, post):
    first, second = post("First."), post("Second.")
    expect(page.locator("#messages .message")).to_have_count(2)
    api("PATCH", f"/api/messages/{first['id']}", {"body": "First, but **better**."})
    expect(page.locator(f"#m{first['id']} strong")).to_have_text("better")
    expect(page.locator(f"#m{first['id']}")).to_contain_text("edited")
    api("DELETE", f"/api/messages/{second['id']}")
    expect(page.locator("#messages .message")).to_have_count(1)


def test_what_happened_while_the_connection_was_gone_is_made_up_for(page, post, complaints):
    post("Before.")
    expect(page.locator("#messages .message")).to_have_count(1)
    page.route("**/events**", lambda route: route.abort())
    page.reload()
    post("Meanwhile.")
    page.unroute("**/events**")
    expect(last(page)).to_contain_text("Meanwhile.")
    complaints.clear()  # the browser notes the failed requests


def test_older_messages_come_as_one_scrolls_up_and_nothing_jumps(page, post):
    for number in range(120):
        post(f"Message number {number}.")
    page.reload()
    expect(page.locator("#messages .message")).to_have_count(50)
    where = "id => document.getElementById(id).getBoundingClientRect().top"
    first = page.locator("#messages .message").first.get_attribute("id")
    scroll = page.locator("#history")
    scroll.evaluate("e => { e.scrollTop = -(e.scrollHeight - e.clientHeight); }")
    before = page.evaluate(where, first)
    expect(page.locator("#messages .message")).to_have_count(100)
    assert page.evaluate(where, first) == pytest.approx(before, abs=2)
    scroll.evaluate("e => { e.scrollTop = -(e.scrollHeight - e.clientHeight); }")
    expect(page.locator("#messages .message")).to_have_count(120)
    expect(page.locator("#older")).to_have_count(0)
    assert bodies(page)[0] == "Message number 0."


def test_a_button_leads_to_the_newest_and_counts_what_came(page, post):
    for number in range(30):
        post(f"Message number {number}.\n\nIt has two lines.")
    page.reload()
    button = page.get_by_role("button", name="Newest messages")
    expect(button).to_be_hidden()
    page.locator("#history").evaluate("e => { e.scrollTop = -500; }")
    expect(button).to_be_visible()
    post("News!")
    expect(button).to_contain_text("1 new")
    button.click()
    expect(page.get_by_text("News!")).to_be_in_viewport()
    expect(button).to_be_hidden()


def test_a_message_is_edited_in_its_place_and_answered_anew(page, server):
    server.fake.enqueue(says("Four."), says("Six."))
    say(page, "Two and two?")
    expect(page.locator(".answer .body")).to_have_text("Four.")
    page.locator(".question").hover()
    page.get_by_role("link", name="Edit and ask again").click()
    field = page.locator(".question textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value("Two and two?")
    field.press("Escape")
    expect(field).to_have_count(0)
    expect(page.get_by_role("link", name="Edit and ask again")).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("Three and three?")
    page.get_by_role("button", name="Save and ask again").click()
    expect(page.locator(".question .body")).to_have_text("Three and three?")
    expect(page.locator(".answer .body")).to_have_text(["Six."])


def test_a_message_is_deleted_after_a_question(page, post):
    post("Too much.")
    row = page.locator(".question")
    row.hover()
    row.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete this message for everybody?")
    expect(dialog).to_contain_text("Too much.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(row.get_by_role("link", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_what_was_written_is_copied_as_it_was_written(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    server.fake.enqueue(says("It is **bold**."))
    say(page, "Say it.")
    copy = page.locator(".answer[data-status=complete]").get_by_role("button", name="Copy")
    copy.click()
    expect(page.locator("#announcer")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "It is **bold**."


def test_what_one_thinks_of_an_answer_is_kept(page, server):
    server.fake.enqueue(says("Perhaps."))
    say(page, "Will it hold?")
    answer = page.locator(".answer[data-status=complete]")
    up = answer.get_by_role("button", name="Helpful", exact=True)
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(answer.get_by_role("link", name="Comment")).to_be_visible()
    page.reload()
    expect(up).to_have_attribute("aria-pressed", "true")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(up).to_have_attribute("aria-pressed", "false")


def test_what_was_seen_is_not_unread_elsewhere(page, post, channel):
    """An agent's answer that was watched to its end leaves no mark beside the channel."""
    with page.expect_response("**/read"):
        post("Seen?", reply="auto")
    expect(page.locator(".answer[data-status=complete]")).to_have_count(1)
    page.wait_for_function("() => !document.querySelector('[data-status=streaming]')")
    page.goto("/channels")
    expect(page.locator(f".channel-links a[data-channel='{channel}'] .unread")).to_have_count(0)


def test_the_sidebar_tells_of_news_in_other_channels(page, post, channel):
    new_channel(page)
    post("Over here!")
    link = page.locator(f".channel-links a[data-channel='{channel}']")
    expect(link.locator(".unread")).to_have_count(0)
    post("Anybody?", reply="wait")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(link).to_have_accessible_name("Kelp (1 unread)")


def test_two_people_talk_and_see_the_same_answer(page, server, api, open_browser, channel, more):
    api("POST", f"/api/channels/{channel}/members", {"email": "bo@example.com"})
    theirs = open_browser(storage_state=None).new_page()
    theirs.goto("/login")
    theirs.get_by_label("Email").fill("bo@example.com")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.keyboard.press("Enter")
    theirs.wait_for_url(f"**/channels/{channel}")
    server.fake.enqueue([Chunk("For "), Hold(more), Chunk("both."), FinishChunk(), Done()])
    say(page, "Who is there?")
    expect(theirs.locator(".question .author")).to_have_text("Ada")
    expect(theirs.locator(".answer .body")).to_have_text("For")
    expect(theirs.get_by_role("link", name="Edit and ask again")).to_have_count(0)
    more.set()
    for window in (page, theirs):
        expect(window.locator(".answer .body")).to_have_text(["For both."])
        expect(window.locator(".answer")).to_have_attribute("data-status", "complete")
    server.fake.enqueue(says("Hello, Bo."))
    say(theirs, "Bo is.")
    for window in (page, theirs):
        expect(window.locator(".answer .body")).to_have_text(["For both.", "Hello, Bo."])
        expect(window.locator(".question .body")).to_have_text(["Who is there?", "Bo is."])


def test_a_link_to_a_message_scrolls_the_list_and_not_the_page(page, post):
    messages = [post(f"Message number {number}.") for number in range(60)]
    page.goto(f"/messages/{messages[0]['id']}")
    expect(page.get_by_text("Message number 0.")).to_be_in_viewport()
    expect(page.locator(".message:target")).to_contain_text("Message number 0.")
    assert page.evaluate("[scrollY, document.documentElement.scrollHeight]") == [0, 800]
