"""What the page says of itself: that it lost the server, was shut out, or could not do something;
and that it stands still while it comes.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import new_channel, say
from tests.fakes import Status, says

SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts.push(entry.value);
  }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def told(page, complaints):
    """The line about the connection; what the browser complains of is meant here."""
    yield page.locator("#connection")
    complaints.clear()


def test_a_page_without_its_server_says_so_and_recovers(page, told):
    page.route("**/events**", lambda route: route.abort())
    page.reload()
    expect(told).to_have_text("The connection is gone. Trying again…")
    page.unroute("**/events**")
    expect(told).to_be_empty()


def test_who_is_shut_out_is_told_why(page, told, open_browser):
    other = open_browser().new_page()
    other.goto(f"{page.url}/settings")
    other.get_by_text("Delete this channel").click()
    other.get_by_role("button", name="Delete for good").click()
    expect(told.get_by_role("link", name="Channel not found")).to_be_visible()


def test_what_did_not_get_through_is_said_and_the_page_stays(page, server, told):
    server.fake.enqueue(says("Here."))
    say(page, "Where?")
    expect(page.locator(".answer[data-status=complete][id]")).to_have_count(1)
    here = page.url
    for how in (lambda route: route.abort(), lambda route: route.fulfill(status=502, body="Bad")):
        page.route("**/edit", how)
        page.locator(".question [data-edit]").click(force=True)
        line = page.locator("#announcer.toast")
        expect(line).to_have_text("That did not get through. Try again.")
        page.unroute("**/edit")
    assert page.url == here


def test_an_answer_that_failed_without_a_word_is_as_it_will_be_at_rest(page, server):
    server.fake.enqueue([Status(401)])
    say(page, "Who are you?")
    answer = page.locator("#messages .answer")
    expect(answer.locator(".problem")).to_contain_text("The model provider refused our key.")
    expect(answer.locator("time[datetime]")).to_be_visible()
    expect(answer.locator("[data-delete]")).to_have_count(1)


def test_the_number_of_an_incident_is_told_with_the_sentence(page, module):
    told = page.evaluate(
        """async (address) => {
          const { withIncident } = await import(address);
          return [withIncident("It broke.", "ab12"), withIncident("It broke.", undefined)];
        }""",
        module("sentences.js"),
    )
    assert told == [
        "It broke. If it keeps happening, tell the operator this number: ab12",
        "It broke.",
    ]


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_moves_while_a_channel_opens(open_browser, server, width):
    page = open_browser(viewport={"width": width, "height": 700}).new_page()
    page.add_init_script(SHIFTS)
    new_channel(page)
    server.fake.enqueue(says("A **word**."))
    say(page, "Say a word.")
    expect(page.locator(".answer[data-status=complete][id]")).to_have_count(1)
    page.reload()
    page.wait_for_function("document.documentElement.classList.contains('has-script')")
    page.evaluate("new Promise(requestAnimationFrame)")
    # A time is some letters shorter in the reader's own zone.
    assert sum(page.evaluate("window.shifts")) < 0.003


def test_a_long_word_in_the_field_makes_nothing_wider(open_browser):
    page = open_browser(viewport={"width": 320, "height": 600}, is_mobile=True).new_page()
    new_channel(page)
    page.get_by_label("Message", exact=True).fill(f"https://a.example/{'x' * 300}")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
