"""Tool calls on the page, at a real tool server, and with scripted events."""

import json

import pytest
from playwright.sync_api import expect

from chat_app.web import words
from tests.browser.conftest import new_channel, say
from tests.fakes import Chunk, Done, FinishChunk, ToolCallChunk, calls, says
from tests.web.tool_calls import HOSTILE

MAIL = '{"to": "Bo", "text": "Hi <b>there</b>"}'
WIDE = json.dumps({"text": "wide" * 200, "to": "x" * 300})

DRAW = """async ([body, parts, steps]) => {
  const { AnswerBody } = await import(body);
  const { AnswerParts } = await import(parts);
  const article = document.querySelector("#answer").content.firstElementChild.cloneNode(true);
  document.querySelector("#messages").append(article);
  const drawing = new AnswerBody(article.querySelector(".body"), article.querySelector(".notices"));
  const told = new AnswerParts();
  let seq = 0;
  for (const events of steps) {
    for (const event of events) told.take(event, ++seq);
    drawing.show(told, "run-1");
  }
  article.dataset.status = "streaming";
}"""

CALL = {"type": "tool_call", "call_id": "a", "tool": "clock", "server": "demo", "args": {"a": 1}}
RESULT = CALL | {"type": "tool_result", "result": "noon", "is_error": False, "duration_ms": 1200}
TEXT = {"type": "chunk", "content": "Let me look."}


@pytest.fixture
def draw(page, module):
    """Draws these events on the page, one list of them at a time."""

    def _draw(*steps):
        page.evaluate(DRAW, [module("answer_body.js"), module("answer_parts.js"), list(steps)])
        return page.locator("#messages .answer").last

    return _draw


@pytest.fixture
def gate(server):
    """Lets the tool `steps` go on, `gate(n)` to its n-th step."""
    server.gate.write_text("")
    yield lambda steps: server.gate.write_text("\n" * steps)
    server.gate.write_text("\n" * 3)


def answer(page):
    return page.locator("#messages .answer").last


def card(page, place=0):
    return answer(page).locator(".tool").nth(place)


