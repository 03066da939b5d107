"""The first run in a browser: from an empty installation to an answer, and to the demo."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import (
    EMAIL,
    PASSWORD,
    ROOT,
    START_S,
    _free_port,
    _wait_until_it_answers,
    say,
)
from tests.fakes import FakeProvider, says


@pytest.fixture
def fake():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def empty(tmp_path):
    """The address of an installation in which nobody can answer."""
    port = _free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    env |= {
        "DATABASE_URL": f"sqlite:///{tmp_path}/holdfast.db",
        "SECRET_KEY": "a secret for the browser tests",
        "ADMIN_EMAIL": EMAIL,
        "ADMIN_PASSWORD": PASSWORD,
        "PORT": str(port),
    }
    run = [sys.executable, "-m"]
    with (tmp_path / "log").open("wb") as log:
        about = {"cwd": ROOT, "env": env, "stdout": log, "stderr": log}
        subprocess.run([*run, "flask", "--app", "wsgi", "db", "upgrade"], check=True, **about)
        subprocess.run([*run, "tests.browser.empty"], check=True, **about)
        process = subprocess.Popen([*run, "gunicorn", "wsgi:app"], **about)
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(START_S)


@pytest.fixture
def admin(chromium, empty):
    """The admin, who has just signed in."""
    with chromium.new_context(base_url=empty) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/start")
        yield page


def test_an_empty_installation_leads_to_an_answer_in_three_steps(admin, fake):
    fake.enqueue(says("Yes."), says("Welcome **aboard**."))
    admin.get_by_label("Name").fill("Mine")
    admin.get_by_label("Address").fill(fake.base_url)
    admin.get_by_label("Model").fill("fake")
    admin.get_by_role("button", name="Ask it, and go on").click()
    expect(admin.locator(".step.done")).to_have_count(1)
    admin.get_by_role("button", name="Make the agent").click()
    expect(admin.locator(".step.done")).to_have_count(2)
    admin.get_by_role("button", name="Start talking").click()
    admin.wait_for_url("**/channels/*")
    say(admin, "Hello!")
    expect(admin.locator("#messages .answer strong").last).to_have_text("aboard")


def test_the_demo_is_one_press_away(admin):
    admin.get_by_role("button", name="Try the demo").click()
    admin.wait_for_url("**/channels/*")
    say(admin, "What can you do?")
    expect(admin.locator("#messages .answer").last).to_have_attribute("data-status", "complete")
    admin.get_by_role("link", name="Add a real model").first.click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("New provider")
