"""Takes a picture of every page: `make screenshots`, then look at screenshots/.

In light and dark, on a desktop and on a phone, from a server of its own that has something to show
everywhere. Each picture is the whole page, named by the screen, the scheme and the device.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.pages import Exhibit, exhibited

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DEVICES = {"desktop": (1280, 800), "phone": (390, 844)}
HIDDEN = "all => Math.max(0, ...all.map((one) => one.scrollHeight - one.clientHeight))"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> int:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        print("None of these is installed: " + ", ".join(BROWSERS), file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with (
        TemporaryDirectory(prefix="holdfast-exhibit-") as folder,
        exhibited(Path(folder)) as exhibit,
        sync_playwright() as playwright,
    ):
        _take_all(playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]), exhibit)
    print(f"{len(list(FOLDER.iterdir()))} pictures in {FOLDER.name}/")
    return 0


def _take_all(browser: Browser, exhibit: Exhibit) -> None:
    about: dict[str, Any] = {"base_url": exhibit.url, "locale": "en-GB", "timezone_id": "UTC"}
    devices = {
        browser.new_page(viewport={"width": width, "height": height}, **about): name
        for name, (width, height) in DEVICES.items()
    }
    for screen, page in exhibit.walk(*devices):
        _grow(page, *DEVICES[devices[page]])
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            picture = f"{screen.name}-{scheme}-{devices[page]}.png"
            page.screenshot(path=FOLDER / picture, full_page=True)


def _grow(page: Page, width: int, height: int) -> None:
    """Make the window as high as what scrolls in it, so that the picture has it all."""
    page.set_viewport_size({"width": width, "height": height})
    hidden = page.locator(".screen-body, .settings, .run-body").evaluate_all(HIDDEN)
    page.set_viewport_size({"width": width, "height": height + int(hidden)})


if __name__ == "__main__":
    sys.exit(main())
