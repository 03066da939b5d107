"""Signing in with an OpenID issuer, in a real browser against a real server."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chat_app.settings import Settings
from tests.browser.pages import EMAIL, PASSWORD
from tests.openid.fake_issuer import CLIENT_ID, SECRET, FakeIssuer
from tests.servers import migrate, serve


@pytest.fixture
def club() -> Iterator[FakeIssuer]:
    with FakeIssuer() as issuer:
        issuer.person = {"sub": "1", "email": "cleo@example.com", "email_verified": True}
        yield issuer


@pytest.fixture
def page(chromium: Browser, club: FakeIssuer, tmp_path: Path) -> Iterator[Page]:
    """A browser that nobody has signed in with, in front of a server that knows the issuer."""
    keys = ("a secret for the browser tests",)
    settings = Settings(
        secret_keys=keys,
        database_url=f"sqlite:///{tmp_path}/holdfast.db",
        admin_email=EMAIL,
        admin_password=PASSWORD,
    )
    migrate(settings)
    oidc = {"OIDC_ISSUER": club.url, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": SECRET}
    with (
        serve(settings, tmp_path / "log", **oidc, OIDC_NAME="Club") as server,
        chromium.new_context(base_url=server.url) as context,
    ):
        yield context.new_page()


def test_one_signs_in_with_one_click_and_connects_another_account_by_its_password(page, club):
    page.goto("/settings/account")
    page.get_by_role("link", name="Sign in with Club").click()
    page.wait_for_url("**/settings/account")
    expect(page.get_by_text("You sign in with Club, as cleo@example.com.")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/login")
    club.denies = True
    page.get_by_role("link", name="Sign in with Club").click()
    expect(page.get_by_role("alert")).to_have_text("You were not signed in at Club.")
    club.denies = False
    page.get_by_role("link", name="Sign in with Club").click()
    page.wait_for_url(re.compile(r"/(channels|start).*"))
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(channels|start).*"))
    club.person = {"sub": "2", "email": "dora@elsewhere.example"}
    page.goto("/settings/account")
    form = page.locator("form[action$=connect]")
    form.get_by_label("Current password").fill(PASSWORD)
    form.get_by_role("button", name="Connect Club").click()
    page.wait_for_url("**/settings/account?saved=connected")
    expect(page.get_by_text("You sign in with Club, as dora@elsewhere.example.")).to_be_visible()
