"""Signing in to a tool server: a form of ours that leads to another site, and back."""

import re
from collections.abc import Callable, Iterator

import httpx2
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import EMAIL, PASSWORD, Server
from tests.tools.signing import Guarded, guarded


@pytest.fixture(scope="module")
def guard() -> Iterator[Guarded]:
    with guarded() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _servers(server: Server, guard: Guarded) -> None:
    """One that wants a sign-in, and one that is away."""
    http = httpx2.Client(base_url=server.url, verify=False, timeout=30)
    who = http.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()
    http.headers["Authorization"] = f"Bearer {who['access_token']}"
    for name, url in (
        ("Guarded", guard.url),
        ("Weather of the whole world and its neighbourhood", "http://127.0.0.1:1/mcp"),
    ):
        made = http.post("/api/tool-servers", json={"name": name, "url": url}).json()
        http.post(f"/api/tool-servers/{made['id']}/sync")


def test_a_person_signs_in_without_javascript(
    open_browser: Callable[..., BrowserContext],
):
    page = open_browser(java_script_enabled=False).new_page()
    page.goto("/channels")
    page.get_by_role("link", name="Tools").click()
    page.get_by_role("button", name=re.compile(r"Sign in ?: Guarded")).click()
    page.wait_for_url(re.compile(r".*/tools\?signed_in=\d+"))
    expect(page.get_by_role("status")).to_have_text("You are signed in to Guarded.")
    expect(page.get_by_text("You are signed in.", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Sign out ?: Guarded")).click()
    expect(page.get_by_role("button", name=re.compile(r"Sign in ?: Guarded"))).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits(open_browser: Callable[..., BrowserContext], width: int, scheme: str):
    page = open_browser(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.goto("/tools")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
