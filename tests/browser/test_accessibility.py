"""WCAG 2.2 AA on every page, as far as axe-core can tell: in light and dark, wide and narrow.

https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page

from chat_app import create_app
from chat_app.settings import Settings
from tests.browser.conftest import PATIENCE_MS
from tests.browser.pages import EMPTY, INSIDE, NO_SCREENS, OUTSIDE, Exhibit, exhibited

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING = {"runOnly": WCAG, "rules": {"target-size": {"enabled": True}}}
# What a colour scheme changes.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 320, "height": 700}
LOOKS = [
    ("light", DESKTOP, EVERYTHING),
    ("dark", DESKTOP, COLOURS),
    ("light", PHONE, EVERYTHING),
]
# In the shell only parts of the page scroll.
SCROLLS = """() => document.querySelector(".shell") !== null
  && document.documentElement.scrollHeight > innerHeight"""
FOUND = """async (options) => {
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ impact, id, nodes }) =>
    nodes.map((node) => `${impact}: ${id}: ${node.target}: ${node.failureSummary.split("\\n")[1]}`)
  );
}"""


@pytest.fixture(scope="module")
def exhibit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exhibit]:
    with exhibited(tmp_path_factory.mktemp("exhibit")) as exhibit:
        yield exhibit


@pytest.fixture(scope="module")
def visitor(chromium: Browser, exhibit: Exhibit) -> Iterator[BrowserContext]:
    with chromium.new_context(base_url=exhibit.url, reduced_motion="reduce") as context:
        context.add_init_script(AXE_SCRIPT)
        context.set_default_timeout(PATIENCE_MS)
        yield context


@pytest.fixture(scope="module")
def page(visitor: BrowserContext) -> Page:
    return visitor.new_page()


def test_every_page_is_listed(tmp_path):
    app = create_app(
        Settings(secret_keys=("a-secret-for-tests",), database_url=f"sqlite:///{tmp_path}/none.db")
    )
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and "GET" in (rule.methods or ())
    }
    addresses = app.url_map.bind("localhost")
    screens = (*OUTSIDE, *INSIDE, *EMPTY)
    listed = {addresses.match(screen.address.partition("?")[0])[0] for screen in screens}
    assert pages == listed | NO_SCREENS


@pytest.mark.timeout(900)  # some 50 pages, looked at three times each
def test_no_page_bars_anybody(page: Page, exhibit: Exhibit):
    found = [
        f"{screen.name} {line}" for screen, page in exhibit.walk(page) for line in _faults(page)
    ]
    assert not found, "\n".join(["", *found])


def _faults(page: Page) -> Iterator[str]:
    """What is wrong with the page, in all its looks."""
    for scheme, size, rules in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        where = f"({scheme}, {size['width']} px): "
        yield from (where + line for line in page.evaluate(FOUND, rules))
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            yield f"{where}it is wider than the screen"
        if page.evaluate(SCROLLS):
            yield f"{where}it scrolls as a whole, past what is in it"
