"""A real server, and Chromium in front of it.

Playwright's synchronous API runs asyncio and gevent must not be patched in, so these tests have a
run of their own: `python -m pytest -o addopts="--strict-markers --timeout 180" tests/browser`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest
from gevent import monkey
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.fakes import FakeProvider
from tests.postgres import missing

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMAIL, PASSWORD = "ada@example.com", "correct-horse"
START_S = 60
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)

collect_ignore_glob = ["test_*.py"] if monkey.is_module_patched("socket") else []


@dataclass(frozen=True)
class Server:
    """A running Holdfast, the provider that it asks, and the file that its tool waits for."""

    url: str
    fake: FakeProvider
    gate: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("server")
    with FakeProvider() as fake, (home / "log").open("wb") as log:
        port = _free_port()
        env = os.environ | {
            "DATABASE_URL": f"sqlite:///{home}/holdfast.db",
            "SECRET_KEY": "a secret for the browser tests",
            "ADMIN_EMAIL": EMAIL,
            "ADMIN_PASSWORD": PASSWORD,
            "OPENAI_BASE_URL": fake.base_url,
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_MODEL": "fake",
            "PORT": str(port),
        }
        run = [sys.executable, "-m"]
        migrate = [*run, "flask", "--app", "wsgi", "db", "upgrade"]
        subprocess.run(migrate, cwd=ROOT, env=env, check=True, stdout=log, stderr=log)
        furnish = [*run, "tests.browser.furnish", str(home / "gate")]
        subprocess.run(furnish, cwd=ROOT, env=env, check=True, stdout=log, stderr=log)
        serve = [*run, "gunicorn", "wsgi:app"]
        process = subprocess.Popen(serve, cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(url)
            yield Server(url, fake, home / "gate")
        finally:
            process.terminate()
            process.wait(START_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(f"{url}/readyz").close()
            return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing("Chromium: none of " + ", ".join(BROWSERS) + " is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, server: Server) -> dict:
    """The cookies of somebody who signed in through the form."""
    with chromium.new_context(base_url=server.url) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/channels/1")
        return context.storage_state()


@pytest.fixture
def open_browser(
    chromium: Browser, server: Server, signed_in: dict
) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a window of its own; `options` are Playwright's."""
    contexts = []

    def _open(**options) -> BrowserContext:
        given = {"base_url": server.url, "storage_state": signed_in} | options
        contexts.append(chromium.new_context(**given))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        return contexts[-1]

    yield _open
    for context in contexts:
        context.close()
    server.fake.forget()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: script errors, blocked content, failed requests."""
    return []


@pytest.fixture
def page(open_browser: Callable[..., BrowserContext], complaints: list[str]) -> Iterator[Page]:
    """A signed-in desktop browser in a new channel; a complaint of the browser fails the test."""
    page = open_browser(viewport={"width": 1280, "height": 800}).new_page()

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    new_channel(page)
    yield page
    assert complaints == []


@pytest.fixture
def module(page: Page) -> Callable[[str], str]:
    """Gives the address of a script of ours by its name."""
    source = page.locator("script[src]").first.get_attribute("src") or ""
    return lambda name: source.replace("channel_page.js", name)


def new_channel(page: Page) -> None:
    """Make a channel with the form, and open it."""
    page.goto("/channels")
    page.get_by_label("A new channel").fill("Kelp")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/channels/*")


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")
