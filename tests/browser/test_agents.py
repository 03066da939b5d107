"""The box in which an agent is tried, in a browser: its answer as it is written."""

import threading

import pytest
from playwright.sync_api import expect

from tests.fakes import Chunk, Done, FinishChunk, Hold, Status, calls, says

AGENT = "/settings/agents/1"


@pytest.fixture
def box(page):
    page.goto(AGENT)
    return page.locator(".try")


def ask(box, question="What is up?"):
    box.get_by_label("A question").fill(question)
    box.get_by_role("button", name="Ask").click()


def test_an_answer_streams_in_and_is_markdown_at_its_end(page, server, box):
    gate = threading.Event()
    server.fake.enqueue([Chunk("All "), Hold(gate), Chunk("**well**."), FinishChunk(), Done()])
    ask(box)
    expect(box.locator(".tried-text")).to_have_text("All ")
    expect(box.get_by_role("button", name="Stop")).to_be_visible()
    gate.set()
    expect(box.locator(".prose strong")).to_have_text("well")
    expect(box.locator(".tried-text")).to_have_count(0)
    expect(box.get_by_role("button", name="Stop")).to_be_hidden()
    assert page.url.endswith(AGENT)


def test_a_tool_is_shown_at_work_and_done(page, server, box):
    server.gate.write_text("\n\n\n")
    server.fake.enqueue(calls("steps", "{}"), says("All three."))
    ask(box, "Take your time.")
    card = box.locator(".tried-tool")
    expect(card).to_have_attribute("data-state", "done")
    expect(card.locator(".tried-name")).to_have_text("steps")
    expect(box.locator(".prose")).to_have_text("All three.")
    card.locator("summary").press("Enter")
    expect(card.locator("pre")).to_have_text("done")


def test_a_refusal_and_a_question_after_it(page, server, box):
    server.fake.enqueue([Status(401)], says("Better."))
    ask(box)
    expect(box.get_by_role("alert")).to_contain_text("The model provider refused our key.")
    ask(box, "And now?")
    expect(box.locator(".prose")).to_have_text("Better.")
    expect(box.get_by_role("alert")).to_have_count(0)


def test_a_refusal_is_in_the_language_of_the_page(open_browser, server):
    page = open_browser(locale="zh-TW").new_page()
    page.goto(AGENT)
    server.fake.enqueue([Status(401)])
    page.locator("#question").fill("在嗎？")
    page.locator("#try button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("模型供應商拒絕了我們的金鑰。")


def test_stopping_leaves_what_was_said_and_nothing_in_the_sidebar(page, server, box):
    gate = threading.Event()
    server.fake.enqueue([Chunk("So much"), Hold(gate), Chunk(" more.")])
    before = page.locator(".channel-links li").count()
    ask(box, "Talk.")
    expect(box.locator(".tried-text")).to_have_text("So much")
    box.get_by_role("button", name="Stop").click()
    expect(box.locator(".tried")).to_have_attribute("aria-busy", "false")
    expect(box.get_by_label("A question")).to_be_focused()
    server.fake.wait_until(lambda: server.fake.open_streams == 0)
    gate.set()
    page.reload()
    expect(page.locator(".channel-links li")).to_have_count(before)


def test_without_javascript_the_page_comes_back_with_the_answer(open_browser, server):
    page = open_browser(java_script_enabled=False).new_page()
    page.goto(AGENT)
    server.fake.enqueue(says("All **well**."))
    ask(page.locator(".try"), "Still there?")
    expect(page.locator(".tried strong")).to_have_text("well")
    expect(page.get_by_label("A question")).to_have_value("Still there?")


def test_a_tool_is_switched_by_keyboard(page):
    page.goto(AGENT)
    page.locator(".offer-tools summary").first.press("Enter")
    switch = page.get_by_role("switch", name="picture")
    expect(switch).to_be_checked()
    switch.press("Space")
    page.get_by_label("When fail runs").select_option(label="asks first")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.locator(".offer-tools summary").first.press("Enter")
    expect(switch).not_to_be_checked()
    expect(page.get_by_label("When fail runs")).to_have_value("ask")
    switch.press("Space")
    page.get_by_label("When fail runs").select_option(index=0)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


def test_an_agent_is_made_changed_and_deleted_without_javascript(open_browser):
    page = open_browser(java_script_enabled=False).new_page()
    page.goto("/settings/agents")
    page.get_by_role("link", name="New agent").click()
    page.get_by_label("Name", exact=True).fill("Pilot")
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_role("heading", name="Pilot")).to_be_visible()
    page.get_by_label("Instructions").fill("Steer.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Instructions")).to_have_value("Steer.")
    page.get_by_text("Delete this agent").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("link", name="Pilot")).to_have_count(0)
