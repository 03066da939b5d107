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
    bo = open_browser(java_script_enabled=False, storage_state=None).new_page()
    bo.goto(link)
    expect(bo.get_by_role("heading", name="Ada invites you to Home")).to_be_visible()
    bo.get_by_label("Name").fill("Bo")
    bo.get_by_label("Email").fill("bo@example.com")
    bo.get_by_label("Password").fill("correct-horse")
    bo.get_by_role("button", name="Make the account and join").click()
    bo.wait_for_url("**/channels")
    ada.goto("/settings/people")
    expect(ada.get_by_text("bo@example.com")).to_be_visible()
    ada.get_by_label("Role of Bo").select_option("Viewer")
    ada.get_by_role("button", name="Save · Bo").click()
    expect(ada.get_by_label("Role of Bo")).to_have_value("viewer")
    bo.goto(link)
    expect(bo.get_by_role("heading")).to_have_text("This invitation was used already.")


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
