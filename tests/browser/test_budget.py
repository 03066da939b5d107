"""What a channel costs its reader: few bytes, all of them ours, and most of them only once."""

import json
import re
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.conftest import ROOT, Server, new_channel
from tests.browser.exhibit_words import CHINESE, DEPARTURES, SCRIPT, TIDE
from tests.fakes import calls, says

TURNS = 25
BUDGET_BYTES = 60_000
FINGERPRINTED = re.compile(r"/assets/[0-9a-f]{12}/")


@pytest.fixture
def talked(open_browser: Callable[..., BrowserContext], server: Server) -> Page:
    """A page in a channel with 50 messages, no two alike."""
    page = open_browser().new_page()
    new_channel(page)
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    headers = {"Cookie": cookies, "X-CSRFToken": token, "Content-Type": "application/json"}
    prose = (" ".join(text.split()) for text in (ROOT / "LICENSE").read_text().split("\n\n"))
    answers = [SCRIPT, DEPARTURES, TIDE, CHINESE, *(text for text in prose if len(text) > 50)]
    for turn, text in enumerate(answers[:TURNS]):
        server.fake.enqueue(*([calls("picture", "{}")] if turn % 5 == 0 else []), says(text))
        body = json.dumps({"body": text.partition(".")[0], "reply": "wait"}).encode()
        address = f"{server.url}/api{urlsplit(page.url).path}/messages"
        urllib.request.urlopen(urllib.request.Request(address, body, headers)).close()
    return page


def test_fifty_messages_are_few_bytes_and_all_from_here(
    talked: Page, server: Server, open_browser: Callable[..., BrowserContext]
):
    page, loaded = open_browser().new_page(), []
    page.on("response", lambda response: loaded.append(response))
    page.goto(talked.url)
    expect(page.locator("#messages .message")).to_have_count(2 * TURNS)
    page.wait_for_load_state("load")
    page.wait_for_function("() => document.documentElement.classList.contains('has-script')")
    assert {urlsplit(one.url).netloc for one in loaded} == {urlsplit(server.url).netloc}
    costs = {
        urlsplit(one.url).path: one.request.sizes()["responseBodySize"]
        for one in loaded
        if _is_text(one)
    }
    assert sum(costs.values()) <= BUDGET_BYTES, json.dumps(costs, indent=1)
    static = [one for one in loaded if "/channels/" not in one.url and "/api/" not in one.url]
    assert len(static) > 10
    for one in static:
        assert FINGERPRINTED.match(urlsplit(one.url).path), one.url
        assert "immutable" in one.headers["cache-control"]
        assert "max-age=31536000" in one.headers["cache-control"]


def _is_text(response: Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0]
    return kind in ("text/html", "text/css", "text/javascript") and response.ok