def announcements(page):
    """Collects what the live region says from now on."""
    page.evaluate(
        """() => {
          const region = document.querySelector("#announcer");
          window.said = [];
          new MutationObserver(() => window.said.push(region.textContent))
            .observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    return lambda: page.evaluate("window.said")


def test_a_call_runs_tells_its_steps_and_is_done(page, server, gate):
    server.fake.enqueue([Chunk("Let me see."), *calls("steps", "{}")], says("All three."))
    said = announcements(page)
    say(page, "Take your time.")
    expect(card(page)).to_have_attribute("data-state", "running")
    expect(card(page).locator(".tool-message")).to_contain_text("step 1")
    assert card(page).locator("progress").evaluate("bar => [bar.value, bar.max]") == [1, 3]
    gate(1)
    expect(card(page).locator(".tool-message")).to_contain_text("step 2")
    card(page).locator("summary").press("Enter")
    gate(3)
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(card(page)).to_have_attribute("data-state", "done")
    expect(card(page).locator("summary")).to_be_focused()
    expect(card(page).locator(".tool-result")).to_have_text("done")
    expect(card(page).locator(".tool-progress")).to_be_hidden()
    expect(answer(page).locator(".body > *")).to_have_count(3)
    assert said() == ["Assistant is answering.", "Using steps…", "Assistant has answered."]
    shown = answer(page).locator(".body").inner_html()
    page.reload()
    card(page).locator("summary").click()
    assert answer(page).locator(".body").inner_html() == shown
    expect(page).to_have_title("Kelp · Holdfast")


def test_calls_of_one_round_run_side_by_side(page, server, gate):
    both = [
        ToolCallChunk(0, "a", "steps"),
        ToolCallChunk(0, arguments="{}"),
        ToolCallChunk(1, "b", "picture"),
        ToolCallChunk(1, arguments="{}"),
    ]
    server.fake.enqueue([*both, FinishChunk("tool_calls"), Done()], says("Both."))
    say(page, "Do both.")
    expect(card(page, 1)).to_have_attribute("data-state", "done")
    expect(card(page, 0)).to_have_attribute("data-state", "running")
    card(page, 1).locator("summary").press("Enter")
    picture = card(page, 1).get_by_role("img", name="Image from picture")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    gate(3)
    expect(answer(page).locator(".text")).to_have_text("Both.")
    expect(card(page, 1).get_by_role("img")).to_be_visible()


def test_a_call_is_allowed_on_the_page(page, server):
    server.fake.enqueue(calls("send_mail", MAIL), says("Sent."))
    said = announcements(page)
    say(page, "Write to Bo.")
    expect(card(page)).to_have_attribute("data-state", "waiting")
    form = card(page).locator("form")
    expect(form).to_contain_text("Assistant wants to use send_mail of Harbour")
    expect(form.locator(".tool-args")).to_contain_text("Hi <b>there</b>")
    expect(form).to_contain_text("This waits for 1 day")
    form.get_by_role("button", name="Allow").press("Enter")
    expect(answer(page).locator(".text")).to_have_text("Sent.")
    expect(card(page)).to_have_attribute("data-state", "done")
    assert "send_mail waits for your decision." in said()


def test_a_refused_call_is_shown_as_that(page, server):
    server.fake.enqueue(calls("send_mail", MAIL), says("Well, then not."))
    say(page, "Write to Bo.")
    page.get_by_role("button", name="Refuse").click()
    expect(answer(page).locator(".text")).to_have_text("Well, then not.")
    expect(card(page)).to_have_attribute("data-state", "refused")
    expect(card(page)).to_contain_text("not approved")


def test_a_form_is_filled_in_by_keyboard(page, server):
    server.fake.enqueue(calls("book", '{"day": "Monday"}'), says("Booked."))
    say(page, "Book.")
    form = card(page).locator("form")
    form.get_by_label("Name of the boat").fill("Kelp")
    form.get_by_label("Length in metres").fill("12")
    form.get_by_label("side").select_option("starboard")
    form.get_by_label("crane").check()
    form.get_by_label("Length in metres").press("Enter")
    expect(answer(page).locator(".text")).to_have_text("Booked.")
    card(page).locator("summary").click()
    result = "Monday: Kelp, 12 m, starboard, with crane"
    expect(card(page).locator(".tool-result")).to_have_text(result)
    expect(page).to_have_title("Kelp · Holdfast")


def test_a_form_is_declined_without_being_filled_in(page, server):
    server.fake.enqueue(calls("book", '{"day": "Monday"}'), says("Then not."))
    say(page, "Book.")
    page.get_by_role("button", name="Decline").click()
    expect(answer(page).locator(".text")).to_have_text("Then not.")


def test_what_is_asked_is_there_once_after_a_reload_and_in_two_windows(page, server):
    server.fake.enqueue(calls("send_mail", MAIL), says("Sent."))
    say(page, "Write to Bo.")
    expect(card(page).locator("form")).to_have_count(1)
    page.reload()
    expect(card(page)).to_have_attribute("data-state", "waiting")
    expect(answer(page).locator(".tool")).to_have_count(1)
    expect(answer(page).locator("form.approval")).to_have_count(1)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Allow").click()
    for window in (page, other):
        expect(answer(window).locator(".text")).to_have_text("Sent.")
        expect(answer(window).locator("form.approval")).to_have_count(0)


def test_what_somebody_has_decided_already_is_said(page, server, complaints):
    server.fake.enqueue(calls("send_mail", MAIL), says("No."))
    say(page, "Write to Bo.")
    form = card(page).locator("form")
    expect(form).to_be_visible()
    run = answer(page).get_attribute("data-run")
    page.route(
        f"**/api/runs/{run}/approvals/**",
        lambda route: route.fulfill(
            status=409, json={"error": "This was answered already.", "error_code": "conflict"}
        ),
    )
    form.get_by_role("button", name="Allow").click()
    expect(form.get_by_role("alert")).to_have_text("This was answered already.")
    expect(form.get_by_role("button", name="Allow")).to_be_enabled()
    page.unroute(f"**/api/runs/{run}/approvals/**")
    form.get_by_role("button", name="Refuse").click()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    complaints.clear()  # the browser notes the 409


def test_a_call_is_allowed_without_javascript(open_browser, server):
    page = open_browser(java_script_enabled=False).new_page()
    new_channel(page)
    server.fake.enqueue(calls("send_mail", MAIL), says("Sent."))
    page.get_by_label("Message", exact=True).fill("Write to Bo.")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Allow").click()
    # The page looks again by itself.
    expect(answer(page).locator(".text")).to_have_text("Sent.")
    expect(card(page)).to_have_attribute("data-state", "done")
    card(page).locator("summary").click()
    expect(card(page).locator(".tool-result")).to_have_text("Sent to Bo.")


@pytest.mark.parametrize("width", [320, 390])
def test_long_arguments_do_not_make_the_page_wider(open_browser, server, width):
    page = open_browser(viewport={"width": width, "height": 700}).new_page()
    new_channel(page)
    server.fake.enqueue(calls("send_mail", WIDE), says("No."))
    say(page, "Write a lot.")
    expect(card(page).locator("form")).to_be_visible()
    card(page).locator("summary").click()
    scroll = "element => element.scrollWidth - element.clientWidth"
    for part in ("html", "#history"):
        assert page.locator(part).evaluate(scroll) == 0
    page.get_by_role("button", name="Refuse").click()
    expect(answer(page).locator(".text")).to_have_text("No.")


@pytest.mark.parametrize("ms", [None, 0, 999, 1_000, 1_249, 59_900, 60_000, 125_400])
def test_the_script_tells_durations_as_the_server_does(page, module, ms):
    told = "async ([words, ms, units]) => (await import(words)).duration(ms, units)"
    units = {"ms": "{num} ms", "s": "{num} s", "min": "{minutes} min {seconds} s"}
    assert page.evaluate(told, [module("words.js"), ms, units]) == words.duration(ms)


def test_events_that_come_again_show_no_call_twice(draw):
    again = {"type": "start", "reset": True}
    shown = draw([TEXT, CALL], [RESULT], [again], [TEXT, CALL, RESULT], [CALL, RESULT])
    expect(shown.locator(".tool")).to_have_count(1)
    expect(shown.locator(".text")).to_have_count(1)
    expect(shown.locator(".tool-time")).to_have_text("1.2 s")


def test_an_open_card_stays_the_one_it_was_while_more_is_drawn(page, server, gate):
    server.fake.enqueue([Chunk("Let me see."), *calls("steps", "{}")], says("All three."))
    say(page, "Take your time.")
    card(page).locator("summary").click()
    page.evaluate("window.kept = document.querySelector('.answer .tool')")
    gate(2)
    expect(card(page).locator(".tool-message")).to_contain_text("step 3")
    assert page.evaluate("window.kept.isConnected && window.kept.firstElementChild.open")


def test_hostile_events_are_text(page, draw):
    named = {"tool": HOSTILE, "server": HOSTILE, "args": {HOSTILE: HOSTILE}, "call_id": HOSTILE}
    content = [
        {"type": "resource_link", "uri": "javascript:alert(1)", "name": HOSTILE},
        {"type": "resource_link", "uri": f"https://x/{HOSTILE}", "name": HOSTILE},
        {"type": "image", "mime_type": "image/svg+xml", "data": "AA=="},
        {"type": "image", "mime_type": "image/png", "data": HOSTILE},
        {"type": HOSTILE, "mime_type": HOSTILE},
    ]
    progress = {"type": "tool_progress", "call_id": HOSTILE, "progress": 1, "total": HOSTILE}
    shown = draw(
        [TEXT | {"content": HOSTILE}, CALL | named, progress | {"message": HOSTILE}],
        [{"type": "notice", "message": HOSTILE, "error_code": "tool_unavailable"}],
        [RESULT | named | {"result": HOSTILE, "content": content}],
    )
    expect(shown.locator("script, img, audio")).to_have_count(0)
    expect(shown.locator("a")).to_have_count(1)
    assert shown.locator("a").get_attribute("rel") == "noopener nofollow noreferrer"
    expect(shown.locator(".notices")).to_have_text(HOSTILE)
    expect(shown.locator(".tool-name")).to_have_text(HOSTILE)
    expect(page).to_have_title("Kelp · Holdfast")


def test_pictures_and_sounds_are_shown_where_the_policy_lets_them(page, draw):
    content = [
        {"type": "image", "mime_type": "image/gif", "data": "R0lGODlhAQABAAAAACw="},
        {"type": "audio", "mime_type": "audio/wav", "data": "UklGRg=="},
    ]
    shown = draw([CALL, RESULT | {"content": content}])
    shown.locator("summary").click()
    expect(shown.get_by_role("img")).to_have_attribute("alt", "Image from clock")
    expect(shown.locator("audio[controls]")).to_have_attribute("aria-label", "Sound from clock")
