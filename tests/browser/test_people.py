"""Inviting somebody, the theme, and the pages about people in a narrow window."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

PAGES = ["people", "tokens", "usage", "audit", "account"]
LIGHT, DARK = "rgb(252, 251, 249)", "rgb(20, 25, 24)"


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_somebody_is_invited_and_joins_without_javascript(
    open_browser: Callable[..., BrowserContext],
):
    ada = open_browser(java_script_enabled=False).new_page()
    ada.goto("/channels")
    ada.get_by_role("link", name="Settings").click()
    ada.get_by_role("link", name="People").click()
    ada.get_by_role("button", name="Make a link").click()
    link = ada.locator(".once code").inner_text()
    cleo = open_browser(java_script_enabled=False, storage_state=None).new_page()
    cleo.goto(link)
    expect(cleo.get_by_role("heading", name="Ada invites you to Home")).to_be_visible()
    cleo.get_by_label("Name").fill("Cleo")
    cleo.get_by_label("Email").fill("cleo@example.com")
    cleo.get_by_label("Password").fill("correct-horse")
    cleo.get_by_role("button", name="Make the account and join").click()
    cleo.wait_for_url("**/channels")
    ada.goto("/settings/people")
    expect(ada.get_by_text("cleo@example.com")).to_be_visible()
    ada.get_by_label("Role of Cleo").select_option("Viewer")
    ada.get_by_role("button", name="Save · Cleo").click()
    expect(ada.get_by_label("Role of Cleo")).to_have_value("viewer")
    cleo.goto(link)
    expect(cleo.get_by_role("heading")).to_have_text("This invitation was used already.")


@pytest.mark.parametrize(
    ("system", "choice", "shown"),
    [("light", "dark", DARK), ("dark", "light", LIGHT), ("dark", "system", DARK)],
)
def test_a_theme_goes_before_the_systems(
    open_browser: Callable[..., BrowserContext], system: str, choice: str, shown: str
):
    page = open_browser(color_scheme=system).new_page()
    page.goto("/settings/account")
    page.get_by_label("Theme").select_option(choice)
    page.get_by_role("button", name="Save the looks").click()
    page.wait_for_url("**/account?saved=looks")
    assert background(page) == shown


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits(open_browser: Callable[..., BrowserContext], name: str, width: int):
    page = open_browser(viewport={"width": width, "height": 800}).new_page()
    page.goto(f"/settings/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
