"""A remote run in a real browser: its log as it comes, and what one does meanwhile."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.ai_server import Agent, ai_server
from tests.browser.conftest import Server, say

LINES = [
    "INFO Ready",
    "DEBUG x = 1",
    "WARNING It is hot",
    "ERROR Kelp\n  in the propeller",
    "plain",
]
DRAWN = """() => [...document.querySelectorAll("#lines .line")].map((line) =>
  [line.querySelector(".line-text").textContent, line.dataset.level ?? ""])"""

IN_THE_MIDDLE = """(log) => {
  const { x, y, width, height } = log.getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2).closest(".line").textContent;
}"""


@pytest.fixture(scope="module")
def served() -> Iterator[Agent]:
    with ai_server() as agent:
        yield agent


@pytest.fixture(scope="module")
def project(chromium: Browser, server: Server, signed_in: dict, served: Agent) -> str:
    """The path of a project whose AI server is ready."""
    with chromium.new_context(base_url=server.url, storage_state=signed_in) as context:
        page = context.new_page()
        page.goto("/settings/projects/new")
        page.get_by_label("Name").fill("Lighthouse")
        page.get_by_label("Its address").fill(served.url)
        page.get_by_label("Usual work").fill("keep the light")
        page.get_by_role("button", name="Make the project").click()
        page.get_by_role("button", name="Set it up").click()
        # The page sees by itself that it is.
        expect(page.get_by_role("heading", name="Start a run")).to_be_visible()
        return urlsplit(page.url).path


@pytest.fixture
def agent(served: Agent) -> Iterator[Agent]:
    """What it does is up to the test; at the end it is done."""
    served.before, served.after = [], []
    served.go.clear()
    yield served
    served.go.set()


def start(page: Page, project: str) -> None:
    page.goto(project)
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/*")


def lines(page: Page):
    return page.locator("#lines .line")


def test_a_log_is_followed_as_it_comes_over_a_reload_to_its_result(
    page: Page, project: str, agent: Agent
):
    agent.before, agent.after = LINES, ["ERROR The last one"]
    start(page, project)
    expect(lines(page)).to_have_count(5)
    expect(page.locator("#run-progress")).to_contain_text("25 % keel.py")
    expect(page.locator("#log-count")).to_have_text("Lines: 5")
    page.get_by_role("button", name="Stop").focus()
    live = page.evaluate(DRAWN)
    assert [level for _, level in live] == ["info", "debug", "warning", "error", ""]
    page.reload()
    expect(page.locator("#run-progress")).to_contain_text("25 % keel.py")
    assert page.evaluate(DRAWN) == live  # the server makes the same of them
    page.get_by_label("Level").select_option("warning")
    expect(page.locator("#log-count")).to_have_text("Lines: 2 of 5")
    page.get_by_role("button", name="Stop").focus()
    agent.go.set()
    expect(page.locator("#run-result strong")).to_have_text("Did")
    expect(page.locator("#run-state")).to_contain_text("Done")
    expect(page.locator("#announcer")).to_have_text("The run has ended: Done")
    expect(page.locator("#run-title")).to_be_focused()  # the button is gone
    expect(page.locator("#log-count")).to_have_text("Lines: 3 of 6")
    page.get_by_label("Level").select_option("")
    page.get_by_label("Search in the log").fill("KELP")
    expect(lines(page).filter(visible=True)).to_contain_text("ERROR Kelp\n  in the propeller")
    page.goto(project)
    expect(page.locator("#project-runs")).to_contain_text("keep the light")


def test_it_is_stopped_and_run_again(page: Page, project: str, agent: Agent):
    agent.before = LINES
    start(page, project)
    expect(lines(page)).to_have_count(5)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#run-state")).to_contain_text("Stopped")
    agent.go.set()
    first = page.url
    page.get_by_role("button", name="Run it again as it was").click()
    page.wait_for_url(lambda url: "/runs/" in url and url != first)
    expect(page.locator("#run-state")).to_contain_text("Done")
    expect(lines(page)).to_have_count(5)


def test_a_long_log_comes_whole_and_stays_where_one_reads(page: Page, project: str, agent: Agent):
    agent.before = [f"INFO line {number}" for number in range(1_200)]
    agent.after = ["INFO one more", "INFO another"]
    start(page, project)
    expect(page.locator("#log-count")).to_have_text("Lines: 1200")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    # The server draws the newest lines, the rest is fetched.
    expect(lines(page)).to_have_count(1_200)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    log = page.locator("#log")
    assert log.evaluate("(log) => log.scrollTop") == 0  # at its end
    log.evaluate("(log) => { log.scrollTop = -600; }")
    settled = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
    page.evaluate(settled)
    seen = log.evaluate(IN_THE_MIDDLE)
    assert "INFO line 11" in seen
    agent.go.set()
    expect(page.locator("#to-newest")).to_contain_text("2 new")
    assert log.evaluate(IN_THE_MIDDLE) == seen
    page.locator("#to-newest button").click()
    expect(lines(page).last).to_contain_text("another")
    assert log.evaluate("(log) => log.scrollTop") == 0
    expect(page.locator("#to-newest")).to_be_hidden()


def test_the_channel_shows_the_newest_lines_and_then_the_result(
    page: Page, project: str, agent: Agent
):
    agent.before = [f"INFO line {number}" for number in range(9)]
    page.goto("/settings/agents/new")
    page.get_by_label("Name", exact=True).fill("Keeper")
    page.get_by_label("A project's AI server answers, by a run").check()
    expect(page.get_by_label("Instructions")).to_be_hidden()
    page.get_by_label("Its project").select_option(project.rpartition("/")[2])
    page.get_by_role("button", name="Make the agent").click()
    page.wait_for_url("**saved=1")
    page.goto("/channels")
    page.get_by_label("A new channel").fill("Far")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/channels/*")
    say(page, "@keeper keep watch")
    newest = page.locator(".task-now .line-text")
    expect(newest).to_have_text([f"INFO line {number}" for number in range(4, 9)])
    expect(page.get_by_text("At work")).to_be_visible()
    page.reload()
    expect(newest).to_have_count(5)
    agent.go.set()
    answer = page.locator(".answer[data-status=complete]")
    expect(answer.locator(".body")).to_contain_text("Did @keeper keep watch")
    expect(newest).to_have_count(0)
    answer.get_by_text("Log", exact=True).click()
    expect(answer.locator(".task-lines .line")).to_have_count(9)
    answer.get_by_role("link", name="The whole log").click()
    expect(lines(page)).to_have_count(9)


def test_without_a_script_the_page_loads_itself_again_until_the_end(
    page: Page, project: str, agent: Agent, open_browser: Callable[..., BrowserContext]
):
    agent.before = LINES
    start(page, project)
    expect(lines(page)).to_have_count(5)
    plain = open_browser(java_script_enabled=False).new_page()
    plain.goto(page.url)
    expect(lines(plain)).to_have_count(5)
    expect(plain.get_by_role("progressbar", name="Progress")).to_be_visible()
    agent.go.set()
    expect(plain.locator("#run-result")).to_contain_text("Did keep the light")
    plain.get_by_label("Search in the log").fill("kelp")
    plain.get_by_role("button", name="Find").click()
    expect(lines(plain)).to_have_count(1)
