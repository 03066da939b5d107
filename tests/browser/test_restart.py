"""The server dies in the middle of an answer and comes back; the page that watches has it whole."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chat_app.settings import Settings
from tests.browser.conftest import EMAIL, PASSWORD, PATIENCE_MS, new_channel, say
from tests.fakes import Chunk, FakeProvider, Hold, says
from tests.servers import free_port, migrate, serve


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def settings(tmp_path: Path, fake: FakeProvider) -> Settings:
    settings = Settings(
        secret_keys=("a-secret-for-the-restart",),
        database_url=f"sqlite:///{tmp_path}/holdfast.db",
        admin_email=EMAIL,
        admin_password=PASSWORD,
        openai_api_key="sk-test",
        openai_base_url=fake.base_url,
        openai_model="fake",
    )
    migrate(settings)
    return settings


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def page(chromium: Browser, port: int) -> Iterator[Page]:
    with chromium.new_context(base_url=f"http://127.0.0.1:{port}") as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


def test_a_killed_server_costs_the_watching_page_nothing(
    page: Page, port: int, settings: Settings, fake: FakeProvider, tmp_path: Path
):
    never = threading.Event()
    answer = page.locator("#messages .answer")
    with serve(settings, tmp_path / "before.log", port):
        page.goto("/login")
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/channels/1")
        new_channel(page)
        page.evaluate("window.isTheSamePage = true")
        fake.enqueue([Chunk("First **one**, "), Hold(never)])
        say(page, "Count, and do not stop.")
        expect(answer.locator(".body")).to_contain_text("First")
    expect(answer.get_by_text("The connection is gone. Trying again…")).to_be_visible()
    fake.enqueue(says("First **one**, ", "then **two**."))
    with serve(settings, tmp_path / "after.log", port):
        expect(answer).to_have_attribute("data-status", "complete")
        expect(answer.locator(".body")).to_have_text("First one, then two.")
        expect(answer.get_by_text("The connection is gone.")).to_be_hidden()
        expect(page.locator("#messages .message")).to_have_count(2)
        assert page.evaluate("window.isTheSamePage")
        shown = answer.locator(".body").inner_html()
        page.reload()
        assert answer.locator(".body").inner_html() == shown
    never.set()
