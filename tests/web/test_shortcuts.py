"""The list of keys that do something: it tells the truth, and the keys can be turned off."""

import re

import pytest

from chat_app.web.assets import FOLDER
from chat_app.web.shortcuts import SINGLE

PAGE = "/settings/shortcuts"
# `"?": showAll,` or `c: () => …`, one a line.
KEY = re.compile(r"^  (?:\"(.)\"|(\w)):", re.MULTILINE)


@pytest.fixture
def browser(ada):
    yield ada
    ada.client.delete_cookie("shortcuts")


def test_the_list_has_what_the_script_does_and_nothing_else():
    script = (FOLDER / "js" / "shortcuts.js").read_text(encoding="utf-8")
    table = script.partition("const KEYS = {")[2].partition("};")[0]
    assert ["".join(found) for found in KEY.findall(table)] == [one.keys[0] for one in SINGLE]


def test_everybody_finds_the_list_without_a_script(member, visitor):
    page = member.get(PAGE).text
    for shortcut in SINGLE:
        assert f"<kbd>{shortcut.keys[0]}</kbd>" in page
    assert f'href="{PAGE}"' in member.get("/settings/account").text
    assert visitor.get(PAGE).location.startswith("/login")


def test_keys_of_one_letter_can_be_turned_off_and_on(browser):
    assert "js/shortcuts.js" in browser.get("/channels").text
    browser.get("/settings/account")
    browser.submit("/settings/account/looks")
    for path in ("/channels", PAGE):
        assert "js/shortcuts.js" not in browser.get(path).text
    assert "are turned off in this browser" in browser.page
    browser.get("/settings/account")
    browser.submit("/settings/account/looks", shortcuts="on")
    assert "js/shortcuts.js" in browser.get("/channels").text
