"""An answer as it comes: blocks of HTML put in place, what was thought, and code to copy."""

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import say
from tests.fakes import Chunk, Done, FinishChunk, Hold, ReasoningChunk

CODE = "```python\ndef hold(fast):\n    return fast\n```\n\n"


@pytest.fixture
def gates():
    """Each held back until the test lets it go."""
    events = [threading.Event() for _ in range(3)]
    yield events
    for event in events:
        event.set()


def answer(page):
    return page.locator("#messages .answer").last


def script(*steps):
    return [*steps, FinishChunk(), Done()]


def test_markdown_is_drawn_while_it_comes(page, server, gates):
    code, rest = CODE[:20], CODE[20:]
    server.fake.enqueue(
        script(
            Chunk("# Kelp\n\n**holds** fast\n\n" + code),
            Hold(gates[0]),
            Chunk(rest + "| a | b |\n|---|---|\n| 1 | $x^2$ |\n"),
            Hold(gates[1]),
        )
    )
    say(page, "Draw.")
    text = answer(page).locator(".text")
    expect(text.locator("h1")).to_have_text("Kelp")
    expect(text.locator("strong")).to_have_text("holds")
    expect(text.locator(".code .k").first).to_have_text("def")
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    gates[0].set()
    expect(text.locator("td math msup")).to_have_count(1)
    expect(text.locator(".code")).to_contain_text("return fast")
    gates[1].set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(text.locator("td math msup")).to_have_count(1)


def test_what_is_selected_stays_so_while_more_comes_and_in_the_end(page, server, gates):
    server.fake.enqueue(
        script(Chunk("First words.\n\nSecond"), Hold(gates[0]), Chunk(" words.\n\nThird."))
    )
    say(page, "Slowly.")
    first = answer(page).locator(".text > p").first
    expect(answer(page).locator(".text > p")).to_have_count(2)
    first.select_text()
    gates[0].set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(answer(page).locator(".text > p")).to_have_count(3)
    expect(answer(page).locator("[data-copy]")).to_be_visible()
    assert page.evaluate("getSelection().toString().trim()") == "First words."


def test_what_looks_like_html_is_text_while_it_streams(page, server, gates):
    hostile = "<img src=x onerror=\"document.title='broken'\"> $\\text{<script>}$\n\n<b>"
    server.fake.enqueue(script(Chunk(hostile), Hold(gates[0])))
    say(page, "Break.")
    expect(answer(page).locator(".text > p")).to_have_count(2)
    expect(answer(page).locator(".text mtext")).to_have_text("<script>")
    expect(answer(page).locator(".text :is(img, b, script)")).to_have_count(0)
    expect(page).to_have_title("Kelp · Holdfast")


def test_without_html_events_the_text_is_shown_as_it_is(page, server, gates):
    page.route(
        "**/stream?html=1", lambda route: route.continue_(url=route.request.url.split("?")[0])
    )
    server.fake.enqueue(script(Chunk("**a** <b>"), Hold(gates[0])))
    say(page, "Plainly.")
    expect(answer(page).locator(".text.raw")).to_have_text("**a** <b>")
    gates[0].set()
    expect(answer(page).locator("strong")).to_have_text("a")


def test_a_connection_that_is_cut_comes_back_to_the_same_blocks(page, server, gates, complaints):
    cut = []

    def once(route):
        cut.append(route.request.url)
        if len(cut) == 1:
            route.fulfill(status=502)
        else:
            route.continue_()

    page.route("**/stream?html=1**", once)
    server.fake.enqueue(script(Chunk("# A\n\nb"), Hold(gates[0]), Chunk("c")))
    say(page, "Again.")
    expect(answer(page).locator(".text > h1")).to_have_text("A")
    gates[0].set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(answer(page).locator(".text > p")).to_have_text("bc")
    assert len(cut) == 2
    assert len(complaints) == 1  # the 502
    complaints.clear()


def test_thoughts_are_folded_and_stay_on_the_page(page, server, gates):
    server.fake.enqueue(
        script(ReasoningChunk("Let me <b>see</b>."), Hold(gates[0]), Chunk("Yes."), Hold(gates[1]))
    )
    say(page, "Think.")
    thought = answer(page).locator(".thought")
    expect(thought.get_by_text("Thinking…")).to_be_visible()
    expect(thought.locator(".thought-text")).to_be_hidden()
    expect(answer(page).locator("[data-when=thinking]")).to_be_hidden()
    thought.locator("summary").click()
    expect(thought.locator(".thought-text")).to_have_text("Let me <b>see</b>.")
    gates[0].set()
    expect(thought.get_by_text("Thinking…")).to_be_hidden()
    gates[1].set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    expect(thought.locator(".thought-text")).to_be_visible()
    page.reload()
    expect(answer(page).locator(".text")).to_have_text("Yes.")
    expect(thought).to_have_count(0)


THINK = """async ([module, steps]) => {
  const { Thought } = await import(module);
  let now = 0;
  const thought = new Thought(() => now);
  for (const [at, what, ...told] of steps) {
    now = at;
    thought[what](...told);
  }
  return { text: thought.text, isOpen: thought.isOpen, seconds: thought.seconds };
}"""


@pytest.mark.parametrize(
    ("steps", "text", "is_open", "seconds"),
    [
        ([], "", False, 0),
        ([[0, "add", "a", 2], [2_000, "add", "b", 3]], "ab", True, 0),
        ([[0, "add", "a", 2], [4_100, "rest"], [9_000, "rest"]], "a", False, 4),
        ([[0, "add", "a", 2], [900, "rest"], [5e3, "add", "b", 5]], "a\n\nb", True, 1),
        ([[0, "add", "a", 2], [0, "add", "b", 3], [0, "withdraw", 3]], "a", True, 0),
    ],
)  # fmt: skip
def test_thoughts_are_counted_while_they_last(page, module, steps, text, is_open, seconds):
    told = page.evaluate(THINK, [module("thought.js"), steps])
    assert told == {"text": text, "isOpen": is_open, "seconds": seconds}


def test_code_is_copied_with_a_button(page, server, gates):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    server.fake.enqueue(script(Chunk(CODE), Hold(gates[0])))
    say(page, "Code.")
    button = answer(page).get_by_role("button", name="Copy code")
    button.focus()
    page.keyboard.press("Enter")
    expect(answer(page).locator(".code-copy-done")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == CODE[10:-5]
    gates[0].set()
    expect(answer(page)).to_have_attribute("data-status", "complete")
    page.reload()
    expect(answer(page).locator(".code .code-copy")).to_have_count(1)


def test_wide_tables_code_and_formulas_scroll_in_their_own_box(page, server):
    row = "| " + " | ".join(["widewidewidewide"] * 12) + " |\n"
    wide = f"{row}{'|---' * 12}|\n{row}\n$$\n{'+'.join(['x'] * 90)}\n$$\n\n```\n{'x' * 300}\n```\n"
    server.fake.enqueue(script(Chunk(wide)))
    page.set_viewport_size({"width": 390, "height": 800})
    say(page, "Widely.")
    expect(answer(page)).to_have_attribute("data-status", "complete")
    for box in (".table", ".math", ".code pre"):
        element = answer(page).locator(box)
        assert element.evaluate("box => box.scrollWidth > box.clientWidth")
    assert page.evaluate("document.querySelector('#history').scrollWidth") <= 390
