"""Talking to an agent in a real browser."""

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import new_channel, say
from tests.fakes import Chunk, Done, FinishChunk, Hold, Status, says

HOSTILE = (
    "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
    "[x](javascript:alert(1))"
)


@pytest.fixture
def more():
    """Held back until the test lets it go."""
    event = threading.Event()
    yield event
    event.set()


def answer(page):
    return page.locator("#messages .answer").last


def test_tokens_arrive_one_by_one_and_the_answer_is_the_same_after_a_reload(page, server, more):
    server.fake.enqueue(
        [Chunk("Kelp **holds"), Hold(more), Chunk(" fast**."), FinishChunk(), Done()]
    )
    say(page, "What does kelp do?")
    expect(page.locator(".question.own .body")).to_have_text("What does kelp do?")
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    expect(answer(page).locator(".body")).to_have_text("Kelp **holds")
    more.set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(answer(page).locator("strong")).to_have_text("holds fast")
    shown = answer(page).locator(".body").inner_html()
    page.reload()
    assert answer(page).locator(".body").inner_html() == shown


def test_it_thinks_until_the_first_word(page, server, more):
    server.fake.enqueue([Hold(more), *says("Well.")])
    say(page, "Think first.")
    expect(answer(page).get_by_text("Thinking")).to_be_visible()
    more.set()
    expect(answer(page).locator(".body")).to_have_text("Well.")
    expect(answer(page).get_by_text("Thinking")).to_be_hidden()


def test_a_reload_in_the_middle_of_an_answer_misses_nothing(page, server, more):
    server.fake.enqueue([Chunk("One, "), Hold(more), Chunk("two."), FinishChunk(), Done()])
    say(page, "Count.")
    expect(answer(page).locator(".body")).to_have_text("One,")
    page.reload()
    expect(answer(page).locator(".body")).to_have_text("One,")
    more.set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(answer(page).locator(".body")).to_have_text("One, two.")


def test_stop_keeps_what_was_said(page, server, more):
    server.fake.enqueue([Chunk("On and on"), Hold(more)])
    say(page, "Talk.")
    expect(answer(page).locator(".body")).to_have_text("On and on")
    page.get_by_role("button", name="Stop").click()
    expect(answer(page).get_by_text("Stopped.", exact=True)).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.reload()
    expect(answer(page).locator(".body")).to_have_text("On and on")
    expect(answer(page).get_by_text("Stopped.", exact=True)).to_be_visible()


def test_a_failure_is_said_and_tried_again(page, server):
    server.fake.enqueue([Status(401)])
    say(page, "Hello?")
    expect(answer(page).get_by_text("The model provider refused our key.")).to_be_visible()
    server.fake.enqueue(says("Here I am."))
    page.get_by_role("button", name="Try again").click()
    expect(answer(page).locator(".body")).to_have_text("Here I am.")
    expect(page.locator(".answer")).to_have_count(1)


def test_a_refused_message_stays_in_the_composer(page, complaints):
    say(page, "x" * 64_001)
    expect(page.get_by_role("alert")).to_have_text("A message has at most 64,000 characters.")
    assert len(page.get_by_label("Message", exact=True).input_value()) == 64_001
    complaints.clear()  # the browser notes the 413


def test_a_message_that_could_not_be_sent_is_sent_once_later(page, complaints):
    page.context.set_offline(True)
    say(page, "Are you there?")
    expect(page.get_by_role("alert")).to_contain_text("could not be sent")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send").click()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    page.reload()
    expect(page.locator(".question")).to_have_count(1)
    complaints.clear()  # the browser notes the failed request


def test_hostile_text_is_inert_while_it_streams_and_after(page, server, more):
    server.fake.enqueue([Chunk(HOSTILE), Hold(more), FinishChunk(), Done()])
    say(page, HOSTILE)
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    more.set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(page.locator(".body :is(script, img, a)")).to_have_count(0)
    expect(page).to_have_title("Kelp · Holdfast")
    page.reload()
    expect(page).to_have_title("Kelp · Holdfast")


