"""Many windows of one browser, which has six connections for a server that speaks HTTP/1.1."""

import threading

from playwright.sync_api import expect

from tests.browser.conftest import say
from tests.fakes import Chunk, Done, FinishChunk, Hold

WINDOWS = 4


def test_with_many_windows_open_all_see_an_answer_and_one_can_stop_it(page, server):
    never = threading.Event()
    windows = [page, *(page.context.new_page() for _ in range(WINDOWS - 1))]
    for window in windows[1:]:
        window.goto(page.url)
    server.fake.enqueue([Chunk("Seen "), Chunk("by all."), Hold(never), FinishChunk(), Done()])
    say(page, "Who sees this?")
    for window in windows:
        expect(window.locator(".answer .body")).to_contain_text("Seen by all.")
    windows[1].get_by_role("button", name="Stop").click()
    for window in windows:
        expect(window.locator(".answer[data-status=cancelled]")).to_have_count(1)
        expect(window.locator("#connection")).to_be_empty()
    never.set()