def test_enter_that_chooses_a_word_sends_nothing(page):
    field = page.get_by_label("Message", exact=True)
    field.fill("ㄋㄧˇ")
    init = {"key": "Enter", "bubbles": True, "cancelable": True}
    field.dispatch_event("keydown", init | {"isComposing": True})
    field.dispatch_event("keydown", init | {"keyCode": 229})
    field.press("Shift+Enter")
    expect(field).to_have_value("ㄋㄧˇ\n")
    expect(page.locator(".question")).to_have_count(0)


def test_who_reads_above_is_left_there_and_who_is_at_the_end_stays_there(page, server, more):
    long = [Chunk(f"Line {number}.\n\n") for number in range(60)]
    server.fake.enqueue([*long, Hold(more), *long, FinishChunk(), Done()])
    say(page, "A long one.")
    expect(answer(page).locator(".body")).to_contain_text("Line 59.")
    scroll = page.locator("#history")
    assert scroll.evaluate("element => element.scrollTop") == 0
    scroll.evaluate("element => { element.scrollTop = -600; }")
    line = "() => document.querySelector('.question.own').getBoundingClientRect().top"
    before = page.evaluate(line)
    more.set()
    expect(answer(page).locator(".body")).to_contain_text("Line 59.\n\nLine 0.")
    assert page.evaluate(line) == pytest.approx(before, abs=1)


def test_only_the_begin_and_the_end_of_an_answer_are_announced(page, server, more):
    server.fake.enqueue([Chunk("Some"), Hold(more), Chunk("thing."), FinishChunk(), Done()])
    said = page.locator("#announcer")
    say(page, "Say something.")
    expect(said).to_have_text("Assistant is answering.")
    expect(answer(page).locator(".body")).to_have_text("Some")
    expect(said).to_have_text("Assistant is answering.")
    more.set()
    expect(said).to_have_text("Assistant has answered.")


def test_two_windows_see_the_same_answer(page, server, more):
    server.fake.enqueue([Chunk("To "), Hold(more), Chunk("both."), FinishChunk(), Done()])
    say(page, "Who hears this?")
    expect(answer(page).locator(".body")).to_have_text("To")
    other = page.context.new_page()
    other.goto(page.url)
    more.set()
    for window in (page, other):
        expect(answer(window)).to_have_attribute("data-status", "complete")
        expect(answer(window).locator(".body")).to_have_text("To both.")


def test_a_lost_connection_shows_and_comes_back(page, server, more, complaints):
    server.fake.enqueue([Chunk("Before, "), Hold(more), Chunk("after."), FinishChunk(), Done()])
    say(page, "Hold on.")
    expect(answer(page).locator(".body")).to_have_text("Before,")
    page.route("**/stream**", lambda route: route.abort())
    page.reload()
    expect(answer(page).get_by_text("The connection is gone.")).to_be_visible()
    page.unroute("**/stream**")
    more.set()
    expect(answer(page).locator(".body")).to_have_text("Before, after.")
    expect(answer(page).get_by_text("The connection is gone.")).to_be_hidden()
    complaints.clear()  # the browser notes the failed requests


def test_everything_works_without_javascript(open_browser, server, more):
    page = open_browser(java_script_enabled=False).new_page()
    new_channel(page)
    server.fake.enqueue(
        [Chunk("Slowly, "), Hold(more), Chunk("*but* surely."), FinishChunk(), Done()]
    )
    page.get_by_label("Message", exact=True).fill("Does it work?")
    page.get_by_role("button", name="Send").click()
    expect(answer(page).locator(".body")).to_have_text("Slowly,")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    more.set()
    # The page looks again by itself.
    expect(answer(page).locator("em")).to_have_text("but")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


def test_an_answer_is_stopped_without_javascript(open_browser, server, more):
    page = open_browser(java_script_enabled=False).new_page()
    new_channel(page)
    server.fake.enqueue([Chunk("On and on"), Hold(more)])
    page.get_by_label("Message", exact=True).fill("Talk.")
    page.get_by_role("button", name="Send").click()
    expect(answer(page).locator(".body")).to_have_text("On and on")
    page.get_by_role("button", name="Stop").click()
    expect(answer(page).get_by_text("Stopped.", exact=True)).to_be_visible()
    expect(answer(page).locator(".body")).to_have_text("On and on")
